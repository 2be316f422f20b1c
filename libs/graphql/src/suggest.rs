//! "Did you mean ...?"

use crate::dialect::Dialect;

const MOST: usize = 5;

/// The `options` that look like `input`, the most similar first.
pub(crate) fn similar<'o>(
    dialect: Dialect,
    input: &str,
    options: impl Iterator<Item = &'o str>,
) -> Vec<&'o str> {
    let mut found: Vec<(usize, &str)> = options
        .filter_map(|option| {
            let threshold = match dialect {
                Dialect::Core2 => (input.len().max(option.len()) as f64 / 2.0).max(1.0),
                Dialect::Js16 => (input.len() as f64 * 0.4).floor() + 1.0,
            };
            // At least as many edits are needed, so a name of a megabyte costs nothing.
            if input.len().abs_diff(option.len()) as f64 > threshold {
                return None;
            }
            let distance = match dialect {
                Dialect::Core2 => distance(input.as_bytes(), option.as_bytes()),
                Dialect::Js16 => distance_in_any_case(input, option),
            };
            (distance as f64 <= threshold).then_some((distance, option))
        })
        .collect();
    match dialect {
        Dialect::Core2 => found.sort_by_key(|(distance, _)| *distance),
        Dialect::Js16 => found.sort(),
    }
    found.into_iter().map(|(_, option)| option).collect()
}

/// Another case is one edit, however many letters have it.
fn distance_in_any_case(a: &str, b: &str) -> usize {
    if a == b {
        return 0;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a == b { 1 } else { distance(a.as_bytes(), b.as_bytes()) }
}

/// How many bytes have to be inserted, deleted or replaced to make `b` of `a`.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// `"a", "b" or "c"`, of at most five items.
pub(crate) fn listed(dialect: Dialect, items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().take(MOST).map(|item| format!("\"{item}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if rest.len() > 1 && dialect == Dialect::Js16 => {
            format!("{}, or {last}", rest.join(", "))
        }
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_what_was_meant() {
        let options = ["id", "submitter_id", "samples", "state"];
        for dialect in [Dialect::Core2, Dialect::Js16] {
            assert_eq!(similar(dialect, "submiter_id", options.into_iter()), ["submitter_id"]);
            assert!(similar(dialect, "zzzzzzzz", options.into_iter()).is_empty());
            // Counting the edits would take minutes.
            assert!(similar(dialect, &"a".repeat(1 << 24), options.into_iter()).is_empty());
        }
        assert_eq!(similar(Dialect::Js16, "Subject", ["subject"].into_iter()), ["subject"]);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        let core = |items: &[&str]| listed(Dialect::Core2, items);
        assert_eq!(core(&["a"]), "\"a\"");
        assert_eq!(core(&["a", "b"]), "\"a\" or \"b\"");
        assert_eq!(core(&["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
        assert_eq!(listed(Dialect::Js16, &["a", "b", "c"]), "\"a\", \"b\", or \"c\"");
    }
}
