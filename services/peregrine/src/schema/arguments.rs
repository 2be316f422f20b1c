//! The arguments of fields (peregrine 3.2.6).

use std::collections::HashMap;

use graphql::{Input, Inputs, TypeDef, TypeRef};
use indexmap::IndexMap;
use serde_json::json;

use super::meaning::Meaning;
use crate::graph::{Graph, NodeModel, Scalar, TypeId};

/// What the schema says of `committable`.
const COMMITTABLE: &str = "(committable: true) means (is_dry_run: true) AND (closed: false) AND (state: \
    \"SUCCEEDED\") AND (committed_by is None).  Note: committed_by is None cannot be represented in GraphQL, \
    hence this argument.";

/// Argument lists, made once and shared by all fields that take them.
pub(super) struct Arguments {
    /// Those of the lists and counts of each node type.
    pub(super) of: HashMap<TypeId, Inputs>,
    /// Those of `node`.
    pub(super) any_nodes: Inputs,
    /// Those of `_links`, which are those of `node` without `of_type`.
    pub(super) neighbours: Inputs,
    /// Those of `datanode`.
    pub(super) data_nodes: Inputs,
    /// Those of `transaction_log`.
    pub(super) logs: Inputs,
}

/// An argument list under construction.
#[derive(Default)]
struct ArgumentList(IndexMap<String, Input>);

impl ArgumentList {
    /// Adds an argument unless there is one of this name already.
    fn add(&mut self, name: &str, ty: TypeRef) {
        self.0.entry(name.to_owned()).or_insert_with(|| Input::new(ty));
    }

    fn add_all(&mut self, names: &[&str], ty: &TypeRef) {
        names.iter().for_each(|name| self.add(name, ty.clone()));
    }

    fn done(self) -> Inputs {
        Inputs::new(self.0)
    }
}

impl Arguments {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut neighbours = paging_list();
        neighbours.add_all(&["submitter_id", "project_id", "category"], &string());
        let mut any = paging_list();
        any.add_all(&["submitter_id", "project_id", "category"], &string());
        any.add("of_type", TypeRef::list("String"));
        let mut data = paging_list();
        data.add_all(&["submitter_id", "project_id", "type"], &string());
        data.add("of_type", TypeRef::list("String"));
        let is_file = |node: &&NodeModel| node.is_file();
        for (name, kind) in argument_kinds(graph.types.models().iter().filter(is_file)) {
            data.add(&name, kind.of_any_node());
        }
        Self {
            of: graph.types.iter().map(|(id, node)| (id, node_arguments(node))).collect(),
            any_nodes: any.done(),
            neighbours: neighbours.done(),
            data_nodes: data.done(),
            logs: log_arguments(),
        }
    }
}

fn string() -> TypeRef {
    TypeRef::named("String")
}

/// What an argument for a property takes.
#[derive(Clone, Copy)]
struct ArgumentKind {
    scalar: Scalar,
    /// Whether it takes more than it shows.
    is_loose: bool,
}

impl ArgumentKind {
    fn of(node: &NodeModel, property: &str, scalar: Scalar) -> Self {
        Self { scalar, is_loose: node.is_loose(property) }
    }

    /// The type of one value, of an item where the property is a list.
    fn single(self) -> TypeRef {
        let name = match self.scalar {
            Scalar::Float => "Float",
            Scalar::Boolean => "Boolean",
            Scalar::String | Scalar::List => "String",
        };
        if self.is_loose { TypeRef::loose(name) } else { TypeRef::named(name) }
    }

    fn list(self) -> TypeRef {
        TypeRef::List(Box::new(self.single()))
    }

    /// Where lists of several types take it.
    fn of_any_node(self) -> TypeRef {
        if self.scalar == Scalar::List { self.list() } else { self.single() }
    }
}

/// What arguments for the properties of several types take. A property of several types has the kind that
/// the last of them gives it, as in the original; it is loose where they differ.
fn argument_kinds<'n>(nodes: impl Iterator<Item = &'n NodeModel>) -> IndexMap<String, ArgumentKind> {
    let mut all: IndexMap<String, ArgumentKind> = IndexMap::new();
    for node in nodes {
        for (name, scalar) in &node.properties {
            let mut kind = ArgumentKind::of(node, name, *scalar);
            if let Some(before) = all.get(name) {
                kind.is_loose |= before.is_loose || before.scalar != kind.scalar;
            }
            all.insert(name.clone(), kind);
        }
    }
    all
}

