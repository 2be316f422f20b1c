//! Changing one record after another.

use std::collections::{HashMap, HashSet};

use dictionary::{LinkItem, NodeType};
use serde_json::{Map, Value};

use crate::{Fate, Key, Rules, date};

/// Times of the system, which tell when somebody did something and which no submission may set.
const OF_THE_SYSTEM: [&str; 2] = ["created_datetime", "updated_datetime"];

/// A value that should be shifted in time and is no date. The value itself is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{node}.{property} of {id} is no date; correct the record, or `drop` the property")]
pub struct Unshiftable {
    /// The node type.
    pub node: String,
    /// The property.
    pub property: String,
    /// The record.
    pub id: String,
}

/// Records by rules and a key. Parents have to come before their children, so that it is known whose they
/// are.
///
/// If anything is shifted in time, 16 bytes and some are kept for each record that is below a person.
#[derive(Debug)]
pub struct Pseudonyms<'r> {
    rules: &'r Rules,
    key: &'r Key,
    /// The person of each record, both by the beginnings of their new ids.
    persons: HashMap<u64, u64>,
    /// Records that are left out although their type is not: they cannot be without one that is.
    left_out: HashSet<u64>,
}

impl<'r> Pseudonyms<'r> {
    /// By these rules.
    pub fn new(rules: &'r Rules, key: &'r Key) -> Self {
        Self { rules, key, persons: HashMap::new(), left_out: HashSet::new() }
    }

    /// Changes the record `id` of the type `node` with the targets of each of its links, and returns its new
    /// id; `None` if it is left out, because of its type or because it cannot be without a record that is.
    ///
    /// # Errors
    /// When a value should be shifted and is no date.
    pub fn change(
        &mut self,
        node: &NodeType,
        id: &str,
        properties: &mut Map<String, Value>,
        targets: &mut [Vec<String>],
    ) -> Result<Option<String>, Unshiftable> {
        if self.rules.leaves_out(&node.id) {
            return Ok(None);
        }
        let new = self.key.id(id);
        let own = beginning(&new);
        let was_whole = is_whole(node, targets);
        for (link, targets) in node.all_links().iter().zip(targets.iter_mut()) {
            let is_gone = self.rules.leaves_out(&link.target_type);
            let kept = std::mem::take(targets).into_iter().map(|target| self.key.id(&target));
            let kept = kept.filter(|target| !is_gone && !self.left_out.contains(&beginning(target)));
            *targets = kept.map(|target| target.to_string()).collect();
        }
        if was_whole && !is_whole(node, targets) {
            self.left_out.insert(own);
            return Ok(None);
        }
        let person = self.person(node, own, targets);
        properties.retain(|name, _| !OF_THE_SYSTEM.contains(&name.as_str()));
        if properties.contains_key("id") {
            properties.insert("id".to_owned(), Value::String(new.to_string()));
        }
        if let Some(fates) = self.rules.fates.get(&node.id) {
            for (property, fate) in fates {
                self.meet(*fate, person, property, properties).ok_or_else(|| Unshiftable {
                    node: node.id.clone(),
                    property: property.clone(),
                    id: id.to_owned(),
                })?;
            }
        }
        Ok(Some(new.to_string()))
    }

    /// Whose record it is: the record of the person itself, that of the first target that is known to be
    /// somebody's, or nobody's, which then counts for itself.
    fn person(&mut self, node: &NodeType, own: u64, targets: &[Vec<String>]) -> u64 {
        if !self.rules.shifts() {
            return own;
        }
        let is_person = self.rules.person.as_deref() == Some(node.id.as_str());
        let parents = targets.iter().flatten().filter_map(|target| target.parse().ok());
        let known = parents.filter_map(|target| self.persons.get(&beginning(&target)).copied()).next();
        let person = if is_person { Some(own) } else { known };
        if let Some(person) = person {
            self.persons.insert(own, person);
        }
        person.unwrap_or(own)
    }

    /// `None` for a value that cannot be shifted.
    fn meet(&self, fate: Fate, person: u64, name: &str, properties: &mut Map<String, Value>) -> Option<()> {
        match fate {
            Fate::Drop => drop(properties.remove(name)),
            Fate::Hash => each_text(properties.get_mut(name), |text| Some(self.key.value(text)))?,
            Fate::Shift(most) => {
                let days = self.key.days(&person.to_string(), most);
                each_text(properties.get_mut(name), |text| date::shifted(text, days))?;
            }
        }
        Some(())
    }
}

/// Whether a record has all links that its type requires.
fn is_whole(node: &NodeType, targets: &[Vec<String>]) -> bool {
    let links = node.all_links();
    let linked: HashSet<&str> = links
        .iter()
        .zip(targets)
        .filter(|(_, targets)| !targets.is_empty())
        .map(|(link, _)| link.name.as_str())
        .collect();
    node.links.iter().all(|item| is_met(item, &linked))
}

fn is_met(item: &LinkItem, linked: &HashSet<&str>) -> bool {
    match item {
        LinkItem::Link(link) => !link.required || linked.contains(link.name.as_str()),
        LinkItem::Group(group) => {
            !group.required || group.members.iter().any(|member| is_used(member, linked))
        }
    }
}

fn is_used(item: &LinkItem, linked: &HashSet<&str>) -> bool {
    match item {
        LinkItem::Link(link) => linked.contains(link.name.as_str()),
        LinkItem::Group(group) => group.members.iter().any(|member| is_used(member, linked)),
    }
}

fn beginning(id: &uuid::Uuid) -> u64 {
    id.as_u64_pair().0
}

/// Replaces a text, or each text of a list; `None` if one has no replacement, or is no text.
fn each_text(value: Option<&mut Value>, replace: impl Fn(&str) -> Option<String>) -> Option<()> {
    let values = match value {
        None | Some(Value::Null) => return Some(()),
        Some(Value::Array(items)) => items.as_mut_slice(),
        Some(one) => std::slice::from_mut(one),
    };
    for value in values.iter_mut().filter(|value| !value.is_null()) {
        *value = Value::String(replace(value.as_str()?)?);
    }
    Some(())
}
