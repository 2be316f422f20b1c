//! What has become of the rows.

use serde::Serialize;

/// So many errors are kept.
const KEPT: usize = 1000;

/// What a row has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    Created,
    Updated,
    Unchanged,
}

impl Did {
    /// As the index calls it.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "created" => Some(Self::Created),
            "updated" => Some(Self::Updated),
            "unchanged" => Some(Self::Unchanged),
            _ => None,
        }
    }
}

/// A row that was sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) row: usize,
    pub(super) outcome: Result<Did, RowFailure>,
}

impl Sent {
    pub(super) fn is_done(&self) -> bool {
        self.outcome.is_ok()
    }
}

/// Why a row was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("row {row} ({guid}): {error} ({status})")]
pub(super) struct RowFailure {
    pub(super) row: usize,
    pub(super) guid: String,
    pub(super) status: u16,
    pub(super) error: String,
}

/// What has become of all rows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Loaded {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) unchanged: usize,
    /// Rows that an earlier load has sent.
    pub(super) before: usize,
    pub(super) failed: usize,
    /// The first of them.
    pub(super) errors: Vec<RowFailure>,
}

impl Loaded {
    pub(super) fn add(&mut self, sent: Sent) {
        match sent.outcome {
            Ok(Did::Created) => self.created += 1,
            Ok(Did::Updated) => self.updated += 1,
            Ok(Did::Unchanged) => self.unchanged += 1,
            Err(failure) => {
                self.failed += 1;
                if self.errors.len() < KEPT {
                    self.errors.push(failure);
                }
            }
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.created + self.updated + self.unchanged + self.before + self.failed
    }

    /// For people.
    pub(super) fn told(&self, dry_run: bool, seconds: f64) -> String {
        let Self { created, updated, unchanged, before, failed, .. } = self;
        let would = if dry_run { " (dry run: nothing was written)" } else { "" };
        let earlier = if *before > 0 { format!(", {before} loaded before") } else { String::new() };
        format!(
            "{} rows: {created} created, {updated} updated, {unchanged} unchanged{earlier}, {failed} failed \
             in {seconds:.1} s{would}",
            self.rows()
        )
    }
}
