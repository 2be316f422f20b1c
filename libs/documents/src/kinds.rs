//! Which kinds of values a schema takes.

use serde_json::Value;

/// A kind of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Integer,
    Boolean,
    List,
    Object,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "string" => Some(Self::Text),
            // Dictionaries know `float`, which JSON schema does not.
            "number" | "float" => Some(Self::Number),
            "integer" => Some(Self::Integer),
            "boolean" => Some(Self::Boolean),
            "array" => Some(Self::List),
            "object" => Some(Self::Object),
            _ => None,
        }
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(number) if number.is_f64() => Some(Self::Number),
            Value::Number(_) => Some(Self::Integer),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) => Some(Self::List),
            Value::Object(_) => Some(Self::Object),
        }
    }
}

/// The kinds of values beside null that the schema takes, in the order in which it names them; nothing if it
/// does not say.
pub(crate) fn kinds(schema: &Value) -> Vec<Kind> {
    let declared = match schema.get("type") {
        Some(Value::String(name)) => Kind::named(name).into_iter().collect(),
        Some(Value::Array(names)) => distinct(names.iter().filter_map(Value::as_str).filter_map(Kind::named)),
        _ => Vec::new(),
    };
    if !declared.is_empty() {
        return declared;
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return distinct(values.iter().filter_map(Kind::of));
    }
    for alternatives in ["oneOf", "anyOf"] {
        let any = distinct(members(schema, alternatives).flat_map(kinds));
        if !any.is_empty() {
            return any;
        }
    }
    let mut all = members(schema, "allOf").map(kinds).filter(|kinds| !kinds.is_empty());
    let mut common = all.next().unwrap_or_default();
    for kinds in all {
        common.retain(|kind| kinds.contains(kind));
    }
    common
}

/// The schema of the items of lists that the schema takes.
pub(crate) fn items(schema: &Value) -> Option<&Value> {
    let own = schema.get("items").filter(|items| items.is_object());
    own.or_else(|| parts(schema).find_map(items))
}

/// The words to which texts are restricted, as far as any are.
pub(crate) fn words(schema: &Value) -> Vec<&str> {
    let own = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    own.filter_map(Value::as_str).chain(parts(schema).flat_map(words)).collect()
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|key| members(schema, key))
}

fn members<'s>(schema: &'s Value, key: &str) -> impl Iterator<Item = &'s Value> + use<'s> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn distinct(kinds: impl Iterator<Item = Kind>) -> Vec<Kind> {
    let mut seen = Vec::new();
    for kind in kinds {
        if !seen.contains(&kind) {
            seen.push(kind);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_found_behind_null_and_alternatives() {
        let cases = [
            (json!({"type": ["null", "integer"]}), vec![Kind::Integer]),
            (json!({"oneOf": [{"type": "null"}, {"type": "number"}]}), vec![Kind::Number]),
            (json!({"anyOf": [{"enum": ["unknown"]}, {"type": "integer"}]}), vec![Kind::Text, Kind::Integer]),
            (
                json!({"allOf": [{"description": "x"}, {"type": "number"}, {"minimum": 1}]}),
                vec![Kind::Number],
            ),
            (
                json!({"allOf": [{"type": ["string", "number"]}, {"type": ["number", "boolean"]}]}),
                vec![Kind::Number],
            ),
            (json!({"enum": [1, "a", null]}), vec![Kind::Integer, Kind::Text]),
            (json!({"type": "float"}), vec![Kind::Number]),
            (json!({"pattern": "x"}), vec![]),
        ];
        for (schema, expected) in cases {
            assert_eq!(kinds(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn items_and_their_words_are_found_behind_alternatives() {
        let schema =
            json!({"oneOf": [{"type": "null"}, {"type": "array", "items": {"enum": ["a, b", "c"]}}]});
        assert_eq!(items(&schema), Some(&json!({"enum": ["a, b", "c"]})));
        assert_eq!(words(&json!({"anyOf": [{"enum": ["a", 5]}, {"enum": ["b"]}]})), ["a", "b"]);
    }
}
