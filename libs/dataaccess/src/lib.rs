//! How other services let a caller upload, download and delete files.
//!
//! [`DataAccess`] has two forms: fence's own (in the same process) and [`HttpDataAccess`] (fence elsewhere).
//! Each call is made for whoever sent a request, so fence decides as if they had asked it themselves.
//!
//! [`UploadProgress`] goes the other way: fence tells how far uploads are, in the same process or, by
//! [`HttpUploadProgress`], in another one.

mod http;
mod progress;

use std::error::Error;

use async_trait::async_trait;
use serde::Deserialize;

pub use http::HttpDataAccess;
pub use progress::HttpUploadProgress;

/// For whom a call is made: the `Authorization` header of their request, as it came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Caller(pub Option<String>);

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller(..)")
    }
}

/// A file that may be uploaded: its new record, and the URL to which its bytes are put.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct NewUpload {
    /// The record.
    pub guid: String,
    /// The signed URL.
    pub url: String,
}

// Written by hand so that a signed URL can never reach a log.
impl std::fmt::Debug for NewUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUpload").field("guid", &self.guid).finish_non_exhaustive()
    }
}

/// Why fence did not do what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The request was refused.
    #[error("fence answered {status}")]
    Refused {
        /// A status between 400 and 499.
        status: u16,
    },
    /// There was no usable answer.
    #[error("fence cannot be reached: {0}")]
    Unavailable(String),
}

/// What other services need of fence's files.
#[async_trait]
pub trait DataAccess: Send + Sync {
    /// Makes a blank record below the resources `authz`, or without any for files of no project yet, and a
    /// URL for its bytes.
    async fn begin_upload(
        &self,
        caller: &Caller,
        file_name: &str,
        authz: &[String],
    ) -> Result<NewUpload, AccessError>;

    /// The URL to which the bytes of a record are put.
    async fn upload_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError>;

    /// The URL from which the bytes of a record are had.
    async fn download_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError>;

    /// Deletes the bytes and the record.
    async fn delete(&self, caller: &Caller, guid: &str) -> Result<(), AccessError>;
}

/// How far the upload of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadStatus {
    /// Its bytes are there and are being read.
    Processing,
    /// Its record has size and hashes.
    Uploaded,
    /// Its record cannot be filled.
    Error,
}

impl UploadStatus {
    /// The word that clients know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Uploaded => "uploaded",
            Self::Error => "error",
        }
    }
}

/// Who keeps how far uploads are, beside the records of the files.
#[async_trait]
pub trait UploadProgress: Send + Sync {
    /// Notes it, if anything is kept for this GUID.
    ///
    /// # Errors
    /// When it cannot be kept at that moment.
    async fn note(&self, guid: &str, status: UploadStatus) -> Result<(), Box<dyn Error + Send + Sync>>;
}
