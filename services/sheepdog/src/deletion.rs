//! Deletions: who depends on what goes. Pure; the database is asked level by level by [`crate::removal`].

use std::collections::{BTreeMap, HashMap};

use dictionary::Dictionary;
use serde_json::{Map, Value, json};

use crate::{
    classify::Scope,
    entity::{Action, ErrorType, Problem, unique_keys},
    links::breaks_rules,
};

/// An id that is to be deleted, with what was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doomed {
    pub id: String,
    /// Type and properties; `None` when there is no such node in the project.
    pub node: Option<(String, Map<String, Value>)>,
    pub errors: Vec<Problem>,
}

impl Doomed {
    /// As in the answer.
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
    pub(crate) fn require_project(&mut self, scope: &Scope) {
        let project =
            self.node.as_ref().and_then(|(_, props)| props.get("project_id")).and_then(Value::as_str);
        if project == Some(scope.project_id.as_str()) {
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

    /// Refuses a node on which others depend.
    pub(crate) fn refuse_dependents(&mut self, dependents: &[Relative]) {
        if dependents.is_empty() {
            return;
        }
        let message = format!(
            "Unable to delete entity because at least {} other(s) directly or indirectly depend on it. You can only \
             delete this entity by deleting its dependents prior to, or during the same transaction as this one.",
            dependents.len()
        );
        let mut problem = Problem::new(ErrorType::InvalidLink, message, &[]);
        let list: Vec<Value> = dependents.iter().map(|d| json!({ "id": d.id, "type": d.label })).collect();
        problem.more.insert("dependents".to_owned(), json!(list));
        self.errors.push(problem);
    }
}

/// A node by type and id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Relative {
    pub label: String,
    pub id: String,
}

/// The part of the graph that has been looked at.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Children of a node, in dictionary order.
    pub children: HashMap<String, Vec<Relative>>,
    /// Targets of a child's links, by link name.
    pub parents: HashMap<String, BTreeMap<String, Vec<String>>>,
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
        let present =
            links.iter().filter(|(_, targets)| stays(targets)).map(|(name, _)| name.clone()).collect();
        breaks_rules(node, &present)
    }
}
