//! What can go wrong, and how it is told (peregrine 3.2.6).

use std::time::Duration;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

/// Why a request has no (whole) answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No token, or one that is refused.
    #[error("Authentication Error: {0}")]
    Unauthenticated(String),
    /// The request itself is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// There is no such thing, or it may not be read.
    #[error("{0}")]
    NotFound(String),
    /// The route has other methods.
    #[error("405 Method Not Allowed: The method is not allowed for the requested URL.")]
    MethodNotAllowed,
    /// The body is larger than permitted.
    #[error("The request is too large: at most {0} bytes are accepted.")]
    TooLarge(usize),
    /// The query is wrong; there is no data.
    #[error("{0}")]
    Query(String),
    /// The query is wrong in several ways; there is no data.
    #[error("{}", .0.join("; "))]
    Queries(Vec<String>),
    /// The answer would be larger than permitted.
    #[error("{0}")]
    Budget(String),
    /// The query took too long.
    #[error(
        "Query exceeded {:.1} second timeout.  Please reduce query complexity and try again.", .0.as_secs_f64()
    )]
    Timeout(Duration),
    /// Nobody waits for the answer any more.
    #[error("the client has gone")]
    ClientGone,
    /// The database refused a value of the query.
    #[error("{0}")]
    Value(String),
    /// Too many queries run at once.
    #[error("the database is busy; try again later")]
    Busy,
    /// Something of ours.
    #[error("internal server error")]
    Internal,
}

impl Error {
    /// Logs what happened and keeps it from the client.
    pub(crate) fn internal(what: &'static str, error: impl std::fmt::Display) -> Self {
        tracing::error!(error = %error, "{what}");
        Self::Internal
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
        match (code.as_str(), error.as_database_error()) {
            // query_canceled
            ("57014", _) => Self::Timeout(Duration::ZERO),
            // data exceptions, for example a NUL in a text or a date out of range: the query's fault
            (code, Some(refused)) if code.starts_with("22") => Self::Value(refused.message().to_owned()),
            // program limit exceeded: a document of 256 MB or more
            ("54000", _) => Self::Budget("A part of the answer is too large to be shown.".to_owned()),
            // statement too complex
            ("54001", _) => Self::Query("The query is too complex.".to_owned()),
            _ => Self::internal("the database failed", error),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let body = match self {
            Self::Query(_) | Self::Budget(_) | Self::Timeout(_) | Self::ClientGone | Self::Value(_) => {
                json!({ "data": null, "errors": [self.to_string()] })
            }
            Self::Queries(messages) => json!({ "data": null, "errors": messages }),
            _ => json!({ "message": self.to_string() }),
        };
        HttpResponse::build(self.status_code()).json(body)
    }
}
