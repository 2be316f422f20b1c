//! Values that were given, which know what has been looked at.

use std::{cell::RefCell, collections::BTreeSet};

use serde_json::Value;

/// Values of gen3-helm.
pub(super) struct Given<'v> {
    values: &'v Value,
    looked_at: RefCell<BTreeSet<Vec<String>>>,
}

impl<'v> Given<'v> {
    pub(super) fn new(values: &'v Value) -> Self {
        Self { values, looked_at: RefCell::default() }
    }

    /// A value; what is null or an empty text, list or mapping is none.
    pub(super) fn value(&self, path: &[&str]) -> Option<&'v Value> {
        let value = path.iter().try_fold(self.values, |value, key| value.get(key))?;
        self.looked_at.borrow_mut().insert(path.iter().map(|key| (*key).to_owned()).collect());
        is_something(value).then_some(value)
    }

    /// A text; numbers and booleans are written out, as helm would.
    pub(super) fn text(&self, path: &[&str]) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Whether something is on; the charts write it as a boolean or as a text.
    pub(super) fn flag(&self, path: &[&str]) -> Option<bool> {
        match self.text(path)?.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "enabled" => Some(true),
            "false" | "off" | "no" | "none" => Some(false),
            _ => None,
        }
    }

    /// A whole number; the charts write it as a number or as a text.
    pub(super) fn number(&self, path: &[&str]) -> Option<u64> {
        self.text(path)?.trim().parse().ok()
    }

    /// The keys of a mapping, without looking at what they have.
    pub(super) fn keys(&self, path: &[&str]) -> Vec<&'v str> {
        let value = path.iter().try_fold(self.values, |value, key| value.get(key));
        value.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    /// What nobody has looked at: the shortest paths that lead to nothing else.
    pub(super) fn rest(&self) -> Vec<Vec<String>> {
        let mut rest = Vec::new();
        self.collect(&mut Vec::new(), self.values, &mut rest);
        rest
    }

    fn collect(&self, path: &mut Vec<String>, value: &Value, rest: &mut Vec<Vec<String>>) {
        let looked_at = self.looked_at.borrow();
        if !is_something(value) || looked_at.contains(path) {
            return;
        }
        let partly = looked_at.iter().any(|looked| looked.len() > path.len() && looked.starts_with(path));
        match value {
            Value::Object(fields) if partly || path.len() < 2 => {
                for (key, value) in fields {
                    path.push(key.clone());
                    self.collect(path, value, rest);
                    path.pop();
                }
            }
            _ => rest.push(path.clone()),
        }
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_rest_is_what_nobody_has_looked_at() {
        let values = json!({
            "a": {"b": {"c": 1, "d": 2}, "e": {"f": 3}, "g": null, "h": ""},
            "i": {"j": {"k": {"l": 1}}},
        });
        let given = Given::new(&values);
        assert_eq!(given.number(&["a", "b", "c"]), Some(1));
        assert_eq!(given.text(&["a", "h"]), None);
        assert_eq!(given.value(&["a", "missing"]), None);
        let rest: Vec<_> = given.rest().iter().map(|path| path.join(".")).collect();
        assert_eq!(rest, ["a.b.d", "a.e", "i.j"]);
    }

    #[test]
    fn texts_count_as_what_they_say() {
        let values = json!({"on": "on", "off": false, "many": "1000", "none": "x"});
        let given = Given::new(&values);
        assert_eq!(
            (given.flag(&["on"]), given.flag(&["off"]), given.flag(&["none"])),
            (Some(true), Some(false), None)
        );
        assert_eq!((given.number(&["many"]), given.number(&["none"])), (Some(1000), None));
    }
}
