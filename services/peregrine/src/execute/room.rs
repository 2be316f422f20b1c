//! How much is held in memory at once.

use super::executor::Halt;

/// How much may still be held.
pub(super) struct Room {
    /// `None` means that there is no limit.
    limit: Option<usize>,
    used: usize,
}

impl Room {
    pub(super) fn of(bytes: usize) -> Self {
        Self { limit: Some(bytes), used: 0 }
    }

    pub(super) fn unlimited() -> Self {
        Self { limit: None, used: 0 }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    pub(super) fn left(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.used))
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Halt> {
        self.used += bytes;
        match self.limit {
            Some(limit) if self.used > limit => Err(Halt::Full),
            _ => Ok(()),
        }
    }
}
