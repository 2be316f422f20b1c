//! Everything that can go wrong, and how arborist says so.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;
use tokens::TokenError;
use web::Failure;

use crate::model::Resource;

/// A request that is not answered with what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The request is malformed, or names things that do not exist where they must.
    #[error("{0}")]
    BadRequest(String),
    /// There is no token, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(String),
    /// As [`Error::Unauthenticated`] where the original answers 400 and a bare JSON string.
    #[error("tried to get username from jwt, but jwt decode failed: {0}")]
    MappingToken(String),
    /// It is denied, or the token speaks for nobody.
    #[error("{0}")]
    Forbidden(String),
    /// What the path names does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The user does not hold the policy; the original answers 400 and a bare JSON string.
    #[error(
        "Policy `{policy}` does not exist for user `{user}`: not revoking. \
         Check if it is assigned through a group."
    )]
    NotGrantedDirectly { policy: String, user: String },
    /// It exists already, or another request is changing it.
    #[error("{0}")]
    Conflict(String),
    /// The resource exists already; the answer shows it.
    #[error("failed to insert resource: resource with this path already exists: `{}`", .0.path)]
    ResourceExists(Box<Resource>),
    /// The body is larger than arborist takes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The keys that would verify the token cannot be fetched. Whoever fetched them has logged why.
    #[error(transparent)]
    KeysUnavailable(TokenError),
    /// The request is fine, but another one was in its way.
    #[error("the request collided with a concurrent one; send it again")]
    Collided,
    /// It is not the caller's fault. The causes are for the log.
    #[error("the database refused or could not be reached")]
    Failure(#[source] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else { return Self::Failure(error.into()) };
        match database.code().as_deref() {
            // A raised exception: the triggers of the tables speak to the caller.
            Some("P0001") => Self::BadRequest(database.message().to_owned()),
            Some("23505") => Self::Conflict("a concurrent request has just created this".into()),
            // A referenced row was deleted in between.
            Some("23503") => {
                Self::Conflict("a concurrent request has just deleted what this refers to".into())
            }
            // A deadlock, or two transactions that cannot both be the first.
            Some("40P01" | "40001") => Self::Collided,
            Some("22021" | "22P05") => Self::BadRequest("a string holds a NUL character".into()),
            Some("22001" | "42622" | "54000") => Self::BadRequest("a string is too long".into()),
            Some("22007" | "22008") => Self::BadRequest("a date or time cannot be understood".into()),
            // Other values that a column cannot hold.
            Some(code) if code.starts_with("22") || code == "42601" => {
                Self::BadRequest("a value cannot be stored".into())
            }
            _ => Self::Failure(error.into()),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::MappingToken(_) | Self::NotGrantedDirectly { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) | Self::ResourceExists(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::KeysUnavailable(_) | Self::Collided => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let error = json!({ "message": self.to_string(), "code": status.as_u16() });
        match self {
            Self::Failure(failure) => {
                failure.log();
                failure.response().json(json!({ "error": error }))
            }
            Self::MappingToken(_) | Self::NotGrantedDirectly { .. } => {
                HttpResponse::build(status).json(self.to_string())
            }
            Self::ResourceExists(resource) => {
                HttpResponse::build(status).json(json!({ "error": error, "exists": resource }))
            }
            _ => HttpResponse::build(status).json(json!({ "error": error })),
        }
    }
}

/// Answers a service in the same process. It does not see the causes, so they are logged here.
impl From<Error> for authz::AuthzError {
    fn from(error: Error) -> Self {
        if let Error::Failure(failure) = &error {
            failure.log();
        }
        let text = error.to_string();
        match error.status_code().as_u16() {
            400 | 404 | 409 | 413 => Self::BadRequest(text),
            401 => Self::Unauthenticated(text),
            403 => Self::Forbidden(text),
            _ => Self::Unavailable(text),
        }
    }
}
