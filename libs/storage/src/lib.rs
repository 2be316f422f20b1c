//! Object stores: signing URLs for clients, and the calls that the services make themselves.
//!
//! [`ObjectStore`] is what services see. [`S3Store`] speaks to Amazon S3 and to anything compatible with it,
//! [`GoogleStore`] to Google Cloud Storage, [`AzureStore`] to Azure Blob Storage; [`Stores`] is all of them.
//! The crate `objectstore` is such a store over a folder, for a commons on one machine.
//!
//! `docs/decisions/object-store-signing.md` tells what they are reached with and what that costs.

mod azure;
mod documents;
mod encoded;
mod error;
mod google;
mod location;
mod objects;
mod s3;
mod store;
mod stores;

pub use azure::{AzureKeyError, AzureStore};
pub use error::StorageError;
pub use google::{GoogleCredentials, GoogleKeyError, GoogleStore, google_url};
pub use location::{Bucket, Kind, Location};
pub use s3::{AwsCredentials, BucketConfig, Buckets, ConfigError, S3Store, Style};
pub use store::{
    Access, ByteStream, Listed, Listing, ObjectInfo, ObjectStore, Part, Parts, Readable, Standing,
    UploadedPart,
};
pub use stores::Stores;
