//! A mapping whose names have been found in the dictionary: what is read, and what becomes of it.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    Form,
    grammar::{Comparison, Function, Relation},
    outline::{Outline, Shape},
};

/// All indices of a mapping file, and where projects are.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) form: Form,
    pub(crate) indices: Vec<Index>,
    pub(crate) projects: Projects,
    /// All node and edge tables that are read.
    pub(crate) tables: Vec<String>,
}

/// How projects are found: their table, and the link to programs.
#[derive(Debug)]
pub(crate) struct Projects {
    pub(crate) table: String,
    pub(crate) program: Hop,
}

#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) outline: Outline,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Aggregator(Box<Aggregator>),
    Collector(Box<Collector>),
}

/// One link, from a near node to a far one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) edge: String,
    /// Column of the near node's id.
    pub(crate) near: &'static str,
    /// Column of the far node's id.
    pub(crate) far: &'static str,
    /// The far node's type, and its table.
    pub(crate) node: String,
    pub(crate) table: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The node's id.
    Id,
    /// A property.
    Property(String),
    /// Nowhere: the dictionary has no such property.
    Absent,
}

/// A field that is read from one node.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) shape: Shape,
    /// Values, by their JSON, and what stands for them.
    pub(crate) values: HashMap<String, Value>,
}

#[derive(Debug)]
pub(crate) struct Aggregator {
    pub(crate) table: String,
    /// The fields that hold the root's id.
    pub(crate) id_fields: Vec<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) parents: Vec<Parents>,
    pub(crate) flatten: Vec<Flatten>,
    pub(crate) counts: Vec<Count>,
    pub(crate) folds: Vec<Folds>,
    /// What only the filter looks at.
    pub(crate) hidden: Vec<Folds>,
    pub(crate) joins: Vec<Join>,
    pub(crate) nested: Vec<Nested>,
    pub(crate) filter: Option<Condition>,
    /// Whether the project's id is put together from its program's name and its code.
    pub(crate) is_project: bool,
}

#[derive(Debug)]
pub(crate) struct Parents {
    pub(crate) relation: Relation,
    pub(crate) levels: Vec<(Hop, Vec<Column>)>,
}

#[derive(Debug)]
pub(crate) struct Flatten {
    pub(crate) hop: Hop,
    pub(crate) columns: Vec<Column>,
    pub(crate) sort: Option<Sort>,
}

/// Which child is taken.
#[derive(Debug)]
pub(crate) struct Sort {
    /// It is the first by these; positions in the columns, behind which the extra one stands.
    pub(crate) keys: Vec<usize>,
    pub(crate) extra: Option<Column>,
    pub(crate) descending: bool,
}

/// How many ways lead along the hops.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) hops: Vec<Hop>,
}

/// Values at the end of the hops.
#[derive(Debug)]
pub(crate) struct Folds {
    pub(crate) hops: Vec<Hop>,
    pub(crate) items: Vec<(Column, Function)>,
}

#[derive(Debug)]
pub(crate) struct Nested {
    pub(crate) name: String,
    pub(crate) id_field: String,
    pub(crate) hops: Vec<Hop>,
    pub(crate) columns: Vec<Column>,
    pub(crate) inner: Vec<Nested>,
    pub(crate) filter: Option<Condition>,
}

/// Values of another index.
#[derive(Debug)]
pub(crate) struct Join {
    /// Its position among the indices.
    pub(crate) index: usize,
    pub(crate) way: JoinWay,
    /// Their own name, the name in the other index, their function, and whether values are lists there.
    pub(crate) items: Vec<JoinItem>,
}

#[derive(Debug)]
pub(crate) struct JoinItem {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) function: Option<Function>,
}

/// How rows of the other index are found.
#[derive(Debug)]
pub(crate) enum JoinWay {
    /// It is a collector, and the key is our root, which is among the ancestors of its leaves.
    Below { walk: Walk, leaves: Vec<Leaf> },
    /// By the values of these fields: here and there.
    Keys(Vec<(String, String)>),
}

#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) id_field: String,
    pub(crate) leaves: Vec<Leaf>,
    /// From the leaves up to the project.
    pub(crate) walk: Walk,
    pub(crate) injected: Vec<Injected>,
}

/// A node type of the category.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) node: String,
    pub(crate) table: String,
    pub(crate) columns: Vec<Column>,
}

/// Values of the ancestors of a type.
#[derive(Debug)]
pub(crate) struct Injected {
    pub(crate) node: String,
    pub(crate) table: String,
    pub(crate) items: Vec<(Column, Function)>,
}

/// All ways from some nodes in one direction.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Types in the order in which they are left, and their hops.
    pub(crate) steps: Vec<(String, Vec<Hop>)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Is { field: String, comparison: Comparison, value: Value },
}
