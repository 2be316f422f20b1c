//! Failures of a store.

/// Why a store did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No configured bucket has this name, neither exactly nor by pattern.
    #[error("the bucket {0} is not configured")]
    UnknownBucket(String),
    /// The key cannot be written in a URL: it is empty, or a segment of it is `.` or `..`. Or the store's
    /// protocol has no way to name it.
    #[error("an object key must not be empty and must not have segments . or ..")]
    Key,
    /// The bucket is configured in a way that gives no URL.
    #[error("the configuration of the bucket {bucket} gives no address: {reason}")]
    Address {
        /// Which bucket.
        bucket: String,
        /// What the URL parser said.
        reason: String,
    },
    /// Nothing gives credentials for the bucket, or what gives them refused.
    #[error("there are no credentials for the bucket {bucket}: {reason}")]
    Credentials {
        /// Which bucket.
        bucket: String,
        /// What was tried.
        reason: String,
    },
    /// There is no such object, upload or bucket in the store.
    #[error("the store has no such object")]
    NotFound,
    /// The store refused the request.
    #[error("the store answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code of the store's error document, such as `AccessDenied`.
        code: String,
    },
    /// Stores of this kind cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// There was no usable answer.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
}

impl StorageError {
    /// Whether the same call may succeed a moment later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}
