//! Where the objects of a commons are: what is told of its stores, and who looks at them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Serialize;

/// Whose kind a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// The store of this process, over a folder.
    Embedded,
    /// Amazon S3, or what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
    /// A folder of this machine.
    Folder,
}

/// For what a commons uses a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Files that users upload.
    Uploads,
    /// Files that are there already.
    Files,
    /// A tier of the archive.
    Archive,
    /// Files that are made for somebody.
    Exports,
    /// Users' lists of files.
    Manifests,
    /// Outputs of tasks.
    Tasks,
}

/// A bucket, a part of one, or a folder, as it is configured. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// How the urls of its objects begin in index records, with a slash at the end.
    pub url: String,
    /// Whose kind it is.
    pub kind: StoreKind,
    /// What it is used for.
    pub purposes: BTreeSet<Purpose>,
    /// Where this process reaches it, where that is said.
    pub endpoint: Option<String>,
    /// Its region, where that is said.
    pub region: Option<String>,
    /// How the keys in it begin, if not all of the bucket is meant.
    pub prefix: Option<String>,
    /// The tier of the archive that it is.
    pub tier: Option<String>,
    /// The storage class of the objects of the tier.
    pub storage_class: Option<String>,
    /// Most that it is to keep, in bytes, where that is said.
    pub capacity: Option<u64>,
}

/// Whether a store can be used from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "why", rename_all = "snake_case")]
pub enum Reach {
    /// It answers.
    Reached,
    /// It does not, or refuses; with what was said.
    Unreached(String),
    /// It cannot be looked at from here; with the reason.
    Unknown(String),
}

/// What was found at a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// Whether it can be used.
    pub reach: Reach,
    /// Bytes that can still be written, for a store on a disk of this machine.
    pub free: Option<u64>,
}

/// What the file index has at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Records that have a url there.
    pub records: u64,
    /// Their bytes, as the records say.
    pub bytes: u64,
}

/// What the file index has, by place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// For each store, in the order in which [`Storage::stores`] names them.
    pub stores: Vec<Held>,
    /// Places that are none of these stores, such as `s3://bucket/`, the largest first.
    pub others: Vec<(String, Held)>,
    /// Whether there are more of them.
    pub has_more: bool,
    /// Records without a url.
    pub nowhere: Held,
}

/// Why nothing was counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncounted {
    /// This process has no way to the index; with what would be one.
    #[error("{0}")]
    Unknown(&'static str),
    /// It did not succeed.
    #[error("{0}")]
    Failed(String),
}

/// Who knows the stores of a commons.
#[async_trait]
pub trait Storage: Send + Sync {
    /// All of them, as they are configured.
    fn stores(&self) -> &[Store];

    /// Looks at each of them now, within a limit of time for all.
    async fn look(&self) -> Vec<Look>;

    /// Counts what the file index has there, which may take a while.
    ///
    /// # Errors
    /// See [`Uncounted`].
    async fn count(&self) -> Result<Count, Uncounted>;
}
