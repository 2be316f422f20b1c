//! Right, or as the original.

/// Whether the original's slips are reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What is plainly wrong in the original is done right.
    Right,
    /// Documents are those of the original.
    Compat,
}
