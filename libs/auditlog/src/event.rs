//! What is written down (audit-service 2.1: schema 2.1 of logins, 1.1 of signed URLs).

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds of events, each with a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Somebody logged in.
    Login,
    /// Somebody asked for a signed URL.
    PresignedUrl,
}

impl Category {
    /// All of them, in the order of the original's messages.
    pub const ALL: [Self; 2] = [Self::Login, Self::PresignedUrl];

    /// The name in paths and of the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::PresignedUrl => "presigned_url",
        }
    }

    /// The category of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

/// Somebody logged in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// The path that was called, without what is secret in its query.
    pub request_url: String,
    /// The status of the answer.
    pub status_code: i32,
    /// When, in seconds since 1970; now if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// The user.
    pub username: String,
    /// fence's id of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<i32>,
    /// Name of the identity provider.
    pub idp: String,
    /// The provider behind another fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence_idp: Option<String>,
    /// The provider behind Shibboleth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shib_idp: Option<String>,
    /// The OAuth client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The address of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_data: Option<Value>,
}

/// Somebody asked for a signed URL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PresignedUrl {
    /// The path that was called.
    pub request_url: String,
    /// The status of the answer.
    pub status_code: i32,
    /// When, in seconds since 1970; now if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// The user.
    pub username: String,
    /// fence's id of the user; none for public data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<i32>,
    /// The file.
    pub guid: String,
    /// The resources that guard it; none if there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_paths: Option<Vec<String>>,
    /// `download` or `upload`.
    pub action: String,
    /// The protocol of the URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_data: Option<Value>,
}

/// Something that is written down.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody logged in.
    Login(Login),
    /// Somebody asked for a signed URL.
    PresignedUrl(PresignedUrl),
}

impl Event {
    /// Its kind.
    pub fn category(&self) -> Category {
        match self {
            Self::Login(_) => Category::Login,
            Self::PresignedUrl(_) => Category::PresignedUrl,
        }
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
