//! The structure of a dictionary as examples need it: its central type, and the types below that.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::{
    Dictionary, NodeType, ScalarType,
    graphql_names::{is_graphql_name, is_graphql_type},
};

/// Types whose records do not belong to a project.
const WITHOUT_PROJECT: [&str; 4] = ["program", "project", "root", "data_release"];
/// Fields that every type has.
const SYSTEM: [&str; 7] =
    ["id", "type", "submitter_id", "project_id", "state", "created_datetime", "updated_datetime"];
/// The number of levels below the central type.
const DEPTH: usize = 3;
/// An example of an enumeration with more values would not be readable.
const VALUES: usize = 8;
/// Properties that people count by, preferred to any other with a short list of values.
const COUNTED: [&str; 6] = ["sex", "gender", "vital_status", "sample_type", "tissue_type", "race"];

/// A property with a closed list of values.
pub(super) struct Enumeration<'d> {
    pub(super) node: &'d NodeType,
    pub(super) property: &'d str,
    pub(super) values: Vec<&'d str>,
}

pub(super) struct Shape<'d> {
    dictionary: &'d Dictionary,
    /// Types whose records belong to a project, in dictionary order.
    pub(super) types: Vec<&'d NodeType>,
    /// The type with the most types below it: `case`, `subject`, `participant`.
    pub(super) subject: Option<&'d NodeType>,
}

impl<'d> Shape<'d> {
    pub(super) fn of(dictionary: &'d Dictionary) -> Self {
        let types = dictionary.nodes.values().filter(|node| is_of_projects(node)).collect();
        let mut shape = Self { dictionary, types, subject: None };
        let distances = shape.distances(shape.node("project"));
        let weight = |node: &NodeType| {
            let plain = shape.children(node).iter().filter(|(_, child)| !child.category.is_file()).count();
            let distance = distances.get(node.id.as_str()).copied().unwrap_or(usize::MAX);
            (plain, std::cmp::Reverse(distance))
        };
        // `max_by_key` gives the last of equals, so the order is reversed to get the first.
        let plain = shape.types.iter().rev().filter(|node| !node.category.is_file());
        shape.subject = plain.max_by_key(|node| weight(node)).or(shape.types.first()).copied();
        shape
    }

    pub(super) fn node(&self, id: &str) -> Option<&'d NodeType> {
        self.dictionary.nodes.get(id)
    }

    /// Types with a link to `node`, by the link's backref. GraphQL shows the last of several with the same
    /// backref.
    pub(super) fn children(&self, node: &'d NodeType) -> Vec<(&'d str, &'d NodeType)> {
        let mut found: Vec<(&str, &NodeType)> = Vec::new();
        for (source, link) in &node.backlinks {
            let Some(child) = self.types.iter().find(|ty| ty.id == *source) else { continue };
            found.retain(|(backref, _)| *backref != link.backref);
            if is_graphql_name(&link.backref) {
                found.push((&link.backref, child));
            }
        }
        found
    }

    /// The number of steps from `start` to each type below it.
    fn distances(&self, start: Option<&'d NodeType>) -> HashMap<&'d str, usize> {
        let mut distances: HashMap<&str, usize> = start.iter().map(|node| (node.id.as_str(), 0)).collect();
        let mut waiting: VecDeque<&NodeType> = start.into_iter().collect();
        while let Some(node) = waiting.pop_front() {
            let next = distances[node.id.as_str()] + 1;
            for (_, child) in self.children(node) {
                if !distances.contains_key(child.id.as_str()) {
                    distances.insert(&child.id, next);
                    waiting.push_back(child);
                }
            }
        }
        distances
    }

    /// The longest way down from `node` on which no type can be reached in fewer steps: where a sample may be
    /// linked to a subject or to one of its diagnoses, most are linked to the subject.
    pub(super) fn chain_below(&self, node: &'d NodeType) -> Vec<(&'d str, &'d NodeType)> {
        self.longest(node, 1, &self.distances(Some(node)))
    }

    fn longest(
        &self,
        node: &'d NodeType,
        depth: usize,
        distances: &HashMap<&'d str, usize>,
    ) -> Vec<(&'d str, &'d NodeType)> {
        let mut best: Vec<(&str, &NodeType)> = Vec::new();
        if depth > DEPTH {
            return best;
        }
        for (backref, child) in self.children(node) {
            if distances.get(child.id.as_str()) != Some(&depth) {
                continue;
            }
            let mut way = vec![(backref, child)];
            way.extend(self.longest(child, depth + 1, distances));
            if rank(&way) > rank(&best) {
                best = way;
            }
        }
        best
    }

    /// The properties of `node` that not every type has, in declared order.
    pub(super) fn own_properties(&self, node: &'d NodeType) -> Vec<&'d str> {
        let names = node.stored_properties().map(|property| property.name.as_str());
        names.filter(|name| is_graphql_name(name) && !SYSTEM.contains(name)).collect()
    }

    pub(super) fn has_property(&self, node: &NodeType, name: &str) -> bool {
        node.stored_properties().any(|property| property.name == name)
    }

    /// The properties of all file types.
    pub(super) fn file_properties(&self) -> BTreeSet<&'d str> {
        let files = self.types.iter().filter(|node| node.category.is_file());
        files.flat_map(|node| node.stored_properties().map(|property| property.name.as_str())).collect()
    }

    pub(super) fn has_schema_key(&self, key: &str) -> bool {
        self.dictionary.nodes.values().any(|node| node.schema.get(key).is_some())
    }

    /// A property with a short list of values: of the central type, else of one next to it, else of any type.
    pub(super) fn enumeration(&self) -> Option<Enumeration<'d>> {
        let subject = self.subject?;
        let children = self.children(subject).into_iter().map(|(_, child)| child);
        let near = std::iter::once(subject).chain(children).chain(self.types.iter().copied());
        let near: Vec<&NodeType> = near.filter(|node| !node.category.is_file()).collect();
        let first = |wanted: &dyn Fn(&str) -> bool| near.iter().find_map(|node| enumeration_of(node, wanted));
        COUNTED.into_iter().find_map(|name| first(&|property| property == name)).or_else(|| first(&|_| true))
    }
}

/// Whether the records of `node` belong to a project and can be queried.
fn is_of_projects(node: &NodeType) -> bool {
    is_graphql_type(&node.id) && !WITHOUT_PROJECT.contains(&node.id.as_str()) && !node.category.is_internal()
}

/// Prefers longer ways, then those with more samples and their derivatives, then those with fewer files.
fn rank(way: &[(&str, &NodeType)]) -> (usize, usize, std::cmp::Reverse<usize>) {
    let count = |is: fn(&NodeType) -> bool| way.iter().filter(|(_, node)| is(node)).count();
    let specimens = count(|node| node.category.0 == "biospecimen");
    (way.len(), specimens, std::cmp::Reverse(count(|node| node.category.is_file())))
}

fn enumeration_of<'d>(node: &'d NodeType, wanted: &dyn Fn(&str) -> bool) -> Option<Enumeration<'d>> {
    node.stored_properties().find_map(|property| {
        let name = property.name.as_str();
        let usable =
            is_graphql_name(name) && property.scalar == ScalarType::String && !SYSTEM.contains(&name);
        let listed = property.schema.get("enum").and_then(|values| values.as_array());
        let values: Vec<&str> = listed?.iter().filter_map(|value| value.as_str()).collect();
        let readable = usable && wanted(name) && (2..=VALUES).contains(&values.len());
        readable.then_some(Enumeration { node, property: name, values })
    })
}
