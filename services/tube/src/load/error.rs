//! What keeps indices from being filled.

use search::SearchError;

use crate::run::RunError;

/// What keeps indices from being filled. What was served before is still served.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The graph or the way to the documents failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The engine failed.
    #[error("the search engine cannot be used")]
    Engine(#[from] SearchError),
    /// The database failed.
    #[error("the graph's database failed")]
    Database(#[from] sqlx::Error),
    /// Another run is at work on the same indices.
    #[error("another run is at work on the index {0}; wait until it has ended")]
    Busy(String),
    /// The name is that of an index, where an alias is needed.
    #[error("{0} is an index, and not an alias; delete it or give the mapping another name")]
    Concrete(String),
    /// The engine does not have what was written.
    #[error("{index} has {found} documents in the search engine, where {written} were written")]
    Incomplete {
        /// The index.
        index: String,
        /// How many were written.
        written: u64,
        /// How many are there.
        found: u64,
    },
    /// A part of a run failed several times.
    #[error("the part {number} of the run failed")]
    Shard {
        /// Its number, from 0.
        number: u32,
        /// Why.
        #[source]
        reason: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine refused documents.
    #[error("the search engine refuses {number} documents of {index}, the first of them {id}: {reason}")]
    Rejected {
        /// The index.
        index: String,
        /// How many of a batch.
        number: usize,
        /// The first one.
        id: String,
        /// Why.
        reason: String,
    },
}
