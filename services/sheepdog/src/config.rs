//! The configuration.

use std::{path::PathBuf, time::Duration};

use resources::Budget;

use crate::runtime::spool::Place;

/// The settings of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// Put before `/programs/...` in the resource paths of registered files (`AUTH_NAMESPACE`).
    pub auth_namespace: String,
    /// Refuse file records whose bytes the file index does not know yet (`REQUIRE_FILE_INDEX_EXISTS`).
    pub require_file_index_exists: bool,
    /// Largest body of a submission, in bytes. Large ones wait in temporary files.
    pub body_limit: usize,
    /// Where temporary files live; `None`: the system's folder for them.
    pub temporary_folder: Option<PathBuf>,
    /// Submissions of at most this many documents are processed as one batch.
    pub whole_rows: usize,
    /// Larger ones are processed in batches of this many.
    pub batch_rows: usize,
    /// Most documents of a submission.
    pub most_rows: usize,
    /// The memory that submissions may have together, with whatever else the process holds for callers.
    pub memory: Budget,
    /// Most documents of a bulk transfer, whose documents are in memory at once.
    pub most_bulk_documents: usize,
    /// How often unfinished transactions, and records of the index that failed ones have left, are looked
    /// for.
    pub sweep_every: Duration,
    /// The version that `/_version` tells.
    pub version: String,
    /// The commit that `/_version` tells.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            auth_namespace: String::new(),
            require_file_index_exists: false,
            body_limit: 2 << 30,
            temporary_folder: None,
            whole_rows: 20_000,
            batch_rows: 5_000,
            most_rows: 5_000_000,
            memory: Budget::of_process(),
            most_bulk_documents: 20_000,
            sweep_every: Duration::from_secs(15),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}

impl Config {
    /// Where temporary files live.
    pub(crate) fn place(&self) -> Place {
        /// Bytes that stay in memory.
        const MEMORY: usize = 1 << 20;
        Place { folder: self.temporary_folder.clone(), memory: MEMORY }
    }
}
