//! How a client is told that it gets no token (RFC 6749 §5.2).

use std::fmt;

use serde_json::{Value, json};

/// A refused request of an OAuth client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: &'static str,
    description: Option<String>,
    status: u16,
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.code),
            None => write!(f, "{}: ", self.code),
        }
    }
}

impl Refusal {
    fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: Some(description.into()), status: 400 }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(crate) fn invalid_scope(description: impl Into<String>) -> Self {
        Self::new("invalid_scope", description)
    }

    pub(crate) fn unauthorized_client(description: impl Into<String>) -> Self {
        Self::new("unauthorized_client", description)
    }

    pub(crate) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new("invalid_client", description)
    }

    pub(crate) fn unsupported_response_type(asked: &str) -> Self {
        Self::new("unsupported_response_type", asked)
    }

    pub(crate) fn unsupported_grant_type() -> Self {
        Self { code: "unsupported_grant_type", description: None, status: 400 }
    }

    /// Without the description, where the original gives none.
    pub(crate) fn terse(self) -> Self {
        Self { description: None, ..self }
    }

    /// With 401: the client could not say who it is, or its user must log in again.
    pub(crate) fn unauthenticated(self) -> Self {
        Self { status: 401, ..self }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What clients read.
    pub fn body(&self) -> Value {
        match &self.description {
            Some(description) => json!({ "error": self.code, "error_description": description }),
            None => json!({ "error": self.code }),
        }
    }

    /// `WWW-Authenticate`, for a client that could not say who it is.
    pub fn challenge(&self) -> Option<String> {
        if self.status != 401 || self.code != "invalid_client" {
            return None;
        }
        let description = self.description.as_deref().unwrap_or_default().replace('"', "|");
        Some(format!("Basic error=\"{}\", error_description=\"{description}\"", self.code))
    }
}
