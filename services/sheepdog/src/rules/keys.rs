//! Reads the unique keys of documents, and refuses ids that are taken.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::model::{entity::Entity, problem::ErrorType, scope::Scope};

/// The values of a key tuple; `None` when one is missing or empty, for then it identifies nothing.
pub(super) fn key_texts<'e>(
    entity: &'e Entity,
    members: &[String],
    scope: &'e Scope,
) -> Option<Vec<&'e str>> {
    let value = |member: &String| match entity.get(member).and_then(Value::as_str) {
        Some(text) => Some(text),
        None => (member == "project_id").then_some(scope.project_id.as_str()),
    };
    members.iter().map(value).map(|value| value.filter(|text| !text.is_empty())).collect()
}

/// See [`key_texts`].
pub(super) fn key_values(entity: &Entity, members: &[String], scope: &Scope) -> Option<Vec<String>> {
    key_texts(entity, members, scope).map(|values| values.into_iter().map(str::to_owned).collect())
}

/// Refuses an id that a stored node has.
pub(super) fn refuse_stored_id(entity: &mut Entity, id: &str, labels_of_ids: &HashMap<String, Vec<String>>) {
    if let Some(label) = labels_of_ids.get(id).and_then(|labels| labels.first()) {
        let message = format!("{label} with {} already exists in the DB", python::repr(&json!({ "id": id })));
        entity.refuse(ErrorType::Error, message, &["id"]);
    }
}
