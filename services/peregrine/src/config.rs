//! What an operator can set.

use std::time::Duration;

use graphql::Limits;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What one request may use; the time is `GRAPHQL_TIMEOUT`.
    pub budget: Budget,
    /// How much of an answer is in memory at once.
    pub windows: Windows,
    /// How large a query may be.
    pub limits: Limits,
    /// Whether everybody may see the figures of all projects at `/datasets` (`PUBLIC_DATASETS`).
    pub public_datasets: bool,
    /// Largest body of a request, in bytes.
    pub body_limit: usize,
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            windows: Windows::default(),
            limits: Limits::default(),
            public_datasets: false,
            body_limit: 4 << 20,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}

/// What one request may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The time for each statement and for all of them together.
    pub time: Duration,
    /// The rows that are read.
    pub rows: usize,
    /// The bytes of the answer.
    pub bytes: usize,
    /// The lists and counts that are asked for, each of which is work for the database.
    pub scans: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { time: Duration::from_secs(600), rows: 10_000_000, bytes: 4 << 30, scans: 2_000 }
    }
}

/// How much of an answer is in memory at once.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    /// Nodes of a long list that are read first; how many are read next depends on how large these were.
    pub rows: usize,
    /// Bytes that may be held below the nodes of a window.
    pub bytes: usize,
    /// Bytes of an answer that are held back before its status is sent: until then every error is told.
    pub held_back: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Self { rows: 1_000, bytes: 8 << 20, held_back: 2 << 20 }
    }
}
