//! Compares two versions of a property: does the new schema accept everything that the old one accepted?

use std::collections::BTreeSet;

use python::repr;
use serde_json::{Map, Value};

use super::change::{ChangeKind, Changes, Impact, STRICTER, listed};
use crate::{Property, ScalarType, draft4::keywords_only};

/// Keywords that admit less when they grow, and those that admit less when they shrink.
const LOWER: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];
const UPPER: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
const FLAGS: [&str; 3] = ["uniqueItems", "exclusiveMinimum", "exclusiveMaximum"];
const TOLD: [&str; 4] = ["type", "enum", "pattern", "format"];

pub(super) fn compare(name: &str, old: &Property, new: &Property, changes: &mut Changes<'_>) {
    let (before, after) = (keywords_only(&old.schema), keywords_only(&new.schema));
    if before != after {
        Comparison { name, place: "", changes }.schemas(&before, &after);
    }
    if old.scalar != new.scalar {
        let message = format!(
            "in GraphQL and in TSV it is {} now, and was {}",
            kind_of_value(new.scalar),
            kind_of_value(old.scalar)
        );
        let remedy = "The first type of a list decides; keep it first";
        let impact = [Impact::Submissions, Impact::Queries];
        changes.add(Some(name), ChangeKind::TypeChanged, &impact, message, remedy);
    }
}

fn kind_of_value(scalar: ScalarType) -> &'static str {
    match scalar {
        ScalarType::String => "text",
        ScalarType::Number => "a number",
        ScalarType::Integer => "an integer",
        ScalarType::Boolean => "true or false",
        ScalarType::Array => "a list",
    }
}

struct Comparison<'c, 'n> {
    name: &'c str,
    /// The part of the property, as the beginning of messages; empty for the property itself.
    place: &'c str,
    changes: &'c mut Changes<'n>,
}

impl Comparison<'_, '_> {
    fn stricter(&mut self, kind: ChangeKind, message: String, remedy: &str) {
        let message = format!("{}{message}", self.place);
        self.changes.add(Some(self.name), kind, &STRICTER, message, remedy);
    }

    fn looser(&mut self, kind: ChangeKind, message: String) {
        let message = format!("{}{message}", self.place);
        self.changes.compatible(Some(self.name), kind, message);
    }

    fn schemas(&mut self, old: &Value, new: &Value) {
        let empty = Map::new();
        let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
        self.types(old, new);
        self.values(old, new);
        self.patterns(old, new);
        self.bounds(old, new);
        match (old.get("items"), new.get("items")) {
            (before, after) if before == after => {}
            (Some(before), Some(after)) if before.is_object() && after.is_object() => {
                Comparison { name: self.name, place: "in the list: ", changes: self.changes }
                    .schemas(before, after);
            }
            (Some(_), None) => {
                self.looser(ChangeKind::SchemaChanged, "the items may be anything now".to_owned())
            }
            _ => self.otherwise("items"),
        }
        self.rest(old, new);
    }

