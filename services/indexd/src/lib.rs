//! indexd: the file index of the commons.
//!
//! A record says where a file's bytes are (`urls`), how they can be checked (`size`, `hashes`) and which
//! resources guard them (`authz`). Records are named by GUIDs; versions share a `baseid`. The same records
//! are served as GA4GH DRS objects. Routes, bodies and tables are those of uc-cdis/indexd 6.3.0; an
//! existing database of either of its layouts is adopted in place.
//!
//! Layers: `routes` (HTTP) call methods of [`Indexd`] (`actions`: checks, permission, transaction), which
//! call `store` (SQL). Other services use [`Indexd`] in the same process through
//! [`indexclient::IndexClient`].

mod actions;
mod aliased;
mod auth;
mod authorizations;
mod buckets;
mod bulk_places;
mod client;
mod config;
mod dates;
mod dist;
mod document;
mod drs;
mod error;
mod guid;
mod hashes;
mod indexd;
mod input;
mod layout;
mod marks;
mod migrate;
mod new_record;
mod parameters;
pub mod permits;
mod places;
mod prefix;
mod query;
mod routes;
mod service;
mod store;
mod transfer;
pub mod users;

pub use aliased::aliased;
pub use authorizations::{AuthorizationPolicy, PathAuthorization, SupportedType};
pub use buckets::{BoxError, Buckets, FixedBuckets};
pub use config::{CloudProviders, Config, ConfigError, DistEntry, DrsForm, IndexConfig};
pub use error::{Error, Ga4ghError};
pub use indexd::Indexd;
pub use layout::Layout;
pub use migrate::{layout, migrate};
pub use places::{Held, Places, places};
pub use routes::endpoints;
pub use transfer::{TransferError, TransferMode, TransferOptions, Transferred, other_connections, transfer};
