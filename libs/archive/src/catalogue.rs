//! Copies in the archive, as they are stored.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

/// Where a copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyState {
    /// It is there and was read back; the record does not name it yet.
    Copied,
    /// The record names it, beside its source.
    Archived,
    /// The source is being deleted.
    Deleting,
    /// The source is gone.
    Deleted,
    /// The source is being written again.
    Restoring,
    /// The source is there again.
    Restored,
}

impl CopyState {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Copied, "copied"),
        (Self::Archived, "archived"),
        (Self::Deleting, "deleting"),
        (Self::Deleted, "deleted"),
        (Self::Restoring, "restoring"),
        (Self::Restored, "restored"),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }
}

impl TryFrom<String> for CopyState {
    type Error = UnknownState;

    fn try_from(word: String) -> Result<Self, UnknownState> {
        let known = Self::ALL.iter().find(|(_, known)| *known == word).map(|(state, _)| *state);
        known.ok_or(UnknownState(word))
    }
}

/// A word that is no state.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no state of a copy")]
pub(crate) struct UnknownState(String);

/// The archived copy of a file.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Copy {
    pub(crate) guid: String,
    pub(crate) tier: String,
    /// As the record names it.
    pub(crate) target: String,
    /// The object in which the bytes are.
    pub(crate) object: String,
    /// Where they begin there.
    pub(crate) first: i64,
    pub(crate) size: i64,
    pub(crate) sha256: String,
    pub(crate) etag: Option<String>,
    /// Where they came from, and come back to.
    pub(crate) source: String,
    #[sqlx(try_from = "String")]
    pub(crate) state: CopyState,
    /// When the source may be deleted.
    pub(crate) due: Option<DateTime<Utc>>,
    /// Until when a retrieved source stays.
    pub(crate) until: Option<DateTime<Utc>>,
    /// What was wrong with it when it was read last.
    pub(crate) damage: Option<String>,
}

impl Copy {
    /// The bytes of the object that are those of the file.
    pub(crate) fn range(&self) -> Option<std::ops::Range<u64>> {
        let (first, size) = (self.first.unsigned_abs(), self.size.unsigned_abs());
        (self.object != self.target).then(|| first..first + size)
    }
}
