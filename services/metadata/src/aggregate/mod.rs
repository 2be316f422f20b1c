//! The aggregate: studies of other commons, brought to one form and kept here.
//!
//! [`SyncConfig`] is the original's configuration, [`sync`] pulls what it names and replaces what was there,
//! one commons at a time; the studies of a commons that does not answer stay. Pure: `config`, `filters`,
//! `mapping`, `normalize` and `storable`.

mod checked;
mod config;
mod filters;
mod mapping;
mod normalize;
mod pull;
mod storable;
mod sync;

pub use checked::parse;
pub use config::{SyncConfig, SyncConfigError};
pub use sync::{CommonsReport, Mode, Progress, SyncError, SyncReport, sync};

pub(crate) use normalize::STUDY;
pub(crate) use storable::Storable;
