//! Settings of the object stores of Google and Azure.

use serde::Deserialize;

/// `CIRRUS_CFG`, as far as it is about signing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct CirrusConfig {
    /// A file with the key of the service account that reads buckets.
    pub google_storage_creds: String,
    /// The same for everything else at Google, and for buckets where the first is not given.
    pub google_application_credentials: String,
}

/// A connection string, which has a key in it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ConnectionString(String);

impl ConnectionString {
    /// As it is written.
    pub(super) fn as_str(&self) -> &str {
        self.0.trim()
    }

    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

impl From<String> for ConnectionString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

// Written by hand so that the key can never reach a log.
impl std::fmt::Debug for ConnectionString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectionString(..)")
    }
}
