//! Everything that can go wrong, and how arborist says so.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

use crate::model::Resource;

/// A request that is not answered with what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The request is malformed, or names things that do not exist where they must.
    #[error("{0}")]
    BadRequest(String),
    /// No token, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(String),
    /// Denied, or a token that speaks for nobody.
    #[error("{0}")]
    Forbidden(String),
    /// What the path names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// It exists already.
    #[error("{0}")]
    Conflict(String),
    /// The resource exists already; the answer shows it.
    #[error("failed to insert resource: resource with this path already exists: `{}`", .0.path)]
    ResourceExists(Box<Resource>),
    /// The body is larger than arborist takes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// Errors that the original answers as a bare JSON text.
    #[error("{1}")]
    BareText(StatusCode, String),
    /// The request may be fine, but cannot be answered now: keys cannot be fetched, or it collided with another.
    #[error("{0}")]
    Unavailable(String),
    /// The database did not do what it was asked.
    #[error("the database refused or could not be reached")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else { return Self::Database(error) };
        match database.code().as_deref() {
            // A raised exception: the triggers of the tables speak to the caller.
            Some("P0001") => Self::BadRequest(database.message().to_owned()),
            Some("23505") => Self::Conflict("a concurrent request has just created this".into()),
            // A referenced row was deleted in between.
            Some("23503") => {
                Self::Conflict("a concurrent request has just deleted what this refers to".into())
            }
            // A deadlock, or two transactions that cannot both be the first.
            Some("40P01" | "40001") => {
                Self::Unavailable("the request collided with a concurrent one; send it again".into())
            }
            Some("22021" | "22P05") => Self::BadRequest("a text holds a NUL character".into()),
            Some("22001" | "42622" | "54000") => Self::BadRequest("a text is too long".into()),
            Some("22007" | "22008") => Self::BadRequest("a date or time cannot be understood".into()),
            // Other values that a column cannot hold.
            Some(code) if code.starts_with("22") || code == "42601" => {
                Self::BadRequest("a value cannot be stored".into())
            }
            _ => Self::Database(error),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::ResourceExists(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BareText(status, _) => *status,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Database(source) = self {
            tracing::error!(error = %source, "the database failed");
        }
        let status = self.status_code();
        let error = json!({ "message": self.to_string(), "code": status.as_u16() });
        let body = match self {
            Self::BareText(_, text) => json!(text),
            Self::ResourceExists(resource) => json!({ "error": error, "exists": resource }),
            _ => json!({ "error": error }),
        };
        HttpResponse::build(status).json(body)
    }
}

impl From<Error> for authz::AuthzError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error.status_code().as_u16() {
            400 | 404 | 409 | 413 => Self::BadRequest(text),
            401 => Self::Unauthenticated(text),
            403 => Self::Forbidden(text),
            _ => Self::Unavailable(text),
        }
    }
}
