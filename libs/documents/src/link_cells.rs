//! From the cell of a link to the targets that it names, and back.

use serde_json::Value;

use crate::{cells::is_null, json};

/// The targets that a trimmed cell of a link names; blank ones do not count.
pub(crate) fn targets(cell: &str, separator: char) -> Vec<String> {
    if let Some(written) = written_targets(cell) {
        return written;
    }
    let targets = cell.split(separator).map(str::trim).filter(|target| !is_null(target));
    targets.map(str::to_owned).collect()
}

/// Targets as a JSON list of texts.
fn written_targets(cell: &str) -> Option<Vec<String>> {
    if !cell.starts_with('[') {
        return None;
    }
    let Ok(Value::Array(items)) = json::value(cell) else { return None };
    items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Adds the cell of a link: its targets with `separator` between them; as a JSON list if they would not be
/// read back so.
pub fn write_link_cell(names: &[&str], separator: char, cell: &mut String) {
    match names {
        [] => {}
        [name] if is_plain(name, separator) => cell.push_str(name),
        _ => cell.push_str(&several(names, separator)),
    }
}

/// Whether the name alone is the cell.
fn is_plain(name: &str, separator: char) -> bool {
    !is_null(name) && !name.starts_with('[') && !name.contains(separator) && name.trim() == name
}

fn several(names: &[&str], separator: char) -> String {
    let plain = names.join(separator.encode_utf8(&mut [0; 4]));
    if targets(plain.trim(), separator) == *names { plain } else { Value::from(names).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts with everything that means something in cells.
    const TEXT: &str = "(a|b, c|,|#| |\t|\n|\"|null|json:|\\[|\\]|\\{|5|5\\.0|007|true|'|1e3|é){0,5}";

    #[test]
    fn blank_targets_do_not_count() {
        assert_eq!(targets("c1,", ','), ["c1"]);
        assert_eq!(targets("c1, null,,c2", ','), ["c1", "c2"]);
        assert_eq!(targets(r#"["a,b", "c"]"#, ','), ["a,b", "c"]);
        assert_eq!(targets("[a]", ','), ["[a]"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn targets_are_read_back(
            names in proptest::collection::vec(TEXT, 0..4),
            separator in prop_oneof![Just(','), Just('#')],
        ) {
            let mut cell = String::new();
            write_link_cell(&names.iter().map(String::as_str).collect::<Vec<_>>(), separator, &mut cell);
            prop_assert_eq!(targets(cell.trim(), separator), names);
        }
    }
}
