//! Finds the nodes that the links of a submission mean.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dictionary::{Dictionary, Link, NodeType};
use serde_json::{Map, Value};

use super::shape::{Shapes, is_linkable};
use crate::{
    model::{
        entity::{Entity, Use},
        lookup::{Hit, NodeLookup, Shown, Via},
        problem::ErrorType,
        scope::Scope,
    },
    rules::members::{Member, Members},
};

/// A description of a link's target; the same one is looked up once, however many entities use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reference {
    label: String,
    id: Option<String>,
    /// Values of the key tuples of the target's type.
    keys: Vec<Vec<Option<String>>>,
}

/// The links of a batch of entities.
#[derive(Debug, Default)]
pub(crate) struct Links {
    targets: Vec<Reference>,
    /// Numbers of targets by entity and link name.
    uses: BTreeMap<(usize, String), Vec<usize>>,
}

/// Collects the targets of the valid entities.
pub(crate) fn collect(entities: &mut [Entity], scope: &Scope, dictionary: &Dictionary) -> Links {
    let mut links = Links::default();
    let mut known: HashMap<Reference, usize> = HashMap::new();
    let mut shapes = Shapes::new(dictionary);
    for (position, entity) in entities.iter_mut().enumerate().filter(|(_, entity)| is_linkable(entity)) {
        let Some(shape) = shapes.of(entity) else { continue };
        for (link, _) in &shape.links {
            let Some(value) = entity.get(&link.name) else { continue };
            let one_use = Use { cleared: value.is_null(), ..Use::default() };
            let mut numbers = Vec::new();
            for reference in references(value) {
                let target = target(reference, link, scope, dictionary);
                let number = match known.get(&target) {
                    Some(number) => *number,
                    None => {
                        known.insert(target.clone(), links.targets.len());
                        links.targets.push(target);
                        links.targets.len() - 1
                    }
                };
                numbers.push(number);
            }
            entity.uses.insert(link.name.clone(), one_use);
            links.uses.insert((position, link.name.clone()), numbers);
        }
    }
    links
}

