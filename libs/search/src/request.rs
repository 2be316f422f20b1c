//! What is wanted of the documents that are meant.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    aggregation::{Aggregates, Aggregations},
    query::Query,
};

/// Which fields of a document come with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    /// The whole document.
    #[default]
    All,
    /// None.
    None,
    /// These, by whole paths; a path of objects brings all that is in them. Objects keep their structure,
    /// and a list of objects the number of those in which something is left.
    Fields(Vec<String>),
}

/// By what documents are sorted. Documents without the field come last, whatever the direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// A whole path. Of several values the least counts in ascending order, the greatest in descending.
    pub field: String,
    /// The nested path of the field, if it has one.
    pub nested: Option<String>,
    /// From the greatest to the least.
    pub descending: bool,
}

/// A question to an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Which documents.
    pub query: Query,
    /// How many of them are left out at the front.
    pub from: u64,
    /// How many of them come at most.
    pub size: u64,
    /// In which order; ties, and all without a sort, in the order in which they were written.
    pub sort: Vec<Sort>,
    /// What comes of each.
    pub source: Source,
    /// Mark what [`Query::Text`] has found with `<em>`, in the sub-fields of this name.
    pub highlight: Option<String>,
    /// Only what comes after a hit with this [`Hit::position`]; `from` is then 0.
    pub after: Option<Vec<Value>>,
    /// What is counted over all documents of the query.
    pub aggregations: Aggregations,
}

impl Search {
    /// The first ten documents of a query, whole and in the order in which they were written.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            from: 0,
            size: 10,
            sort: Vec::new(),
            source: Source::All,
            highlight: None,
            after: None,
            aggregations: Aggregations::new(),
        }
    }

    /// No document, only figures.
    pub fn counting(query: Query, aggregations: Aggregations) -> Self {
        Self { size: 0, source: Source::None, aggregations, ..Self::new(query) }
    }
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its id in the index.
    pub id: String,
    /// What [`Search::source`] asked for.
    pub source: Map<String, Value>,
    /// Field (without the name of the sub-field) → fragments in which words are marked.
    pub highlights: BTreeMap<String, Vec<String>>,
    /// Where it stands in the order, for [`Search::after`]. Opaque.
    pub position: Vec<Value>,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// How many documents the query has, exactly.
    pub total: u64,
    /// The page.
    pub hits: Vec<Hit>,
    /// What was counted.
    pub aggregates: Aggregates,
}
