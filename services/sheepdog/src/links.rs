//! Links of a submission: whom each means, and what the dictionary allows.
//!
//! Pure, in three steps with a lookup between: [`collect`] what is referred to, [`Links::resolve`] it, then
//! [`Links::check`] multiplicities and groups against the edges that exist.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::Hash,
};

use dictionary::{Dictionary, Link, LinkGroup, LinkItem, NodeType};
use psqlgraph::nodes::EdgeTable;
use serde_json::{Map, Value};

use crate::{
    classify::Scope,
    entity::{Action, Entity, ErrorType, keys_of},
    python,
    resolve::{Hit, Via, Wanted},
};

/// A description of a link's target; the same one is looked up once, however many entities use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Target {
    label: String,
    id: Option<String>,
    /// Values of the key tuples of the target's type.
    keys: Vec<Vec<Option<String>>>,
}

/// The links of one entity under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Use {
    /// Which of the type's links, from 0.
    link: usize,
    /// Numbers of targets.
    targets: Vec<usize>,
    /// Node ids, once resolved.
    ids: BTreeSet<String>,
    /// JSON null: existing links go.
    cleared: bool,
}

/// All links of a submission.
#[derive(Debug)]
pub(crate) struct Links<'d> {
    targets: Vec<Target>,
    /// By entity; of each in the order of the links' names.
    uses: Vec<Vec<Use>>,
    /// Of the types that occur.
    shapes: HashMap<&'d str, Shape<'d>>,
}

/// The links that a type declares, groups flattened, with their tables: made once a type, for entities are many.
#[derive(Debug)]
struct Shape<'d> {
    links: Vec<(&'d Link, EdgeTable)>,
}

impl<'d> Shape<'d> {
    fn of(node: &'d NodeType) -> Self {
        Self { links: node.all_links().into_iter().map(|link| (link, edge_table(node, link))).collect() }
    }
}

/// Nodes at the other end of the edges of a node.
pub(crate) type Neighbours = HashMap<String, Vec<String>>;

/// Edges that exist, as far as they matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges {
    /// Destinations of the submission's updated nodes.
    pub destinations: HashMap<EdgeTable, Neighbours>,
    /// Sources of the submission's targets under links that allow one only.
    pub sources: HashMap<EdgeTable, Neighbours>,
}

/// What has to be known of an edge table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WantedEdges {
    /// Nodes whose destinations matter.
    pub of_sources: BTreeSet<String>,
    /// Nodes whose sources matter.
    pub of_destinations: BTreeSet<String>,
}

/// What is to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EdgeWrites {
    /// New edges.
    pub insert: BTreeMap<EdgeTable, Vec<(String, String)>>,
    /// Sources that lose all their edges.
    pub clear: BTreeMap<EdgeTable, Vec<String>>,
}

/// The table of `link` as declared by `node`.
pub(crate) fn edge_table(node: &NodeType, link: &Link) -> EdgeTable {
    EdgeTable::of(&node.id, &link.label, &link.target_type)
}

/// What the valid entities refer to.
pub(crate) fn collect<'d>(entities: &[Entity], scope: &Scope, dictionary: &'d Dictionary) -> Links<'d> {
    let mut links =
        Links { targets: Vec::new(), uses: vec![Vec::new(); entities.len()], shapes: HashMap::new() };
    let mut known: HashMap<Target, usize> = HashMap::new();
    for (position, entity) in linkable(entities) {
        let Some(node) = entity.node_type(dictionary) else { continue };
        let shape = links.shapes.entry(&node.id).or_insert_with(|| Shape::of(node));
        let mut uses = Vec::new();
        for (number, (link, _)) in shape.links.iter().enumerate() {
            let Some(value) = entity.get(&link.name) else { continue };
            let mut one_use = Use { link: number, cleared: value.is_null(), ..Use::default() };
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
                one_use.targets.push(number);
            }
            uses.push(one_use);
        }
        uses.sort_by(|a, b| shape.links[a.link].0.name.cmp(&shape.links[b.link].0.name));
        links.uses[position] = uses;
    }
    links
}

fn linkable(entities: &[Entity]) -> impl Iterator<Item = (usize, &Entity)> {
    entities.iter().enumerate().filter(|(_, entity)| entity.node.is_some() && entity.is_valid())
}

