//! The engine that is part of the program: documents in a folder, searched by tantivy.
//!
//! tantivy keeps columns, words and stored documents in segments, and makes them durable. What documents are
//! meant, counted and in which order they come is decided here, on its columns: sets of documents are bits,
//! values are numbers of terms. Nested objects are documents of their own in front of the one that has them.

mod analysis;
mod answer;
mod bits;
mod catalog;
mod chosen;
mod column;
mod counting;
mod document;
mod engine;
mod filter;
mod highlight;
mod index;
mod layout;
mod numbers;
mod order;
mod ordinals;
mod pages;
mod snapshot;
mod source;
mod view;
mod writing;

pub use catalog::OpenError;
pub use engine::Embedded;
