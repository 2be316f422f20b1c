//! The answer to all questions together.

use std::time::Duration;

/// Whether everything that was asked is permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It is, and the asking service may repeat that to itself for this long.
    Permitted(Duration),
    /// Something is not.
    Denied,
}

impl Ruling {
    pub(crate) fn permitted(self) -> bool {
        matches!(self, Self::Permitted(_))
    }
}
