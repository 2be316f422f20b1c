//! Links of a submission: whom each means, and what the dictionary allows.
//!
//! Pure, in three steps with a lookup between: [`collect`] what is referred to, [`Links::resolve`] it, then
//! [`check`] multiplicities and groups against the edges that exist.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dictionary::{Dictionary, Link, LinkGroup, LinkItem, NodeType};
use psqlgraph::nodes::EdgeTable;
use serde_json::{Map, Value};

use crate::{
    classify::Scope,
    entity::{Action, EdgeChange, Entity, ErrorType, Use, keys_of},
    members::{Claims, Member, Members},
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

/// The links of a batch of entities.
#[derive(Debug, Default)]
pub(crate) struct Links {
    targets: Vec<Target>,
    /// Numbers of targets by entity and link name.
    uses: BTreeMap<(usize, String), Vec<usize>>,
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

fn neighbours<'n>(edges: &'n HashMap<EdgeTable, Neighbours>, table: &EdgeTable, id: &str) -> &'n [String] {
    edges.get(table).and_then(|of_table| of_table.get(id)).map(Vec::as_slice).unwrap_or_default()
}

/// The links that a type declares, groups flattened, with their tables: made once a type, for entities are many.
struct Shape<'d> {
    node_type: &'d NodeType,
    links: Vec<(&'d Link, EdgeTable)>,
}

impl<'d> Shape<'d> {
    fn of(node_type: &'d NodeType) -> Self {
        let links = node_type.all_links().into_iter().map(|link| (link, edge_table(node_type, link)));
        Self { node_type, links: links.collect() }
    }

    fn link(&self, name: &str) -> Option<&(&'d Link, EdgeTable)> {
        self.links.iter().find(|(link, _)| link.name == name)
    }
}

/// The shapes of the types that occur.
struct Shapes<'d> {
    dictionary: &'d Dictionary,
    known: HashMap<&'d str, Shape<'d>>,
}

impl<'d> Shapes<'d> {
    fn new(dictionary: &'d Dictionary) -> Self {
        Self { dictionary, known: HashMap::new() }
    }

    fn of(&mut self, entity: &Entity) -> Option<&Shape<'d>> {
        let node_type = entity.node_type(self.dictionary)?;
        Some(self.known.entry(&node_type.id).or_insert_with(|| Shape::of(node_type)))
    }
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
pub(crate) fn collect(entities: &mut [Entity], scope: &Scope, dictionary: &Dictionary) -> Links {
    let mut links = Links::default();
    let mut known: HashMap<Target, usize> = HashMap::new();
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

fn is_linkable(entity: &Entity) -> bool {
    entity.node.is_some() && entity.is_valid()
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

impl Links {
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
        let outcomes: Vec<Outcome> = self
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
                    (Outcome::One(id), _) => {
                        entity.uses.entry(name.clone()).or_default().ids.insert(id.clone());
                    }
                    (Outcome::None, target) => refuse_missing(entity, name, target, dictionary),
                    (Outcome::Many, _) => {
                        let message = format!("More than one link destination found for {name}");
                        entity.refuse(ErrorType::InvalidLink, message, &[name]);
                    }
                    (Outcome::Foreign(message), target) => {
                        let keys: &[&str] = if target.label == "project" { &[name] } else { &[] };
                        entity.refuse(ErrorType::InvalidLink, message.clone(), keys);
                    }
                }
            }
        }
    }
}

/// Notes who links to each target under links that allow one source only.
pub(crate) fn claim(entities: &[Entity], claims: &mut Claims, dictionary: &Dictionary) {
    let mut shapes = Shapes::new(dictionary);
    for entity in entities {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for (name, one_use) in &entity.uses {
            let link = shape.link(name).filter(|(link, _)| link.multiplicity.one_source());
            let Some((_, table)) = link else { continue };
            one_use.ids.iter().for_each(|id| claims.add(&table.name, id, &node.id));
        }
    }
}

/// Whether nodes of the type may link to a target that can have one source only.
pub(crate) fn may_claim(node_type: &NodeType) -> bool {
    node_type.all_links().iter().any(|link| link.multiplicity.one_source())
}