/// The objects of a link's value; an empty object alone is no link.
fn references(value: &Value) -> Vec<&Map<String, Value>> {
    match value {
        Value::Object(map) if map.is_empty() => Vec::new(),
        Value::Object(map) => vec![map],
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn target(reference: &Map<String, Value>, link: &Link, scope: &Scope, dictionary: &Dictionary) -> Target {
    let text = |key: &str| reference.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let value = |key: &String| {
        let default = (key == "project_id").then_some(scope.project_id.as_str());
        text(key).or(default).map(str::to_owned)
    };
    let node = dictionary.nodes.get(&link.target_type);
    let keys = node.into_iter().flat_map(keys_of).map(|tuple| tuple.iter().map(value).collect());
    Target { label: link.target_type.clone(), id: text("id").map(str::to_owned), keys: keys.collect() }
}

impl<'d> Links<'d> {
    fn shape(&self, entity: &Entity) -> Option<&Shape<'d>> {
        self.shapes.get(entity.label.as_deref()?)
    }

    /// What has to be looked up, by node type; positions are numbers of targets.
    pub(crate) fn wanted(&self, dictionary: &Dictionary) -> BTreeMap<String, Wanted> {
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for (number, target) in self.targets.iter().enumerate() {
            let Some(node) = dictionary.nodes.get(&target.label) else { continue };
            let of_type = wanted.entry(target.label.clone()).or_insert_with(|| Wanted::of(node));
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
        &mut self,
        entities: &mut [Entity],
        stored: &BTreeMap<String, Vec<Hit>>,
        scope: &Scope,
        dictionary: &Dictionary,
    ) {
        let new = NewNodes::of(entities, &self.targets, dictionary);
        let mut hits: HashMap<usize, Vec<&Hit>> = HashMap::new();
        for hit in stored.values().flatten() {
            hits.entry(hit.position).or_default().push(hit);
        }
        let outcomes: Vec<Outcome> = self
            .targets
            .iter()
            .enumerate()
            .map(|(number, target)| {
                let stored = hits.get(&number).map(Vec::as_slice).unwrap_or_default();
                find(target, stored, &new, scope)
            })
            .collect();
        for (entity, uses) in entities.iter_mut().zip(&mut self.uses) {
            let shape = entity.label.as_deref().and_then(|label| self.shapes.get(label));
            let Some(shape) = shape else { continue };
            for one_use in uses {
                let name = &shape.links[one_use.link].0.name;
                for number in &one_use.targets {
                    match (&outcomes[*number], &self.targets[*number]) {
                        (Outcome::One(id), _) => drop(one_use.ids.insert(id.clone())),
                        (outcome, target) => outcome.refuse(entity, name, target, dictionary),
                    }
                }
            }
        }
    }

    /// The edges that [`Links::check`] needs to know.
    pub(crate) fn wanted_edges(&self, entities: &[Entity]) -> BTreeMap<EdgeTable, WantedEdges> {
        let mut wanted: BTreeMap<&EdgeTable, WantedEdges> = BTreeMap::new();
        for (position, entity) in linkable(entities) {
            let (Some(shape), Some(node)) = (self.shape(entity), &entity.node) else { continue };
            if node.action == Action::Update {
                for (_, table) in &shape.links {
                    wanted.entry(table).or_default().of_sources.insert(node.id.clone());
                }
            }
            for one_use in self.uses[position].iter().filter(|one_use| !one_use.ids.is_empty()) {
                let (link, table) = &shape.links[one_use.link];
                if link.multiplicity.one_source() {
                    wanted.entry(table).or_default().of_destinations.extend(one_use.ids.iter().cloned());
                }
            }
        }
        wanted.into_iter().map(|(table, wanted)| (table.clone(), wanted)).collect()
    }

    /// Refuses what the dictionary does not allow, and says what is to be written for the rest.
    pub(crate) fn check(
        &self,
        entities: &mut [Entity],
        edges: &Edges,
        dictionary: &Dictionary,
    ) -> EdgeWrites {
        let claims = self.claims(entities);
        let mut writes = EdgeWrites::default();
        for (entity, uses) in entities.iter_mut().zip(&self.uses) {
            if entity.node.is_none() || !entity.is_valid() {
                continue;
            }
            let (Some(node_type), Some(shape)) = (entity.node_type(dictionary), self.shape(entity)) else {
                continue;
            };
            EntityCheck { uses, shape, node_type, edges, claims: &claims }.run(entity, &mut writes);
        }
        writes
    }

    /// Who of this request links to each target under links that allow one source only.
    fn claims(&self, entities: &[Entity]) -> HashMap<&EdgeTable, Neighbours> {
        let mut claims: HashMap<&EdgeTable, Neighbours> = HashMap::new();
        for (entity, uses) in entities.iter().zip(&self.uses) {
            let (Some(shape), Some(node)) = (self.shape(entity), &entity.node) else { continue };
            for one_use in uses {
                let (link, table) = &shape.links[one_use.link];
                for id in one_use.ids.iter().filter(|_| link.multiplicity.one_source()) {
                    claims.entry(table).or_default().entry(id.clone()).or_default().push(node.id.clone());
                }
            }
        }
        claims
    }
}

/// The nodes that the request itself makes or updates, of types that its links lead to.
struct NewNodes {
    by_id: HashMap<(String, String), String>,
    by_key: HashMap<(String, usize, Vec<String>), Vec<String>>,
    /// Ids that refused entities would have got: these give way to nodes that there are.
    refused: HashSet<String>,
}

impl NewNodes {
    fn of(entities: &[Entity], targets: &[Target], dictionary: &Dictionary) -> Self {
        let mut new = Self { by_id: HashMap::new(), by_key: HashMap::new(), refused: HashSet::new() };
        let labels: BTreeSet<&str> = targets.iter().map(|target| target.label.as_str()).collect();
        let is_target =
            |entity: &&Entity| entity.label.as_deref().is_some_and(|label| labels.contains(label));
        for entity in entities.iter().filter(is_target) {
            let (Some(node_type), Some(node)) = (entity.node_type(dictionary), &entity.node) else {
                continue;
            };
            if node.action == Action::Create && !entity.is_valid() {
                new.refused.insert(node.id.clone());
            }
            new.by_id.insert((node_type.id.clone(), node.id.clone()), node.id.clone());
            for (number, tuple) in keys_of(node_type).enumerate() {
                let value = |key: &String| node.props.get(key).and_then(Value::as_str).map(str::to_lowercase);
                if let Some(values) = tuple.iter().map(value).collect() {
                    let ids = new.by_key.entry((node_type.id.clone(), number, values)).or_default();
                    ids.push(node.id.clone());
                }
            }
        }
        new
    }

    fn with_key(&self, label: &str, number: usize, values: &[String]) -> &[String] {
        let folded = values.iter().map(|value| value.to_lowercase()).collect();
        self.by_key.get(&(label.to_owned(), number, folded)).map(Vec::as_slice).unwrap_or_default()
    }
}

enum Outcome {
    One(String),
    None,
    Many,
    Foreign(String),
}

impl Outcome {
    /// Says why there is no such link.
    fn refuse(&self, entity: &mut Entity, name: &str, target: &Target, dictionary: &Dictionary) {
        match self {
            Self::One(_) => {}
            Self::None => refuse_missing(entity, name, target, dictionary),
            Self::Many => {
                let message = format!("More than one link destination found for {name}");
                entity.refuse(ErrorType::InvalidLink, message, &[name]);
            }
            Self::Foreign(message) => {
                let keys: &[&str] = if target.label == "project" { &[name] } else { &[] };
                entity.refuse(ErrorType::InvalidLink, message.clone(), keys);
            }
        }
    }
}

/// Both the id and the keys must fit, where both are given. Neither given means nobody.
fn find(target: &Target, stored: &[&Hit], new: &NewNodes, scope: &Scope) -> Outcome {
    let complete: Vec<(usize, Vec<String>)> = target
        .keys
        .iter()
        .enumerate()
        .filter_map(|(number, values)| Some((number, values.iter().cloned().collect::<Option<Vec<_>>>()?)))
        .collect();
    if target.id.is_none() && complete.is_empty() {
        return Outcome::None;
    }
    let mut candidates: BTreeSet<&str> = stored.iter().map(|hit| hit.node_id.as_str()).collect();
    let new_ids: Vec<Vec<String>> = complete
        .iter()
        .map(|(number, values)| new.with_key(&target.label, *number, values).to_vec())
        .collect();
    candidates.extend(new_ids.iter().flatten().map(String::as_str));
    let known_id = target.id.as_ref().and_then(|id| new.by_id.get(&(target.label.clone(), id.clone())));
    candidates.extend(known_id.map(String::as_str));

    let fits = |candidate: &&str| {
        let id_fits = target.id.as_deref().is_none_or(|id| id == *candidate);
        let key_fits = |(position, (number, _)): (usize, &(usize, Vec<String>))| {
            new_ids[position].iter().any(|id| id == candidate)
                || stored.iter().any(|hit| hit.via == Via::Key(*number) && hit.node_id == *candidate)
        };
        id_fits && complete.iter().enumerate().all(key_fits)
    };
    let mut fitting: Vec<&str> = candidates.into_iter().filter(fits).collect();
    if fitting.len() > 1 {
        fitting.retain(|id| !new.refused.contains(*id));
    }
    let mut fitting = fitting.into_iter();
    match (fitting.next(), fitting.next()) {
        (None, _) => Outcome::None,
        (Some(_), Some(_)) => Outcome::Many,
        (Some(id), None) => match stored.iter().find(|hit| hit.node_id == id) {
            Some(hit) => within_project(target, hit, scope),
            None => Outcome::One(id.to_owned()),
        },
    }
}

fn within_project(target: &Target, hit: &Hit, scope: &Scope) -> Outcome {
    let text = |key: &str| hit.props.get(key).and_then(Value::as_str);
    if target.label == "project" && hit.node_id != scope.project_node_id {
        let code = text("code").unwrap_or_default();
        let message = format!("Cannot link entity to project {code} under {} endpoint", scope.code);
        return Outcome::Foreign(message);
    }
    match text("project_id").filter(|project| *project != scope.project_id) {
        Some(project) => Outcome::Foreign(format!(
            "Relationship to {} {} in project {project} not allowed",
            target.label, hit.node_id
        )),
        None => Outcome::One(hit.node_id.clone()),
    }
}

fn refuse_missing(entity: &mut Entity, name: &str, target: &Target, dictionary: &Dictionary) {
    let tuples = dictionary.nodes.get(&target.label).into_iter().flat_map(keys_of);
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

/// The rules of the dictionary for one entity.
struct EntityCheck<'a> {
    uses: &'a [Use],
    shape: &'a Shape<'a>,
    node_type: &'a NodeType,
    edges: &'a Edges,
    claims: &'a HashMap<&'a EdgeTable, Neighbours>,
}

impl EntityCheck<'_> {
    fn run(&self, entity: &mut Entity, writes: &mut EdgeWrites) {
        let Some(id) = entity.node.as_ref().map(|node| node.id.clone()) else { return };
        let mut present: BTreeSet<String> = BTreeSet::new();
        let no_use = Use::default();
        for (number, (link, table)) in self.shape.links.iter().enumerate() {
            let one_use = self.uses.iter().find(|one_use| one_use.link == number).unwrap_or(&no_use);
            let existing = neighbours(&self.edges.destinations, table, &id);
            let kept = if one_use.cleared { &[] } else { existing };
            let new: Vec<&String> = one_use.ids.iter().filter(|target| !kept.contains(target)).collect();
            let after = kept.len() + new.len();
            if after > 0 {
                present.insert(link.name.clone());
            }
            if !one_use.ids.is_empty() {
                self.refuse_too_many(entity, link, table, &id, one_use, after);
            }
            if one_use.cleared && !existing.is_empty() {
                writes.clear.entry(table.clone()).or_default().push(id.clone());
            }
            if !new.is_empty() {
                let pairs = new.into_iter().map(|target| (id.clone(), target.clone()));
                match writes.insert.get_mut(table) {
                    Some(list) => list.extend(pairs),
                    None => drop(writes.insert.insert(table.clone(), pairs.collect())),
                }
            }
        }
        for item in &self.node_type.links {
            refuse_missing_links(entity, item, &present);
        }
    }

    fn refuse_too_many(
        &self,
        entity: &mut Entity,
        link: &Link,
        table: &EdgeTable,
        id: &str,
        one_use: &Use,
        after: usize,
    ) {
        let (name, multiplicity) = (&link.name, link.multiplicity.as_str());
        if link.multiplicity.one_target() && after > 1 {
            let message = format!("'{name}' link has to be {multiplicity}");
            entity.refuse(ErrorType::InvalidLink, message, &[name]);
        }
        if !link.multiplicity.one_source() {
            return;
        }
        let is_taken = |target: &&String| {
            let stored = neighbours(&self.edges.sources, table, target).iter();
            stored.chain(neighbours(self.claims, table, target)).any(|source| source != id)
        };
        if one_use.ids.iter().any(|target| is_taken(&target)) {
            let message = format!(
                "'{name}' link has to be {multiplicity}, target node {} already has {}",
                link.target_type, link.backref
            );
            entity.refuse(ErrorType::InvalidLink, message, &[name]);
        }
    }
}

fn neighbours<'n, K: Borrow<EdgeTable> + Eq + Hash>(
    edges: &'n HashMap<K, Neighbours>,
    table: &EdgeTable,
    id: &str,
) -> &'n [String] {
    edges.get(table).and_then(|of_table| of_table.get(id)).map(Vec::as_slice).unwrap_or_default()
}

