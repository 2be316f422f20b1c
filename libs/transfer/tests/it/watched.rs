//! What a transfer told.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, Ordering},
};

use transfer::{Ended, Outcome, Watch};

/// One file: its id, its path, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) end: Result<Ended, &'static str>,
    pub(crate) message: String,
    pub(crate) checksums: Vec<&'static str>,
}

#[derive(Default)]
pub(crate) struct Watched {
    told: Mutex<Vec<Told>>,
    moved: AtomicI64,
}

impl Watched {
    pub(crate) fn told(&self) -> Vec<Told> {
        let mut told = self.told.lock().unwrap().clone();
        told.sort_by(|a, b| a.id.cmp(&b.id));
        told
    }

    pub(crate) fn ends(&self) -> Vec<Result<Ended, &'static str>> {
        self.told().into_iter().map(|told| told.end).collect()
    }

    pub(crate) fn moved(&self) -> i64 {
        self.moved.load(Ordering::SeqCst)
    }
}

impl Watch for Watched {
    fn doing(&self, _: &str) {}

    fn total(&self, _: u64, _: u64) {}

    fn moved(&self, bytes: u64) {
        self.moved.fetch_add(bytes as i64, Ordering::SeqCst);
    }

    fn lost(&self, bytes: u64) {
        self.moved.fetch_sub(bytes as i64, Ordering::SeqCst);
    }

    fn ended(&self, outcome: &Outcome) {
        self.told.lock().unwrap().push(Told {
            id: outcome.id.clone().unwrap_or_default(),
            path: outcome.path.display().to_string(),
            end: outcome.end.as_ref().map_err(transfer::TransferError::kind).copied(),
            message: outcome.end.as_ref().err().map(ToString::to_string).unwrap_or_default(),
            checksums: outcome.checksums.iter().map(|(name, _)| *name).collect(),
        });
    }
}