/// The edges that [`check`] needs to know.
pub(crate) fn wanted_edges(entities: &[Entity], dictionary: &Dictionary) -> BTreeMap<EdgeTable, WantedEdges> {
    let mut wanted: BTreeMap<EdgeTable, WantedEdges> = BTreeMap::new();
    let mut note = |table: &EdgeTable, note: &dyn Fn(&mut WantedEdges)| match wanted.get_mut(table) {
        Some(of_table) => note(of_table),
        None => note(wanted.entry(table.clone()).or_default()),
    };
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter().filter(|entity| is_linkable(entity)) {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for (link, table) in &shape.links {
            if node.action == Action::Update {
                note(table, &|edges| edges.of_sources.extend([node.id.clone()]));
            }
            let Some(one_use) = entity.uses.get(&link.name) else { continue };
            if link.multiplicity.one_source() && !one_use.ids.is_empty() {
                note(table, &|edges| edges.of_destinations.extend(one_use.ids.iter().cloned()));
            }
        }
    }
    wanted
}

/// Refuses what the dictionary does not allow, and says what is to be written for the rest.
pub(crate) fn check(entities: &mut [Entity], edges: &Edges, claims: &Claims, dictionary: &Dictionary) {
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter_mut().filter(|entity| is_linkable(entity)) {
        let Some(shape) = shapes.of(entity) else { continue };
        EntityCheck { shape, edges, claims }.run(entity);
    }
}

/// What is to be written for all the entities.
pub(crate) fn writes(entities: &[Entity], dictionary: &Dictionary) -> EdgeWrites {
    let mut writes = EdgeWrites::default();
    let mut shapes = Shapes::new(dictionary);
    for entity in entities.iter().filter(|entity| !entity.edges.is_empty()) {
        let (Some(shape), Some(node)) = (shapes.of(entity), &entity.node) else { continue };
        for change in &entity.edges {
            let Some((_, table)) = shape.link(&change.link) else { continue };
            if change.clear {
                writes.clear.entry(table.clone()).or_default().push(node.id.clone());
            }
            let pairs = change.insert.iter().map(|target| (node.id.clone(), target.clone()));
            match writes.insert.get_mut(table) {
                Some(list) => list.extend(pairs),
                None if change.insert.is_empty() => {}
                None => drop(writes.insert.insert(table.clone(), pairs.collect())),
            }
        }
    }
    writes
}

enum Outcome {
    One(String),
    None,
    Many,
    Foreign(String),
}

/// Both the id and the keys must fit, where both are given. Neither given means nobody.
fn find(target: &Target, stored: &[&Hit], members: &Members, scope: &Scope) -> Outcome {
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
    shape: &'a Shape<'a>,
    edges: &'a Edges,
    claims: &'a Claims,
}

impl EntityCheck<'_> {
    fn run(&self, entity: &mut Entity) {
        let Some(id) = entity.node.as_ref().map(|node| node.id.clone()) else { return };
        let uses = std::mem::take(&mut entity.uses);
        let mut present: BTreeSet<&str> = BTreeSet::new();
        let no_use = Use::default();
        for (link, table) in &self.shape.links {
            let one_use = uses.get(&link.name).unwrap_or(&no_use);
            let existing = neighbours(&self.edges.destinations, table, &id);
            let kept = if one_use.cleared { &[] } else { existing };
            let insert: Vec<String> =
                one_use.ids.iter().filter(|target| !kept.contains(target)).cloned().collect();
            let after = kept.len() + insert.len();
            if after > 0 {
                present.insert(&link.name);
            }
            if !one_use.ids.is_empty() {
                self.refuse_too_many(entity, link, table, &id, one_use, after);
            }
            let clear = one_use.cleared && !existing.is_empty();
            if clear || !insert.is_empty() {
                entity.edges.push(EdgeChange { link: link.name.clone(), clear, insert });
            }
        }
        for item in &self.shape.node_type.links {
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
            let stored = neighbours(&self.edges.sources, table, target);
            stored.iter().any(|source| source != id) || self.claims.has_other(&table.name, target, id)
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

fn refuse_missing_links(entity: &mut Entity, item: &LinkItem, present: &BTreeSet<&str>) {
    match item {
        LinkItem::Link(link) if link.required && !present.contains(link.name.as_str()) => {
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
fn group_problems(group: &LinkGroup, present: &BTreeSet<&str>) -> Vec<(String, Vec<String>)> {
    let mut problems = Vec::new();
    let mut alternatives = 0_usize;
    let mut names = Vec::new();
    for member in &group.members {
        let members: Vec<String> = member.flatten().iter().map(|link| link.name.clone()).collect();
        alternatives += usize::from(members.iter().any(|name| present.contains(name.as_str())));
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
        let present = present.iter().copied().collect();
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
