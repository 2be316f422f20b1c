//! A part of a run, and who makes it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{Built, Shard};

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Which part.
    pub shard: Shard,
    /// The moment that all parts see: its name in the database, as long as whoever gave the job lives.
    pub snapshot: String,
    /// Into which index the documents of each name go.
    pub indices: BTreeMap<String, String>,
}

/// What was built for each index, or why not.
pub type Made = Result<BTreeMap<String, Built>, Box<dyn std::error::Error + Send + Sync>>;

/// What makes parts: processes, of this machine or others.
pub trait Shards: fmt::Debug + Send + Sync {
    /// Makes a part with [`Loader::make`](crate::Loader::make), and tells what was built.
    fn make<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Made>;
}

/// How many parts, and who makes them.
#[derive(Debug, Clone)]
pub(super) struct Sharding {
    pub(super) of: u32,
    pub(super) shards: Arc<dyn Shards>,
}
