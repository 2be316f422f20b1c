//! Lookups in the stored graph, and their results.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dictionary::NodeType;
use psqlgraph::nodes::EdgeTable;
use serde_json::{Map, Value};

/// How much of each node is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeColumns {
    /// All properties.
    All,
    /// `project_id` and `code` only.
    Project,
}

/// Nodes to look up in the table of one node type. Each comes with the position of the entity or target that
/// asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeLookup {
    /// Positions and ids.
    pub ids: Vec<(usize, String)>,
    /// Unique keys, one list for each key tuple of the type.
    pub keys: Vec<KeyLookup>,
}

/// The values of one key tuple, compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyLookup {
    /// The names of the properties.
    pub members: Vec<String>,
    /// Positions and values.
    pub values: Vec<(usize, Vec<String>)>,
}

/// How a stored node was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Id,
    /// By the key tuple with this number.
    Key(usize),
}

/// A stored node that was found for a position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub position: usize,
    pub via: Via,
    pub node_id: String,
    pub props: Map<String, Value>,
    pub shown: Shown,
}

/// Whether the caller may know of a stored node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Openly,
    /// It is in a project that the caller may not read.
    Hidden,
}

impl Hit {
    /// The project that the node is in.
    pub(crate) fn project_id(&self) -> Option<&str> {
        self.props.get("project_id").and_then(Value::as_str)
    }
}

impl NodeLookup {
    /// Nothing yet, for the key tuples of a type.
    pub(crate) fn of(node: &NodeType) -> Self {
        let keys = node.natural_keys().map(|tuple| KeyLookup { members: tuple.clone(), values: Vec::new() });
        Self { ids: Vec::new(), keys: keys.collect() }
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

/// Edges to look up in one edge table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EdgeLookup {
    /// Nodes whose destinations are needed.
    pub of_sources: BTreeSet<String>,
    /// Nodes whose sources are needed.
    pub of_destinations: BTreeSet<String>,
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