fn refuse_missing_links(entity: &mut Entity, item: &LinkItem, present: &BTreeSet<String>) {
    match item {
        LinkItem::Link(link) if link.required && !present.contains(&link.name) => {
            let message = format!("Entity is missing required link to {}", link.name);
            entity.refuse(ErrorType::InvalidLink, message, &[&link.name]);
        }
        LinkItem::Link(_) => {}
        LinkItem::Group(group) => {
            for problem in group_problems(group, present) {
                let keys: Vec<&str> = problem.1.iter().map(String::as_str).collect();
                entity.refuse(ErrorType::InvalidLink, problem.0, &keys);
            }
        }
    }
}

/// Messages with their keys.
fn group_problems(group: &LinkGroup, present: &BTreeSet<String>) -> Vec<(String, Vec<String>)> {
    let mut problems = Vec::new();
    let mut alternatives = 0_usize;
    let mut names = Vec::new();
    for member in &group.members {
        let members: Vec<String> = member.flatten().iter().map(|link| link.name.clone()).collect();
        alternatives += usize::from(members.iter().any(|name| present.contains(name)));
        names.extend(members);
        // An inner group counts as one alternative; only its exclusiveness is a rule of its own.
        if let LinkItem::Group(inner) = member {
            let inner = LinkGroup { required: false, ..inner.clone() };
            problems.extend(group_problems(&inner, present));
        }
    }
    if group.required && alternatives == 0 {
        let message = format!("Entity is missing a required link to {}", one_of(&names));
        problems.push((message, names.clone()));
    }
    if group.exclusive && alternatives > 1 {
        let list = python::repr_list(names.iter().map(String::as_str));
        problems.push((format!("Links to {list} are exclusive.  More than one was provided."), names));
    }
    problems
}

