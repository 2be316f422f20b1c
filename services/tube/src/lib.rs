//! The ETL of a commons: from the graph to flat documents for a search index, as etlMapping.yaml says.
//!
//! [`Etl::read`] reads a mapping and looks up every name in the dictionary; all problems come at once, each
//! with its place and remedy. [`Etl::run`] reads the graph in windows of roots, with one statement for each
//! block of the mapping and all roots of the window, and hands the documents to a [`Sink`] in the order of
//! their roots. The whole run sees the graph of one moment.
//!
//! What differs from the original, and how [`Form::Compat`] brings it back, is in `docs/quirks/tube.md`.

mod compile;
mod etl;
mod folder;
mod form;
mod grammar;
mod ir;
mod likeness;
mod outline;
mod plan;
mod problem;
mod run;
mod sink;

pub use etl::Etl;
pub use folder::Folder;
pub use form::Form;
pub use outline::{Field, FieldKind, Outline, Scalar, Shape};
pub use plan::Planned;
pub use problem::{Problem, Severity};
pub use run::{Built, Options, RunError};
pub use sink::{Document, Sink, SinkError};
