//! API keys that a workspace works with in its user's name.
//!
//! [`ApiKeys`] has two forms: fence's own (in the same process) and [`HttpApiKeys`] (fence elsewhere).
//! Whoever wants a key chooses its [`KeyId`] and writes it down **before** asking: then a key can be taken
//! back whatever has happened since, even if nobody ever heard that it was made.

mod http;

use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;

pub use http::HttpApiKeys;

/// What the identifiers of workspaces' keys begin with.
const PREFIX: &str = "ws-";

/// The identifier of a workspace's key, which nobody can guess. No other key of fence has one of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(Uuid);

impl KeyId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The one that [`KeyId::uuid`] was had from.
    pub fn of(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// What is random about it.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

/// As fence knows it: its tables have 36 characters for an identifier.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0.simple())
    }
}

/// For whom a key is made: the `Authorization` header of their request, as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Owner(pub String);

// Written by hand so that a token can never reach a log.
impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner(..)")
    }
}

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(pub String);

// Written by hand so that a key can never reach a log.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// Why fence did not do what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The owner may not have a key, such as one whose token was itself made from a key.
    #[error("fence answered {status}")]
    Refused {
        /// A status between 400 and 499.
        status: u16,
    },
    /// There was no usable answer.
    #[error("fence cannot be reached: {0}")]
    Unavailable(String),
}

/// Making and taking back the keys of workspaces.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Makes the key `id` for `owner`.
    ///
    /// # Errors
    /// When fence refuses it or gives no answer. It may have been made then all the same.
    async fn make(&self, owner: &Owner, id: KeyId) -> Result<ApiKey, KeyError>;

    /// Takes the key `id` back, whether it was made, is being made, or was taken back before: it is of no use
    /// from now on.
    ///
    /// # Errors
    /// When fence gives no answer.
    async fn take_back(&self, id: KeyId) -> Result<(), KeyError>;
}
