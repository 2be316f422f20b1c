//! Which names look alike.

use unicode_normalization::UnicodeNormalization as _;

/// The same for names that look alike: compatible forms of characters, letter case, blanks around the name
/// and characters without width make no difference.
///
/// Letters are compared as their capitals in small letters, which folds all that differ in case only (`ß` and
/// `SS`, the two small sigmas).
pub(crate) fn likeness(name: &str) -> String {
    let visible = name.nfkc().filter(|c| !has_no_width(*c));
    let folded: String = visible.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
    folded.trim().to_owned()
}

/// Spaces, joiners and marks of direction that nobody sees.
fn has_no_width(c: char) -> bool {
    let ranges = [
        '\u{ad}'..='\u{ad}',
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
    ];
    ranges.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn names_look_alike_whatever_their_case_form_and_blanks() {
        for (one, other) in [
            ("Ada@Example.org", "ada@example.org"),
            (" ada", "ada\u{a0}"),
            ("stra\u{df}e", "STRASSE"),
            (
                "\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}",
                "\u{3a3}\u{38a}\u{3a3}\u{3a5}\u{3a6}\u{39f}\u{3a3}",
            ),
            ("jose\u{301}", "jos\u{e9}"),
            ("\u{ff41}da", "ada"),
            ("\u{fb01}n", "fin"),
            ("a\u{200b}da", "ada"),
        ] {
            assert_eq!(likeness(one), likeness(other), "{one} {other}");
        }
        for (one, other) in [("ada", "adam"), ("a da", "ada"), ("jose", "jos\u{e9}")] {
            assert_ne!(likeness(one), likeness(other), "{one} {other}");
        }
    }
}