/// `a, b or c`.
fn one_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Whether a node with links under just these names lacks one that it must have.
pub(crate) fn breaks_rules(node: &NodeType, present: &BTreeSet<String>) -> bool {
    node.links.iter().any(|item| match item {
        LinkItem::Link(link) => link.required && !present.contains(&link.name),
        LinkItem::Group(group) => {
            group.required
                && !item.flatten().iter().any(|link| present.contains(&link.name))
                && !group.members.is_empty()
        }
    })
}

#[cfg(test)]
mod tests {
    use dictionary::Multiplicity;

    use super::*;

    fn link(name: &str) -> LinkItem {
        LinkItem::Link(Link {
            name: name.to_owned(),
            backref: "back".to_owned(),
            label: "label".to_owned(),
            target_type: "target".to_owned(),
            multiplicity: Multiplicity::ManyToOne,
            required: false,
        })
    }

    fn group(exclusive: bool, required: bool, members: Vec<LinkItem>) -> LinkGroup {
        LinkGroup { exclusive, required, members }
    }

    fn messages(group: &LinkGroup, present: &[&str]) -> Vec<String> {
        let present = present.iter().map(|name| (*name).to_owned()).collect();
        group_problems(group, &present).into_iter().map(|(message, _)| message).collect()
    }

    #[test]
    fn a_required_group_needs_one_of_its_links() {
        let group = group(false, true, vec![link("a"), link("b"), link("c")]);
        assert_eq!(messages(&group, &[]), ["Entity is missing a required link to a, b or c"]);
        assert_eq!(messages(&group, &["b"]), [""; 0]);
        assert_eq!(messages(&group, &["a", "b"]), [""; 0]);
    }

