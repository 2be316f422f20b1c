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
    /// How many queries run at the same time.
    pub lanes: LaneLimits,
    /// The memory that queries may have together, with whatever else the process holds for callers.
    pub memory: resources::Budget,
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
            lanes: LaneLimits::default(),
            memory: resources::Budget::of_process(),
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
    /// The same for queries that are small by their estimate: one that is not must not stand in their lane.
    pub small_time: Duration,
    /// The rows that the database may have to look at, as estimated before it is asked. It looks at some ten
    /// million a second.
    pub looks: u64,
    /// A query that looks at no more than this many rows is small.
    pub small_looks: u64,
    /// The rows that are read.
    pub rows: usize,
    /// The bytes of the answer.
    pub bytes: usize,
    /// The lists and counts that are asked for, each of which is work for the database.
    pub scans: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(300),
            small_time: Duration::from_secs(60),
            looks: 500_000_000,
            small_looks: 500_000,
            rows: 10_000_000,
            bytes: 4 << 30,
            scans: 2_000,
        }
    }
}

/// How many queries run at the same time. Small ones do not wait for large ones.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// Of queries that look at few rows.
    pub small: fairness::Limits,
    /// Of all others.
    pub large: fairness::Limits,
}

impl Default for LaneLimits {
    /// Together they leave some of a pool of twenty connections.
    fn default() -> Self {
        let patience = Duration::from_secs(30);
        Self {
            small: fairness::Limits {
                places: 11,
                places_of_caller: 6,
                waiting_of_caller: 500,
                waiting: 2_000,
                patience,
            },
            large: fairness::Limits {
                places: 6,
                places_of_caller: 2,
                waiting_of_caller: 20,
                waiting: 100,
                patience,
            },
        }
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
    /// Bytes of all answers together that may wait in files for clients that read slowly.
    pub in_files: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { rows: 1_000, bytes: 8 << 20, held_back: 2 << 20, in_files: 1 << 30 }
    }
}