    /// Compares alternatives and all keywords that are not looked into: they are equal, have an alternative
    /// more, or are suspect.
    fn rest(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let compared = |key: &str| {
            key == "items"
                || TOLD.contains(&key)
                || LOWER.contains(&key)
                || UPPER.contains(&key)
                || FLAGS.contains(&key)
        };
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|key| !compared(key)).collect();
        for key in keys {
            match (old.get(key), new.get(key)) {
                (before, after) if before == after => {}
                (Some(_), None) => {
                    self.looser(ChangeKind::SchemaChanged, format!("the condition {key} is gone"));
                }
                (Some(Value::Array(before)), Some(Value::Array(after)))
                    if key == "anyOf" && before.iter().all(|schema| after.contains(schema)) =>
                {
                    self.looser(ChangeKind::SchemaChanged, format!("{key} has more alternatives"));
                }
                _ => self.otherwise(key),
            }
        }
    }

    fn otherwise(&mut self, key: &str) {
        let remedy = "Look at the stored values (--database-url counts what breaks)";
        self.stricter(ChangeKind::SchemaChanged, format!("the condition {key} is another one"), remedy);
    }

    fn types(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let (before, after) = (types(old), types(new));
        if before == after {
            return;
        }
        let words = |types: &Option<BTreeSet<String>>| match types {
            Some(types) => types.iter().cloned().collect::<Vec<_>>().join(" or "),
            None => "anything".to_owned(),
        };
        let lost = match (&before, &after) {
            (_, None) => Vec::new(),
            (Some(before), Some(after)) => {
                before.iter().filter(|kind| !accepts(after, kind)).cloned().collect()
            }
            (None, Some(after)) => match old.get("enum").and_then(Value::as_array) {
                Some(values) => {
                    values.iter().filter(|value| !accepts(after, kind_of(value))).map(repr).collect()
                }
                None => vec!["anything else".to_owned()],
            },
        };
        let message = match &before {
            None => format!("it must be {} now", words(&after)),
            Some(_) => format!("it is {} now, and was {}", words(&after), words(&before)),
        };
        if !lost.is_empty() {
            let remedy = "Accept both types for a while, and submit the records again";
            return self.stricter(ChangeKind::TypeChanged, message, remedy);
        }
        // A list of values that comes or goes instead is reported by `values`.
        let is_list_instead =
            before.is_none() && old.contains_key("enum") || after.is_none() && new.contains_key("enum");
        if !is_list_instead {
            self.looser(ChangeKind::TypeChanged, message);
        }
    }

    fn values(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let list = |schema: &Map<String, Value>| schema.get("enum").and_then(Value::as_array).cloned();
        let missing = |from: &[Value], in_: &[Value]| -> Vec<String> {
            from.iter().filter(|value| !in_.contains(value)).map(repr).collect()
        };
        let remedy = "Keep the values while records have them (they can be listed in deprecated_enum, \
                      too), or submit those records again with other values";
        let kind = ChangeKind::EnumValuesRemoved;
        match (list(old), list(new)) {
            (Some(before), Some(after)) => {
                let (gone, added) = (missing(&before, &after), missing(&after, &before));
                if !gone.is_empty() {
                    self.stricter(kind, format!("it can no longer be {}", listed(&gone)), remedy);
                }
                if !added.is_empty() {
                    self.looser(ChangeKind::EnumValuesAdded, format!("it can also be {}", listed(&added)));
                }
            }
            (None, Some(after)) => {
                let values: Vec<String> = after.iter().map(repr).collect();
                self.stricter(kind, format!("it must be one of {} now", listed(&values)), remedy);
            }
            (Some(_), None) => {
                self.looser(ChangeKind::EnumLost, "it is no longer one of a list of values".to_owned());
            }
            (None, None) => {}
        }
    }

    fn patterns(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        for (key, changed, lost) in [
            ("pattern", ChangeKind::PatternChanged, ChangeKind::PatternLost),
            ("format", ChangeKind::BoundTightened, ChangeKind::BoundLoosened),
        ] {
            match (old.get(key).and_then(Value::as_str), new.get(key).and_then(Value::as_str)) {
                (before, after) if before == after => {}
                (_, Some(after)) => {
                    let remedy = "Correct the values that do not match first";
                    self.stricter(changed, format!("its {key} must be {after} now"), remedy);
                }
                (_, None) => self.looser(lost, format!("it may have any {key} now")),
            }
        }
    }

    fn bounds(&mut self, old: &Map<String, Value>, new: &Map<String, Value>) {
        let remedy = "Correct the values beyond the bound first";
        for key in LOWER.into_iter().chain(UPPER) {
            let number = |schema: &Map<String, Value>| schema.get(key).and_then(Value::as_f64);
            let (before, after) = (number(old), number(new));
            let tighter = match (before, after) {
                (before, after) if before == after => continue,
                (Some(before), Some(after)) => (after > before) == LOWER.contains(&key),
                (before, _) => before.is_none(),
            };
            let shown = new.get(key).map_or("none".to_owned(), Value::to_string);
            let was = old.get(key).map_or("none".to_owned(), Value::to_string);
            let message = format!("its {key} is {shown} now, and was {was}");
            if tighter {
                self.stricter(ChangeKind::BoundTightened, message, remedy);
            } else {
                self.looser(ChangeKind::BoundLoosened, message);
            }
        }
        for key in FLAGS {
            let flag = |schema: &Map<String, Value>| schema.get(key) == Some(&Value::Bool(true));
            match (flag(old), flag(new)) {
                (false, true) => {
                    self.stricter(ChangeKind::BoundTightened, format!("{key} holds now"), remedy)
                }
                (true, false) => {
                    self.looser(ChangeKind::BoundLoosened, format!("{key} does not hold any more"));
                }
                _ => {}
            }
        }
    }
}

/// The types that a schema names, without `null`: whether that is accepted follows from `required`.
fn types(schema: &Map<String, Value>) -> Option<BTreeSet<String>> {
    let words = match schema.get("type")? {
        Value::Array(words) => words.clone(),
        word => vec![word.clone()],
    };
    let words = words.iter().filter_map(Value::as_str).filter(|word| *word != "null");
    Some(words.map(str::to_owned).collect())
}

fn accepts(types: &BTreeSet<String>, kind: &str) -> bool {
    types.contains(kind) || kind == "null" || (kind == "integer" && types.contains("number"))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
