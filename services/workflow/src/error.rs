//! Everything that can go wrong, in the form of the original's web server (FastAPI): `{"detail": …}`.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::json;
use storage::StorageError;
use tokens::TokenError;
use web::Failure;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 401: there is no token of a user, or one that is not accepted.
    #[error("Must provide an access token of a user")]
    Unauthenticated,
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404: there is no such thing, or not for this user.
    #[error("Not Found")]
    NotFound,
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 429: the user has too many tasks that have not ended.
    #[error("{0}")]
    TooMany(String),
    /// 503: a neighbour gives no answer.
    #[error("the commons cannot decide this now, try again later")]
    Undecided(String),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TokenError> for Error {
    fn from(_: TokenError) -> Self {
        Self::Unauthenticated
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        Self::Failed(Failure::internal("signing the URL of an output", error))
    }
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        match error {
            AuthzError::Unauthenticated(_) => Self::Unauthenticated,
            AuthzError::Denied | AuthzError::Forbidden(_) => Self::Forbidden("Permission denied".into()),
            AuthzError::BadRequest(text) | AuthzError::Unavailable(text) => Self::Undecided(text),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Failed(failure) = self {
            failure.log();
            return failure.response().json(json!({ "detail": "Internal Server Error" }));
        }
        if let Self::Undecided(cause) = self {
            tracing::warn!(cause, "a request about a task got no answer");
        }
        let mut response = HttpResponse::build(self.status_code());
        if matches!(self, Self::Undecided(_) | Self::TooMany(_)) {
            response.insert_header(("Retry-After", "5"));
        }
        response.json(json!({ "detail": self.to_string() }))
    }
}
