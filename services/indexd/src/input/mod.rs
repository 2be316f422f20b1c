//! Request bodies, parsed once into what the rest of the service works with.

mod alias;
mod blank;
mod bulk;
mod bundle;
mod fields;
pub(crate) mod number;
mod record;
mod value;

pub use alias::LegacyAliasInput;
pub(crate) use alias::record_aliases;
pub(crate) use blank::{BlankFill, BlankInput};
pub(crate) use bulk::Operation;
pub(crate) use bundle::BundleInput;
pub(crate) use record::{RecordInput, RecordUpdate, VersionsUpdate, check_url_metadata};
pub(crate) use value::FlatMetadata;
