//! What holds the documents.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde_json::{Map, Value};

use crate::{
    error::SearchError,
    mapping::Mapping,
    query::Query,
    request::{Found, Hit, Search, Sort, Source},
};

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Information {
    /// `elasticsearch`, `opensearch`, or `embedded`.
    pub kind: String,
    /// Its version.
    pub version: String,
}

/// An index that is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What may be asked of its documents.
    pub mapping: Mapping,
    /// Settings in the form of Elasticsearch, analyzers among them. Empty: those of the engine.
    pub settings: Map<String, Value>,
}

/// A change of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Puts a document into the place of one with the same id.
    Put {
        /// Its id. `None`: the engine gives one.
        id: Option<String>,
        /// A JSON object, on one line.
        body: String,
    },
    /// Takes a document away, if it is there.
    Delete {
        /// Its id.
        id: String,
    },
}

/// A document that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its place among the operations.
    pub place: usize,
    /// Why.
    pub reason: String,
}

/// What became of operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// How many were done.
    pub done: u64,
    /// Which were not.
    pub rejected: Vec<Rejected>,
}

/// A change of an alias. Several at once happen together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AliasChange {
    /// The alias also names this index.
    Add {
        /// Another name.
        alias: String,
        /// A concrete index.
        index: String,
    },
    /// The alias names this index no longer.
    Remove {
        /// Another name.
        alias: String,
        /// A concrete index.
        index: String,
    },
    /// The index goes, with its documents and all of its aliases.
    DeleteIndex {
        /// A concrete index.
        index: String,
    },
}

/// The documents of a query, page after page, as they were when it began.
pub type Pages = BoxStream<'static, Result<Vec<Hit>, SearchError>>;

/// What holds the documents. `index` is the name of an index or of an alias, wherever something is read.
#[async_trait]
pub trait Engine: Send + Sync + std::fmt::Debug {
    /// Whether it is there, and what it is.
    async fn information(&self) -> Result<Information, SearchError>;

    /// The mapping of an index, its fields in the order of the engine (by name).
    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError>;

    /// The aliases of each index that `name` means: an index, an alias, or a pattern with `*`. No index at
    /// all is an empty answer.
    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError>;

    /// How many callers it answers well at the same time.
    fn places(&self) -> usize {
        32
    }

    /// Answers several questions at once, each by itself, in their order.
    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>>;

    /// Answers a question.
    async fn search(&self, index: &str, search: &Search) -> Result<Found, SearchError> {
        let mut answers = self.search_all(&[(index, search)]).await;
        answers.pop().unwrap_or_else(|| Err(SearchError::Failed("no answer".into())))
    }

    /// All documents of a query, in pages of about `page`, as they were at the beginning, whatever is written
    /// meanwhile. Memory does not depend on how many there are.
    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError>;

    /// A document by its id.
    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError>;

    /// Makes an index.
    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError>;

    /// Changes documents of a concrete index. Visible to searches after [`refresh`](Engine::refresh), at the
    /// latest; durable when it returns.
    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError>;

    /// Makes everything that was written visible.
    async fn refresh(&self, index: &str) -> Result<(), SearchError>;

    /// Changes aliases, all together.
    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError>;
}
