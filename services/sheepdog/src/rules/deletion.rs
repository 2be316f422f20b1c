//! Decides which nodes may be deleted, and finds the nodes that depend on them.

use std::collections::BTreeSet;

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use super::links::rules::breaks_rules;
use crate::model::{
    entity::{Action, unique_keys},
    lookup::{Family, Relative},
    problem::{ErrorType, Problem},
};

/// An id that is to be deleted, with what was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doomed {
    pub id: String,
    /// Type and properties; `None` when the project has no such node.
    pub node: Option<(String, Map<String, Value>)>,
    pub errors: Vec<Problem>,
}

impl Doomed {
    /// The form in the answer.
    pub(crate) fn json(&self, dictionary: &Dictionary) -> Value {
        let node_type = self.node.as_ref().and_then(|(label, _)| dictionary.nodes.get(label));
        let keys = match (&self.node, node_type) {
            (Some((_, props)), Some(node_type)) => unique_keys(node_type, |key| props.get(key)),
            _ => Vec::new(),
        };
        json!({
            "action": Action::Delete.as_str(),
            "errors": self.errors.iter().map(Problem::json).collect::<Vec<_>>(),
            "id": self.node.as_ref().map(|_| &self.id),
            "type": self.node.as_ref().map(|(label, _)| label),
            "unique_keys": keys,
            "valid": self.errors.is_empty(),
            "warnings": [],
        })
    }

    /// Refuses a node that is not there, or in another project.
    pub(crate) fn require_project(&mut self, project_id: &str) {
        let project =
            self.node.as_ref().and_then(|(_, props)| props.get("project_id")).and_then(Value::as_str);
        if project == Some(project_id) {
            return;
        }
        self.node = None;
        let mut problem = Problem::new(ErrorType::NotFound, "Entity not found.", &["id"]);
        problem.more.insert("id".to_owned(), json!(self.id));
        self.errors.push(problem);
    }

    /// Refuses a node whose state, or whose file's state, forbids it.
    pub(crate) fn require_state(&mut self, dictionary: &Dictionary) {
        let Some((label, props)) = &self.node else { return };
        let text = |key: &str| props.get(key).and_then(Value::as_str);
        let state_problem = match text("state") {
            Some("validated") => None,
            Some("submitted") => {
                Some("Unable to delete entity because it has been submitted and must be redacted.".to_owned())
            }
            other => {
                Some(format!("Unable to delete entity because it is in state '{}'.", other.unwrap_or("None")))
            }
        };
        let default = dictionary.nodes.get(label).and_then(|node| node.properties.get("file_state"));
        let default = default.and_then(|property| property.schema.get("default")).and_then(Value::as_str);
        let file_state = text("file_state").filter(|state| Some(*state) != default.or(Some("registered")));
        let file_problem = file_state
            .map(|state| format!("Unable to delete entity because its file is in state '{state}'."));
        let mut refuse = |message: Option<String>, key: &str| {
            let problem = message.map(|message| Problem::new(ErrorType::InvalidPermissions, message, &[key]));
            self.errors.extend(problem);
        };
        refuse(state_problem, "state");
        refuse(file_problem, "file_state");
    }

    /// The first of `fields` that the node's type does not store.
    pub(crate) fn unknown_field<'f>(&self, fields: &'f [String], dictionary: &Dictionary) -> Option<&'f str> {
        let node_type = dictionary.nodes.get(&self.node.as_ref()?.0)?;
        fields.iter().find(|field| may_be_null(node_type, field).is_none()).map(String::as_str)
    }

    /// Refuses to set properties to null that must not be null.
    pub(crate) fn refuse_fields(&mut self, fields: &[String], dictionary: &Dictionary) {
        let Some((label, _)) = &self.node else { return };
        let Some(node_type) = dictionary.nodes.get(label) else { return };
        for field in fields {
            if may_be_null(node_type, field) != Some(false) {
                continue;
            }
            let message = format!("Property '{field}' of type '{label}' cannot be deleted.");
            self.errors.push(Problem::new(ErrorType::InvalidProperty, message, &[field]));
        }
    }

    /// Refuses a node on which others depend.
    pub(crate) fn refuse_dependents(&mut self, dependents: &[Relative]) {
        if dependents.is_empty() {
            return;
        }
        let message = format!(
            "Unable to delete entity because at least {} other(s) directly or indirectly depend on it. You \
             can only delete this entity by deleting its dependents prior to, or during the same transaction \
             as this one.",
            dependents.len()
        );
        let mut problem = Problem::new(ErrorType::InvalidLink, message, &[]);
        let list: Vec<Value> = dependents.iter().map(|d| json!({ "id": d.id, "type": d.label })).collect();
        problem.more.insert("dependents".to_owned(), json!(list));
        self.errors.push(problem);
    }
}

/// Whether a property may be null; `None` when the type does not store it.
fn may_be_null(node_type: &NodeType, name: &str) -> Option<bool> {
    let is_stored = node_type.stored_properties().any(|property| property.name == name);
    let is_among = |names: &[String]| names.iter().any(|other| other == name);
    is_stored.then(|| !is_among(&node_type.required) && !is_among(&node_type.system_properties))
}

/// The properties with `fields` set to null, as JSON text; `None` when they are so already.
pub(crate) fn without(props: &Map<String, Value>, fields: &[String], stamp: &str) -> Option<String> {
    let mut changed = props.clone();
    for field in fields.iter().filter(|field| props.get(field.as_str()).is_some_and(|value| !value.is_null()))
    {
        changed.insert(field.clone(), Value::Null);
    }
    if changed == *props {
        return None;
    }
    if changed.contains_key("updated_datetime") {
        changed.insert("updated_datetime".to_owned(), json!(stamp));
    }
    Some(Value::Object(changed).to_string())
}

impl Family {
    /// The first child of `parent` that could not stay when everything that `is_gone` has gone.
    pub(crate) fn first_dependent(
        &self,
        parent: &str,
        is_gone: impl Fn(&str) -> bool,
        dictionary: &Dictionary,
    ) -> Option<Relative> {
        let children = self.children.get(parent)?;
        children.iter().find(|child| !is_gone(&child.id) && self.breaks(child, &is_gone, dictionary)).cloned()
    }

    fn breaks(&self, child: &Relative, is_gone: impl Fn(&str) -> bool, dictionary: &Dictionary) -> bool {
        let (Some(node), Some(links)) = (dictionary.nodes.get(&child.label), self.parents.get(&child.id))
        else {
            return false;
        };
        let stays = |targets: &Vec<String>| targets.iter().any(|target| !is_gone(target));
        let present: BTreeSet<String> =
            links.iter().filter(|(_, targets)| stays(targets)).map(|(name, _)| name.clone()).collect();
        breaks_rules(node, &present)
    }
}
