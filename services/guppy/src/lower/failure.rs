//! Why a part of an answer is missing.

use std::sync::Arc;

use search::SearchError;
use serde_json::{Value, json};

use crate::{access::NoSensitiveField, filter::FilterError};

/// What is told to who asks for rows that nobody may see who may not see all of them.
pub(crate) const OUT_OF_SCOPE: &str = "You don't have access to all the data you are querying. Try using \
                                       'accessibility: accessible' in your query";

/// Why a part of an answer is missing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("Invalid sort argument")]
    Sort,
    /// The request asks for what cannot be.
    #[error("{0}")]
    Input(String),
    /// As in the original an error of the server, although the request is the cause.
    #[error("{0}")]
    Odd(String),
    #[error("{OUT_OF_SCOPE}")]
    OutOfScope,
    #[error(transparent)]
    Sensitive(#[from] NoSensitiveField),
    /// The engine gave no answer.
    #[error("{}", told(.0))]
    Engine(Arc<SearchError>),
}

/// What a client hears of an engine that does not answer.
fn told(error: &SearchError) -> String {
    match error {
        SearchError::Refused(_)
        | SearchError::NoIndex(_)
        | SearchError::Exists(_)
        | SearchError::TooLong(_) => error.to_string(),
        SearchError::Unavailable(_) => "The search engine is not available".to_owned(),
        SearchError::Failed(_) => "The search engine failed".to_owned(),
    }
}

impl Failure {
    /// The code that clients see.
    pub(crate) fn code(&self) -> Value {
        match self {
            Self::Filter(FilterError::Kind(_)) => json!("INTERNAL_SERVER_ERROR"),
            Self::Filter(_) | Self::Sort | Self::Input(_) | Self::Sensitive(_) => json!("BAD_USER_INPUT"),
            // A number, as in the original.
            Self::OutOfScope => json!(401),
            Self::Odd(_) | Self::Engine(_) => json!("INTERNAL_SERVER_ERROR"),
        }
    }
}
