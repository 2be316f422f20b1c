//! What the fields of the schema mean.

use crate::graph::{Scalar, TypeId};

/// What a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nodes of a type.
    Nodes(TypeId),
    /// How many nodes of a type there are.
    NodeCount(TypeId),
    /// Nodes of any type.
    AnyNodes,
    /// Files of any type.
    DataNodes,
    /// Node types.
    NodeTypes,
    /// The root once more, for Relay.
    Viewer,
    /// Transactions.
    Logs,
    /// How many transactions there are.
    LogCount,
    /// A node's id.
    Id,
    /// A node's type.
    Type,
    /// A property in `_props`.
    Property(Scalar),
    /// `<program>-<code>` of a project.
    ProjectName,
    /// Nodes at the other end of the link of this name.
    Link,
    /// How many nodes there are at the other end of a link: `_<link>_count`.
    LinkCount,
    /// Nodes at the other end of all links.
    Neighbours,
    /// Transactions that touched the node.
    NodeLogs,
    /// How many transactions touched the node.
    NodeLogCount,
    /// A key of a JSON object that is made first and selected from afterwards.
    Key,
}
