//! What is asked and what is answered.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// On whose behalf a question is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The bearer of this access token.
    Token(String),
    /// The user of this name, vouched for by the calling service.
    User(String),
    /// The OAuth client of this id, vouched for by the calling service.
    Client(String),
    /// Somebody who has not logged in.
    Anonymous,
}

impl Subject {
    /// The bearer token of an `Authorization` header value, or [`Subject::Anonymous`] without a header.
    /// A header that is not a bearer token gives `None`.
    pub fn from_authorization(header: Option<&str>) -> Option<Self> {
        match header {
            None => Some(Self::Anonymous),
            Some(value) => tokens::bearer(value).map(|token| Self::Token(token.to_owned())),
        }
    }
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(..)"),
            Self::User(name) => f.debug_tuple("User").field(name).finish(),
            Self::Client(id) => f.debug_tuple("Client").field(id).finish(),
            Self::Anonymous => f.write_str("Anonymous"),
        }
    }
}

/// A method of a service, for example `read` of `peregrine`. `*` in a stored permission matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Action {
    /// The service.
    #[serde(default)]
    pub service: String,
    /// The method.
    #[serde(default)]
    pub method: String,
}

/// One question: may this be done to that resource?
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Resource path (starts with `/`) or tag.
    pub resource: String,
    /// What is to be done.
    pub action: Action,
}

impl Request {
    /// The question whether `method` of `service` is permitted on `resource`.
    pub fn new(resource: &str, service: &str, method: &str) -> Self {
        let action = Action { service: service.to_owned(), method: method.to_owned() };
        Self { resource: resource.to_owned(), action }
    }
}

/// Resource path to the distinct actions permitted on it, in the order of arborist's answer.
pub type Mapping = IndexMap<String, Vec<Action>>;

/// What a new resource looks like beside its path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceSpec {
    /// Free text.
    pub description: Option<String>,
}

/// What a user is to arborist. Whoever was never spoken of is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// No token of the user counts, and the name has no rights but those of everybody.
    Deactivated,
    /// The user is let in again; tokens from before the deactivation have ended nevertheless.
    Active,
    /// The user does not exist any more: tokens so far have ended, and the name is for whoever has it next.
    Deleted,
}

/// Why the answer is not "yes".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthzError {
    /// arborist said no.
    #[error("not permitted")]
    Denied,
    /// arborist refused the token; the message is arborist's own.
    #[error("{0}")]
    Unauthenticated(String),
    /// The token is fine but speaks for nobody, or arborist forbids the question itself.
    #[error("{0}")]
    Forbidden(String),
    /// The question is malformed; the message is arborist's own.
    #[error("{0}")]
    BadRequest(String),
    /// There was no answer.
    #[error("arborist cannot be reached: {0}")]
    Unavailable(String),
}