/// The objects of a link's value; an empty object alone is not a link.
fn references(value: &Value) -> Vec<&Map<String, Value>> {
    match value {
        Value::Object(map) if map.is_empty() => Vec::new(),
        Value::Object(map) => vec![map],
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn target(reference: &Map<String, Value>, link: &Link, scope: &Scope, dictionary: &Dictionary) -> Reference {
    let text = |key: &str| reference.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let value = |key: &String| {
        let default = (key == "project_id").then_some(scope.project_id.as_str());
        text(key).or(default).map(str::to_owned)
    };
    let node = dictionary.nodes.get(&link.target_type);
    let keys =
        node.into_iter().flat_map(NodeType::natural_keys).map(|tuple| tuple.iter().map(value).collect());
    Reference { label: link.target_type.clone(), id: text("id").map(str::to_owned), keys: keys.collect() }
}

impl Links {
    /// The lookups that the targets need, by node type; positions are numbers of targets.
    pub(crate) fn wanted(&self, dictionary: &Dictionary) -> BTreeMap<String, NodeLookup> {
        let mut wanted: BTreeMap<String, NodeLookup> = BTreeMap::new();
        for (number, target) in self.targets.iter().enumerate() {
            let Some(node) = dictionary.nodes.get(&target.label) else { continue };
            let of_type = wanted.entry(target.label.clone()).or_insert_with(|| NodeLookup::of(node));
            if let Some(id) = &target.id {
                of_type.ids.push((number, id.clone()));
            }
            for (keys, values) in of_type.keys.iter_mut().zip(&target.keys) {
                if let Some(values) = values.iter().cloned().collect::<Option<Vec<String>>>() {
                    keys.values.push((number, values));
                }
            }
        }
        wanted
    }

    /// Finds the target of every link among stored nodes and the nodes of the request itself.
    pub(crate) fn resolve(
        &self,
        entities: &mut [Entity],
        stored: &BTreeMap<String, Vec<Hit>>,
        members: &Members,
        scope: &Scope,
        dictionary: &Dictionary,
    ) {
        let mut hits: HashMap<usize, Vec<&Hit>> = HashMap::new();
        for hit in stored.values().flatten() {
            hits.entry(hit.position).or_default().push(hit);
        }
        let outcomes: Vec<Match> = self
            .targets
            .iter()
            .enumerate()
            .map(|(number, target)| {
                let stored = hits.get(&number).map(Vec::as_slice).unwrap_or_default();
                find(target, stored, members, scope)
            })
            .collect();
        for ((position, name), numbers) in &self.uses {
            let Some(entity) = entities.get_mut(*position) else { continue };
            for number in numbers {
                match (&outcomes[*number], &self.targets[*number]) {
                    (Match::One(id), _) => {
                        entity.uses.entry(name.clone()).or_default().ids.insert(id.clone());
                    }
                    (Match::None, target) => refuse_missing(entity, name, target, dictionary),
                    (Match::Many, _) => {
                        let message = format!("More than one link destination found for {name}");
                        entity.refuse(ErrorType::InvalidLink, message, &[name]);
                    }
                    (Match::Foreign(kind, message), _) => entity.refuse(*kind, message.clone(), &[]),
                }
            }
        }
    }
}

/// The nodes that a description means.
enum Match {
    One(String),
    None,
    Many,
    /// A node of another project: the error.
    Foreign(ErrorType, String),
}

/// The id and the keys must both fit where both are given. A target without either means no node.
fn find(target: &Reference, stored: &[&Hit], members: &Members, scope: &Scope) -> Match {
    let complete: Vec<(usize, Vec<String>)> = target
        .keys
        .iter()
        .enumerate()
        .filter_map(|(number, values)| Some((number, values.iter().cloned().collect::<Option<Vec<_>>>()?)))
        .collect();
    if target.id.is_none() && complete.is_empty() {
        return Match::None;
    }
    let mut candidates: BTreeSet<&str> = stored.iter().map(|hit| hit.node_id.as_str()).collect();
    let new: Vec<Vec<Member>> =
        complete.iter().map(|(number, values)| members.with_key(&target.label, *number, values)).collect();
    candidates.extend(new.iter().flatten().map(|member| member.id.as_str()));
    let known_id = target.id.as_deref().filter(|id| members.has_id(&target.label, id));
    candidates.extend(known_id);

    let fits = |candidate: &&str| {
        let id_fits = target.id.as_deref().is_none_or(|id| id == *candidate);
        let key_fits = |(position, (number, _)): (usize, &(usize, Vec<String>))| {
            new[position].iter().any(|member| member.id == *candidate)
                || stored.iter().any(|hit| hit.via == Via::Key(*number) && hit.node_id == *candidate)
        };
        id_fits && complete.iter().enumerate().all(key_fits)
    };
    let mut fitting: Vec<&str> = candidates.into_iter().filter(fits).collect();
    if fitting.len() > 1 {
        let is_refused = |id: &str| new.iter().flatten().any(|member| member.is_refused && member.id == id);
        fitting.retain(|id| !is_refused(id));
    }
    let mut fitting = fitting.into_iter();
    match (fitting.next(), fitting.next()) {
        (None, _) => Match::None,
        (Some(_), Some(_)) => Match::Many,
        (Some(id), None) => match stored.iter().find(|hit| hit.node_id == id) {
            Some(hit) => within_project(target, hit, scope),
            None => Match::One(id.to_owned()),
        },
    }
}

fn within_project(target: &Reference, hit: &Hit, scope: &Scope) -> Match {
    let text = |key: &str| hit.props.get(key).and_then(Value::as_str);
    if target.label == "project" && hit.node_id != scope.project_node_id {
        let code = text("code").unwrap_or_default();
        let message = format!("Cannot link entity to project {code} under {} endpoint", scope.code);
        return Match::Foreign(ErrorType::InvalidPermissions, message);
    }
    match hit.project_id().filter(|project| *project != scope.project_id) {
        Some(_) if hit.shown == Shown::Hidden => Match::None,
        Some(project) => {
            let (label, id) = (&target.label, &hit.node_id);
            let message = format!("Relationship to {label} {id} in project {project} not allowed");
            Match::Foreign(ErrorType::InvalidLink, message)
        }
        None => Match::One(hit.node_id.clone()),
    }
}

fn refuse_missing(entity: &mut Entity, name: &str, target: &Reference, dictionary: &Dictionary) {
    let tuples = dictionary.nodes.get(&target.label).into_iter().flat_map(NodeType::natural_keys);
    let written: Vec<Value> = tuples
        .zip(&target.keys)
        .map(|(tuple, values)| {
            let pairs =
                tuple.iter().cloned().zip(values.iter().map(|v| v.clone().map_or(Value::Null, Value::from)));
            Value::Object(pairs.collect())
        })
        .collect();
    let id = target.id.as_ref().map(|id| format!(", id='{id}'")).unwrap_or_default();
    let keys = python::repr(&Value::Array(written));
    let message = format!("No link destination found for {name}{id}, unique_keys='{keys}'");
    entity.refuse(ErrorType::InvalidLink, message, &[name]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_alone_is_no_link() {
        assert!(references(&serde_json::json!({})).is_empty());
        assert_eq!(references(&serde_json::json!([{}, {"id": "x"}])).len(), 2);
    }
}
