//! What a query means: scans of nodes with filters, order and page, and what is shown of each node.
//!
//! It is made by `lower`, turned into SQL by `plan`, run by `execute` and written out by `assemble`. Nothing
//! in it knows GraphQL, and nothing in it knows who asks.

use serde_json::{Map, Value};

use crate::graph::TypeId;

/// A field of the answer's top level (or of `viewer`).
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) key: String,
    pub(crate) value: RootValue,
}

#[derive(Debug)]
pub(crate) enum RootValue {
    /// JSON that is known without the database.
    Known(String),
    /// Why it cannot be answered; null stands in its place.
    Failed(String),
    Scan(Scan),
    Count(Count),
    Logs(LogScan),
    LogCount(LogQuery),
    Viewer(Vec<Root>),
}

/// Nodes of one or several types.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) branches: Vec<Branch>,
    /// Order and page of all branches together; without them each branch has its own.
    pub(crate) together: Option<(Vec<OrderBy>, Page)>,
}

/// Nodes of one type.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) node: TypeId,
    /// For neighbours: the link that leads here.
    pub(crate) link: Option<String>,
    pub(crate) filter: Filter,
    pub(crate) order: Vec<OrderBy>,
    pub(crate) page: Page,
    pub(crate) level: Level,
}

/// Which of the nodes that were found are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many; `None` means all.
    pub(crate) first: Option<i64>,
    pub(crate) offset: i64,
}

impl Page {
    pub(crate) const ALL: Self = Self { first: None, offset: 0 };

    /// The page that holds this one when pages of several lists are put together afterwards.
    pub(crate) fn with_offset_inside(self) -> Self {
        Self { first: self.first.map(|first| first.saturating_add(self.offset)), offset: 0 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderBy {
    pub(crate) key: OrderKey,
    pub(crate) direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrderKey {
    Id,
    Property(String),
}

/// What is shown of a node: a template of its JSON.
#[derive(Debug, Default)]
pub(crate) struct Level {
    pub(crate) columns: Vec<Column>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) children: Vec<Child>,
}

/// A property to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) property: String,
    pub(crate) render: Render,
}

/// How a stored value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Render {
    Text,
    Float,
    Boolean,
    Texts,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// The node's id.
    Id,
    /// `<program>-<code>` of a project.
    ProjectName,
    Column(usize),
    Child(usize),
}

/// What is shown of a node beside its own values.
#[derive(Debug)]
pub(crate) enum Child {
    /// Nodes at the other end of the link of the branch.
    Linked(Box<Branch>),
    /// Nodes at the other end of any link: a branch for each link.
    Neighbours(Scan),
    Count {
        link: String,
        count: Count,
    },
    Logs(LogScan),
    LogCount(LogQuery),
    Failed(String),
}

/// How many nodes there are.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) node: TypeId,
    pub(crate) filter: Filter,
    /// Links of `with_links_any`: a node counts once for each of them that it has.
    pub(crate) any_links: Option<Vec<String>>,
}

/// A condition on nodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Never,
    Ids(Vec<String>),
    /// The id or the submitter id contains this, with `%` and `_` as wildcards.
    Search(String),
    /// The property, as a string, is one of these.
    TextIn {
        property: String,
        values: Vec<String>,
    },
    /// The property is one of these numbers or booleans.
    ValueIn {
        property: String,
        values: Vec<Value>,
    },
    /// The property is a list that has all of these.
    Contains {
        property: String,
        values: Vec<Value>,
    },
    /// The property has a value.
    Present(String),
    /// The property has a value, and as a string it is not this.
    OtherText {
        property: String,
        value: String,
    },
    /// The property has a value, and it is not this number.
    OtherValue {
        property: String,
        value: Value,
    },
    /// The property, a date and time, is on this side of the moment.
    Time {
        property: &'static str,
        side: Side,
        moment: String,
    },
    /// There is a node at the other end of the link.
    Linked(String),
    /// A path leads to a node of this type with these properties.
    Path(PathFilter),
    /// The node is one of these projects, each as `<program>-<code>`.
    ProjectNames(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

impl Filter {
    /// How many links and paths have to be followed to decide it.
    pub(crate) fn lookups(&self) -> usize {
        match self {
            Self::All(filters) | Self::Any(filters) => filters.iter().map(Self::lookups).sum(),
            Self::Not(filter) => filter.lookups(),
            Self::Linked(_) | Self::Path(_) => 1,
            _ => 0,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathFilter {
    pub(crate) to: TypeId,
    pub(crate) id: Option<String>,
    /// `<program>-<code>`; for paths to projects only.
    pub(crate) project_names: Option<Vec<String>>,
    pub(crate) properties: Map<String, Value>,
    /// What else must hold for it.
    pub(crate) filters: Vec<Filter>,
}

/// Transaction logs, and what is shown of each.
#[derive(Debug)]
pub(crate) struct LogScan {
    pub(crate) query: LogQuery,
    pub(crate) fields: Vec<KeyTree>,
}

/// Which transaction logs are wanted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LogQuery {
    pub(crate) filters: Vec<LogFilter>,
    /// Columns; the first counts most.
    pub(crate) order: Vec<(&'static str, Direction)>,
    pub(crate) first: Option<i64>,
    pub(crate) offset: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LogFilter {
    Never,
    Id(i64),
    CommittedBy(i64),
    /// The column has this value.
    Text(&'static str, String),
    Roles(Vec<String>),
    ProjectIds(Vec<String>),
    DryRun(bool),
    Closed(bool),
    Committable(bool),
    Entities(Vec<String>),
    RelatedCases(Vec<String>),
}

/// Keys to show of a JSON object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyTree {
    /// Key in the answer.
    pub(crate) key: String,
    /// Key in the object; `__typename` is the type's name.
    pub(crate) name: String,
    /// The name of the object's type.
    pub(crate) parent: String,
    pub(crate) sub: Option<Vec<KeyTree>>,
}

impl KeyTree {
    /// Whether `path` is selected.
    pub(crate) fn has(trees: &[Self], path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else { return true };
        trees
            .iter()
            .any(|tree| tree.name == *first && Self::has(tree.sub.as_deref().unwrap_or_default(), rest))
    }
}

/// How many lists and counts a query asks for, links and paths in filters included.
pub(crate) fn scans(roots: &[Root]) -> usize {
    let one = |root: &Root| match &root.value {
        RootValue::Known(_) | RootValue::Failed(_) => 0,
        RootValue::Scan(scan) => branch_scans(&scan.branches),
        RootValue::Viewer(roots) => scans(roots),
        RootValue::Count(count) => 1 + count.filter.lookups(),
        RootValue::Logs(_) | RootValue::LogCount(_) => 1,
    };
    roots.iter().map(one).sum()
}

fn branch_scans(branches: &[Branch]) -> usize {
    let child = |child: &Child| match child {
        Child::Linked(branch) => branch_scans(std::slice::from_ref(branch)),
        Child::Neighbours(scan) => branch_scans(&scan.branches),
        Child::Count { count, .. } => 1 + count.filter.lookups(),
        Child::Logs(_) | Child::LogCount(_) | Child::Failed(_) => 1,
    };
    let lookups = branches.iter().map(|branch| branch.filter.lookups()).sum::<usize>();
    let below = branches.iter().flat_map(|branch| &branch.level.children).map(child).sum::<usize>();
    branches.len() + lookups + below
}
