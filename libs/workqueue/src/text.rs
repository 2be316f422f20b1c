//! Texts of runs, within their bounds. Pure.

/// Longest line of a log, in bytes.
pub(crate) const LONGEST_LINE: usize = 4 << 10;
/// Longest reason of a failure, in bytes.
pub(crate) const LONGEST_ERROR: usize = 16 << 10;
const CUT: &str = " …";

/// `text` as PostgreSQL keeps it (without U+0000), cut to `most` bytes.
pub(crate) fn bounded(text: &str, most: usize) -> String {
    let mut text = text.replace('\0', "\u{fffd}");
    if text.len() > most {
        let mut end = most.saturating_sub(CUT.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

/// The lines of a text, each within its bounds.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| bounded(line, LONGEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_lines_are_lines() {
        assert_eq!(bounded("aéb", 5), "aéb");
        assert_eq!(bounded(&"é".repeat(10), 11), format!("{} …", "é".repeat(3)));
        assert_eq!(bounded("a\0b", 10), "a\u{fffd}b");
        assert_eq!(lines("a\r\nb\n").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(lines(&"x".repeat(LONGEST_LINE * 2)).next().map(|line| line.len()), Some(LONGEST_LINE));
    }
}