/// The arguments that all lists of nodes take.
fn paging(list: &mut ArgumentList) {
    list.add("id", string());
    list.add("ids", TypeRef::list("String"));
    list.add("quick_search", string());
    list.add_all(&["first", "offset"], &TypeRef::named("Int"));
    list.add_all(&["created_after", "created_before", "updated_after", "updated_before"], &string());
    list.add_all(&["order_by_asc", "order_by_desc"], &string());
}

fn node_arguments(node: &NodeModel) -> Inputs {
    let mut list = ArgumentList::default();
    paging(&mut list);
    list.add_all(&["with_links", "with_links_any", "without_links"], &TypeRef::list("String"));
    list.add_all(&["with_path_to", "with_path_to_any", "without_path_to"], &TypeRef::list("WithPathToInput"));
    list.add("not", TypeRef::list(&not_input_name(node)));
    if node.label == "project" {
        list.add("project_id", TypeRef::list("String"));
    }
    for (name, scalar) in &node.properties {
        list.add(name, ArgumentKind::of(node, name, *scalar).list());
    }
    list.done()
}

/// The arguments that lists of several types take: the same, with the default of `first` in sight.
fn paging_list() -> ArgumentList {
    let mut list = ArgumentList::default();
    paging(&mut list);
    if let Some(first) = list.0.get_mut("first") {
        first.default = Some(json!(10));
    }
    list
}

fn log_arguments() -> Inputs {
    let mut list = ArgumentList::default();
    list.add_all(&["id", "quick_search", "committed_by"], &TypeRef::named("ID"));
    list.add_all(&["type", "project", "program", "state", "order_by_asc", "order_by_desc"], &string());
    list.add_all(&["project_id", "related_cases", "entities"], &TypeRef::list("String"));
    list.add_all(&["first", "last", "offset"], &TypeRef::named("Int"));
    list.add_all(&["is_dry_run", "closed", "committable"], &TypeRef::named("Boolean"));
    if let Some(committable) = list.0.get_mut("committable") {
        *committable = committable.clone().described(COMMITTABLE);
    }
    list.done()
}

/// Arguments of `_node_type`.
pub(super) fn node_types(keys: &[String]) -> Inputs {
    let mut list = ArgumentList::default();
    list.add("first", TypeRef::named("Int"));
    if let Some(first) = list.0.get_mut("first") {
        first.default = Some(json!(10));
    }
    list.add_all(&["order_by_asc", "order_by_desc"], &string());
    keys.iter().for_each(|key| list.add(key, string()));
    list.done()
}

fn not_input_name(node: &NodeModel) -> String {
    format!("NotPropertiesInput_{}", node.label)
}

/// The properties of all file types. Where two types have the same property, the later one counts.
pub(super) fn file_properties(graph: &Graph) -> IndexMap<String, Scalar> {
    let files = graph.types.models().iter().filter(|node| node.is_file());
    files.flat_map(|node| node.properties.iter().map(|(name, scalar)| (name.clone(), *scalar))).collect()
}

/// The input objects.
pub(super) fn inputs(graph: &Graph) -> Vec<TypeDef<Meaning>> {
    let mut types = vec![TypeDef::input("WithPathToInput", with_path_to(graph))];
    for node in graph.types.models() {
        let mut list = ArgumentList::default();
        for (name, scalar) in &node.properties {
            list.add(name, ArgumentKind::of(node, name, *scalar).single());
        }
        types.push(TypeDef::input(&not_input_name(node), list.done()));
    }
    types
}

/// The properties of all types. A property of several types stands where the last of them has it, as in the
/// original; so does `not`, which was never meant to be here.
fn with_path_to(graph: &Graph) -> Inputs {
    let mut all: IndexMap<String, Input> = IndexMap::new();
    all.insert("id".to_owned(), Input::new(string()));
    all.insert("type".to_owned(), Input::new(TypeRef::required("String")));
    let kinds = argument_kinds(graph.types.models().iter());
    for node in graph.types.models() {
        let own = node.properties.keys().map(|name| (name.as_str(), kinds[name].of_any_node()));
        for (name, ty) in own.chain([("not", TypeRef::list(&not_input_name(node)))]) {
            all.shift_remove(name);
            all.insert(name.to_owned(), Input::new(ty));
        }
    }
    Inputs::new(all)
}
