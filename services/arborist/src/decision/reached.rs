//! What somebody reaches.

use crate::path::ResourcePath;

/// A resource that somebody may do something to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) path: ResourcePath,
    pub(crate) tag: String,
}
