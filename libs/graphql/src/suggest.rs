//! "Did you mean ...?"

const MOST: usize = 5;

/// The `options` that look like `input`, the most similar first.
pub(crate) fn similar<'o>(input: &str, options: impl Iterator<Item = &'o str>) -> Vec<&'o str> {
    let mut found: Vec<(usize, &str)> = options
        .filter_map(|option| {
            let threshold = (input.len().max(option.len()) as f64 / 2.0).max(1.0);
            // At least as many edits are needed, so a name of a megabyte costs nothing.
            if input.len().abs_diff(option.len()) as f64 > threshold {
                return None;
            }
            let distance = distance(input.as_bytes(), option.as_bytes());
            (distance as f64 <= threshold).then_some((distance, option))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().map(|(_, option)| option).collect()
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
pub(crate) fn quoted_or_list(items: &[&str]) -> String {
    let quoted: Vec<String> = items.iter().take(MOST).map(|item| format!("\"{item}\"")).collect();
    match quoted.split_last() {
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
        assert_eq!(similar("submiter_id", options.into_iter()), ["submitter_id"]);
        assert!(similar("zzzzzzzz", options.into_iter()).is_empty());
        // Counting the edits would take minutes.
        assert!(similar(&"a".repeat(1 << 24), options.into_iter()).is_empty());
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(quoted_or_list(&["a"]), "\"a\"");
        assert_eq!(quoted_or_list(&["a", "b"]), "\"a\" or \"b\"");
        assert_eq!(quoted_or_list(&["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
    }
}
