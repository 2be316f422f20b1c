//! Everything that can go wrong, in the form of the original.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::json;
use storage::StorageError;
use tokens::TokenError;
use web::BodyError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 403: there is no token of a user, or one that is not accepted.
    #[error("Please log in.")]
    NotLoggedIn,
    /// 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405.
    #[error("the method is not allowed for this URL")]
    MethodNotAllowed,
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 500, or 503 when it may be better a moment later: the object store did not do it.
    #[error("Currently unable to connect to s3.")]
    Storage(#[source] StorageError),
}

impl Error {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound => Self::NotFound("there is no such file"),
            StorageError::Key => Self::bad("this cannot be the name of a file"),
            other => Self::Storage(other),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::bad("the body cannot be read"),
        }
    }
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        if let AuthzError::Unavailable(_) = error { Self::Undecided(error) } else { Self::NotLoggedIn }
    }
}

impl From<TokenError> for Error {
    fn from(_: TokenError) -> Self {
        Self::NotLoggedIn
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotLoggedIn => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Storage(StorageError::Refused { status: 507, .. }) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Storage(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `{"error": text}`.
    fn error_response(&self) -> HttpResponse {
        if let Self::Storage(error) = self {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the object store did not keep or give a file");
        }
        if let Self::Undecided(_) = self {
            tracing::warn!(error = self as &dyn std::error::Error, "arborist gave no answer");
        }
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}
