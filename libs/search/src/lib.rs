//! Searching flat documents, whatever engine holds them.
//!
//! A caller says what it wants in trees of its own: a [`Query`], an [`Aggregation`], a [`Search`]. An
//! [`Engine`] answers, and every engine gives the same answer: an Elasticsearch or OpenSearch server, or the
//! index that is part of the program. What the answers mean is said here, with the trees.
//!
//! Documents are JSON objects. What may be asked of their fields is in the [`Mapping`] of their index, in the
//! form of Elasticsearch 7 (`{"properties": {…}}`), as the ETL has always written it.

mod aggregation;
mod engine;
mod error;
mod mapping;
mod query;
mod request;

pub use aggregation::{Aggregate, Aggregates, Aggregation, Aggregations, Bin, Bucket, Stats};
pub use engine::{AliasChange, Definition, Engine, Information, Operation, Pages, Rejected, Written};
pub use error::SearchError;
pub use mapping::{Field, Kind, Mapping, MappingError};
pub use query::{Query, Range, Scalar, Words};
pub use request::{Found, Hit, Search, Sort, Source};
