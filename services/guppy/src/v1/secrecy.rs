//! What may be told of groups of which the caller may not read every document. Pure.

/// What stands for a figure that is not told.
pub(super) const HIDDEN: i64 = -1;

/// Whether a group is so small that nothing may be told of it.
pub(super) fn is_small(count: u64, limit: u64) -> bool {
    (1..limit).contains(&count)
}

/// A count as it is told, if so many of what is counted may not be read, and groups below a limit are secret.
pub(super) fn guarded(count: u64, hidden: Option<(u64, u64)>) -> i64 {
    if hidden.is_some_and(|(hidden, limit)| is_small(hidden, limit)) {
        return HIDDEN;
    }
    i64::try_from(count).unwrap_or(i64::MAX)
}
