//! Loads, resolves and checks Gen3 data dictionaries and validates records. All of it is pure except
//! [`Dictionary::load`], [`read_files`] and [`Watched`].
//!
//! A dictionary is a set of YAML files, one for each node type, published as one merged JSON object of file
//! names and contents. Loading resolves the references between them and gives typed nodes and links.

mod build;
mod builtin;
mod check;
mod compare;
mod connect;
mod draft4;
mod examples;
mod graphql_names;
mod model;
mod nulls;
mod patterns;
mod problem;
mod resolve;
mod source;
mod stored;
mod unreadable;
mod validators;
mod watched;
mod wording;

pub use check::{check, check_sources};
pub use compare::{Change, ChangeKind, Impact, LinkRules, changed_types, compare};
pub use examples::{Example, examples};
pub use graphql_names::{is_graphql_name, is_graphql_type};
pub use model::{
    AllProperties, Category, Dictionary, Link, LinkGroup, LinkItem, Multiplicity, NodeType, Property,
    ScalarType,
};
pub use problem::{LoadError, Problem, Severity};
pub use source::{Sources, read, read_files};
pub use stored::{Breach, StoredValidators};
pub use validators::{SchemaValidator, Validators, Violation, ViolationKind};
pub use watched::Watched;