    #[test]
    fn an_exclusive_group_takes_one_of_its_links() {
        let group = group(true, false, vec![link("a"), link("b")]);
        assert_eq!(messages(&group, &[]), [""; 0]);
        assert_eq!(
            messages(&group, &["a", "b"]),
            ["Links to ['a', 'b'] are exclusive.  More than one was provided."]
        );
    }

    #[test]
    fn an_inner_group_is_one_alternative_and_keeps_its_exclusiveness() {
        let inner = LinkItem::Group(group(true, true, vec![link("b"), link("c")]));
        let outer = group(true, true, vec![link("a"), inner]);
        assert_eq!(messages(&outer, &["a"]), [""; 0]);
        assert_eq!(messages(&outer, &["b"]), [""; 0]);
        assert_eq!(messages(&outer, &["a", "b"]).len(), 1);
        assert_eq!(
            messages(&outer, &["b", "c"]),
            ["Links to ['b', 'c'] are exclusive.  More than one was provided."]
        );
        assert_eq!(messages(&outer, &[]), ["Entity is missing a required link to a, b or c"]);
    }

    #[test]
    fn an_empty_object_alone_is_no_link() {
        assert!(references(&serde_json::json!({})).is_empty());
        assert_eq!(references(&serde_json::json!([{}, {"id": "x"}])).len(), 2);
    }
}
