//! Which studies can be kept and answered. What others say is not trusted to be so. Pure.

use serde_json::Value;

use super::normalize::Study;
use crate::document::MOST_DEEP;

/// Longest GUID in bytes; the key of an index has its limit.
const LONGEST_GUID: usize = 1_000;
/// Largest study in bytes.
const LARGEST: usize = 16 << 20;

/// A study that the database takes, and that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Storable {
    pub(crate) guid: String,
    /// The name of its commons.
    pub(crate) commons: String,
    /// JSON.
    pub(crate) document: String,
}

/// The study as it is kept; `None` if its GUID is empty or too long, if it is too large or too deep, or has a
/// NUL character.
pub(super) fn storable(study: Study) -> Option<Storable> {
    let Study { guid, commons, document } = study;
    let names_fit = !guid.is_empty() && guid.len() <= LONGEST_GUID && !guid.contains('\0');
    if !names_fit || !can_be_kept(&document) {
        return None;
    }
    let document = document.to_string();
    (document.len() <= LARGEST).then_some(Storable { guid, commons, document })
}

/// Whether no text of the value has a NUL character, which the database does not take, and it is not deeper
/// than what a body may be.
pub(super) fn can_be_kept(value: &Value) -> bool {
    fits(value, MOST_DEEP)
}

fn fits(value: &Value, deep: usize) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(all) => deep > 0 && all.iter().all(|value| fits(value, deep - 1)),
        Value::Object(all) => {
            deep > 0 && all.iter().all(|(name, value)| !name.contains('\0') && fits(value, deep - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(guid: &str, document: Value) -> bool {
        storable(Study { guid: guid.to_owned(), commons: "A".to_owned(), document }).is_some()
    }

    #[test]
    fn what_the_database_or_an_answer_cannot_have_is_not_kept() {
        let nested = |levels| (0..levels).fold(json!(1), |value, _| json!([value]));
        assert!(kept("g", json!({"a": ["b", 1.5, null]})) && kept("g", nested(MOST_DEEP)));
        assert!(!kept("g", nested(MOST_DEEP + 1)));
        assert!(!kept("", json!({})) && !kept("a\0b", json!({})) && !kept(&"x".repeat(1_001), json!({})));
        assert!(!kept("g", json!({"a": ["\0"]})) && !kept("g", json!({"\0": 1})));
        assert!(!kept("g", json!({"a": "x".repeat(LARGEST)})));
    }
}
