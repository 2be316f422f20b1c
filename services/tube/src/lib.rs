//! The ETL of a commons: from the graph to flat documents for a search index, as etlMapping.yaml says.
//!
//! [`Etl::read`] reads a mapping and looks up every name in the dictionary; all problems come at once, each
//! with its place and remedy. [`Etl::run`] reads the graph in windows of roots, with one statement for each
//! block of the mapping and all roots of the window, and hands the documents to a [`Sink`] in the order of
//! their roots. The whole run sees the graph of one moment.
//!
//! A [`Loader`] brings the documents into a search engine: [`Loader::run`] into new indices, which come into
//! the place of the old ones in one step; [`Loader::follow`] only those of roots that something has happened
//! to; [`Loader::verify`] proves that both are the same.
//!
//! What differs from the original, and how [`Form::Compat`] brings it back, is in `docs/quirks/tube.md`.

pub mod agreement;
mod aliases;
mod compile;
mod etl;
mod folder;
mod form;
mod grammar;
mod ir;
mod likeness;
mod load;
mod outline;
mod plan;
mod problem;
mod run;
mod sink;
mod suggest;

pub use aliases::shared_config;
pub use etl::Etl;
pub use folder::Folder;
pub use form::Form;
pub use load::{
    Difference, Followed, IndexStatus, Job, LoadError, Loader, Made, Outcome, Reason, Record, Shards, Status,
    Verified,
};
pub use outline::{Field, FieldKind, Outline, Scalar, Shape};
pub use plan::Planned;
pub use problem::{Problem, Severity};
pub use run::{Built, Options, RunError, Shard};
pub use sink::{Document, Mark, Moment, Sink, SinkError};
pub use suggest::{Suggestion, suggest};
