//! Sets the properties of new and updated nodes.

use dictionary::NodeType;
use documents::same;
use serde_json::{Map, Value, json};

use crate::model::{
    entity::{Action, Entity, Node},
    lookup::Hit,
    problem::{ErrorType, Problem},
    scope::Scope,
};

/// Drops what later steps do not ask for: all but id, keys and links.
pub(crate) fn shrink(entity: &mut Entity, node: &NodeType) {
    let is_asked_for = |name: &str| {
        name == "id" || node.is_link(name) || node.natural_keys().flatten().any(|member| member == name)
    };
    if let Value::Object(document) = &mut entity.document {
        document.retain(|name, _| is_asked_for(name));
    }
}

/// Gives the entity a new node.
pub(super) fn create(entity: &mut Entity, node: &NodeType, scope: &Scope, now: &str) {
    let id = entity.given_id().map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let mut props = Map::new();
    props.insert("project_id".to_owned(), json!(scope.project_id));
    for name in &node.system_properties {
        // What a user says about these does not count when a node is made.
        if let Some(property) = node.properties.get(name).filter(|_| !is_kept_by_the_store(name)) {
            props.insert(name.clone(), property.schema.get("default").cloned().unwrap_or(Value::Null));
        }
    }
    set_submitted(entity, node, &mut props, |entity, name, value, props| {
        if name == "project_id" && value.as_str() != Some(&scope.project_id) {
            refuse_system_change(entity, name, props.get(name), value);
        }
    });
    for stamp in ["created_datetime", "updated_datetime"] {
        if node.properties.contains_key(stamp) {
            props.insert(stamp.to_owned(), json!(now));
        }
    }
    // A new file has no error yet, which the original stores, be it a property of the system or not.
    if node.category.is_file() && node.properties.contains_key("error_type") {
        props.entry("error_type").or_insert(Value::Null);
    }
    entity.node = Some(Node { id, action: Action::Create, old: None, props });
}

/// Gives the entity the stored node `hit` with its new properties.
pub(super) fn update(entity: &mut Entity, node: &NodeType, hit: Hit, scope: &Scope, now: &str) {
    let owner = hit.props.get("project_id").and_then(Value::as_str).unwrap_or_default();
    if owner != scope.project_id {
        let message = format!("Entity is owned by project {owner}, not {}", scope.project_id);
        entity.refuse(ErrorType::InvalidPermissions, message, &[]);
    }
    let mut props = hit.props.clone();
    props.insert("project_id".to_owned(), json!(scope.project_id));
    set_submitted(entity, node, &mut props, |entity, name, value, props| {
        let stored = props.get(name).unwrap_or(&Value::Null);
        let has_default = node.properties.get(name).is_some_and(|p| p.schema.get("default").is_some());
        if same(stored, value) || stored.is_null() || has_default && is_nothing(value) {
            return;
        }
        if has_default {
            warn_ignored(entity, name, value);
        } else {
            refuse_system_change(entity, name, Some(stored), value);
        }
    });
    refuse_file_state(entity, &props);
    if node.properties.contains_key("state") && props.get("state").is_none_or(Value::is_null) {
        props.insert("state".to_owned(), json!("validated"));
    }
    let mut written = Node { id: hit.node_id, action: Action::Update, old: Some(hit.props), props };
    if written.is_changed() && node.properties.contains_key("updated_datetime") {
        written.props.insert("updated_datetime".to_owned(), json!(now));
    }
    entity.node = Some(written);
}

/// Sets what the document says; `system` decides about the names that are not the user's.
fn set_submitted(
    entity: &mut Entity,
    node: &NodeType,
    props: &mut Map<String, Value>,
    system: impl Fn(&mut Entity, &str, &Value, &Map<String, Value>),
) {
    let Value::Object(document) = std::mem::take(&mut entity.document) else { return };
    for (name, value) in &document {
        let ignored = is_kept_by_the_store(name) && name != "project_id";
        if ignored || node.is_link(name) {
            continue;
        }
        if name == "project_id" || node.system_properties.iter().any(|s| s == name) {
            system(entity, name, value, props);
        } else if node.properties.contains_key(name) {
            match props.get_mut(name) {
                Some(known) => known.clone_from(value),
                None => drop(props.insert(name.clone(), value.clone())),
            }
        } else {
            let message = format!("Key '{name}' is not a valid property for type '{}'.", node.id);
            entity.refuse(ErrorType::InvalidProperty, message, &[name]);
        }
    }
    entity.document = Value::Object(document);
}

/// What Python takes for false: it says nothing about a system property.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// Properties that follow from elsewhere, whatever a document says.
fn is_kept_by_the_store(name: &str) -> bool {
    matches!(name, "id" | "type" | "project_id" | "created_datetime" | "updated_datetime")
}

fn refuse_system_change(entity: &mut Entity, name: &str, from: Option<&Value>, to: &Value) {
    let (from, to) = (python::str(from.unwrap_or(&Value::Null)), python::str(to));
    let message = format!("Key '{name}' is a system property and cannot be updated from '{from}' to '{to}'");
    entity.refuse(ErrorType::InvalidPermissions, message, &[name]);
}

fn warn_ignored(entity: &mut Entity, name: &str, value: &Value) {
    let message =
        format!("Property '{name}' ({}) is a system property and will be ignored.", python::str(value));
    entity.warnings.push(Problem::new(ErrorType::InvalidProperty, message, &[name]));
}

/// Refuses a file whose bytes have been checked or released: they can no longer be described anew.
fn refuse_file_state(entity: &mut Entity, props: &Map<String, Value>) {
    let Some(state) = props.get("file_state").and_then(Value::as_str) else { return };
    if !["registered", "uploading", "uploaded", "validating"].contains(&state) {
        let message = format!("This file is already in file_state '{state}' and cannot be updated.");
        entity.refuse(ErrorType::InvalidPermissions, message, &["file_state"]);
    }
}
