//! What an operator can set.

/// What an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bucket (`manifest_bucket_name`).
    pub bucket: String,
    /// What stands before the folders of users (`prefix`); empty for nothing.
    pub prefix: String,
    /// Files that a folder may have.
    pub most_files: usize,
    /// Largest body of a request, and largest file, in bytes.
    pub body_limit: usize,
}

impl Config {
    /// The usual limits.
    pub fn of_bucket(bucket: &str) -> Self {
        let bucket = bucket.to_owned();
        Self { bucket, prefix: String::new(), most_files: 10_000, body_limit: 32 << 20 }
    }
}
