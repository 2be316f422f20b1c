//! Writes GraphQL for people: indented, one field a line.

use crate::graphql_names::is_graphql_name;

/// A field with its arguments and its selected fields.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) head: String,
    pub(super) fields: Vec<Selection>,
}

pub(super) fn leaf(head: impl Into<String>) -> Selection {
    Selection { head: head.into(), fields: Vec::new() }
}

pub(super) fn leaves<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Vec<Selection> {
    names.into_iter().map(leaf).collect()
}

pub(super) fn tree(head: impl Into<String>, fields: Vec<Selection>) -> Selection {
    Selection { head: head.into(), fields }
}

/// A query below its comment. Editors show its name.
pub(super) fn query(name: &str, comment: &str, fields: &[Selection]) -> String {
    let mut text = format!("# {comment}\nquery {name} {{\n");
    fields.iter().for_each(|field| write(field, 1, &mut text));
    text.push_str("}\n");
    text
}

fn write(selection: &Selection, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    text.extend([indent.as_str(), &selection.head]);
    if selection.fields.is_empty() {
        text.push('\n');
        return;
    }
    text.push_str(" {\n");
    selection.fields.iter().for_each(|field| write(field, depth + 1, text));
    text.extend([indent.as_str(), "}\n"]);
}

/// The text as a GraphQL string, which is written like a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Distinct field names for values: the value itself where it can be one, else a number.
pub(super) fn aliases(values: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(values.len());
    for (value, position) in values.iter().zip(1..) {
        let name = value.to_ascii_lowercase().replace(' ', "_");
        let speaks = is_graphql_name(&name) && !name.starts_with('_') && !names.contains(&name);
        names.push(if speaks { name } else { format!("value_{position}") });
    }
    names
}

/// `an aliquot`, `a sample`.
pub(super) fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_names_that_differ() {
        let names = aliases(&["Not Reported", "1-2", "Yes", "yes", ""]);
        assert_eq!(names, ["not_reported", "value_2", "yes", "value_4", "value_5"]);
    }

    #[test]
    fn texts_of_users_stay_texts() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\n""#);
    }
}
