//! What is counted side by side: of all documents, and of those that the caller may not read.

use super::searches::Ticket;

/// The parts of what is asked for a figure.
pub(crate) const FIGURE: &str = "figure";
/// Documents, or objects, that have the field.
pub(crate) const WITH: &str = "with";
/// Counts by value.
pub(crate) const VALUES: &str = "values";
/// Figures of numbers.
pub(crate) const STATS: &str = "stats";
/// Counts by bins.
pub(crate) const BINS: &str = "bins";

/// What was counted, and the same of those documents that the caller may not read.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    pub(crate) open: Ticket,
    /// With the size below which a group is hidden.
    pub(crate) hidden: Option<(Ticket, u64)>,
}
