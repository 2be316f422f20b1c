//! Object stores: signing URLs for clients, and the few calls that the services make themselves.
//!
//! [`ObjectStore`] is what services see; [`S3Store`] speaks to Amazon S3 and to anything compatible with it.
//! [`embedded`] is such a store over a folder, for a commons on one machine.
//!
//! `docs/decisions/object-store-signing.md` tells why `rusty-s3` signs and not the AWS SDK.

mod config;
pub mod embedded;
mod error;
mod location;
mod s3;
mod store;

pub use config::{AwsCredentials, BucketConfig, Buckets, ConfigError};
pub use error::StorageError;
pub use location::Location;
pub use s3::S3Store;
pub use store::{Access, ByteStream, ObjectInfo, ObjectStore, Page, Part};
