//! Everything that can go wrong, in the form of the original's web framework (FastAPI).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::json;
use tokens::TokenError;
use web::{BodyError, Failure};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: items that do not follow their rules, or a body that is no JSON.
    #[error("{0}")]
    BadRequest(String),
    /// 422: a body of another form, or too many lists.
    #[error("{0}")]
    Unusable(String),
    /// 401: there is no token of a user, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 404: the user has no such list.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 409: nothing would change, a name is taken, or a list has too many items.
    #[error("{0}")]
    Conflict(&'static str),
    /// 413.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The largest permitted size.
        limit: usize,
    },
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some("23505") => Self::Conflict("there is another list of this name"),
            Some("22021" | "22P05") => {
                Self::BadRequest("a text holds a NUL character, which cannot be stored".into())
            }
            Some("54000") => Self::BadRequest("a name is too long".into()),
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { what: "the body", limit },
            BodyError::BrokenOff(_) => Self::BadRequest("the body cannot be read".into()),
        }
    }
}

impl From<TokenError> for Error {
    fn from(_: TokenError) -> Self {
        Self::Unauthenticated("Could not verify, parse, and/or validate scope from provided access token.")
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unusable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    /// `{"detail": text}`.
    fn error_response(&self) -> HttpResponse {
        if let Self::Failed(failure) = self {
            failure.log();
            return failure.response().json(json!({ "detail": "Internal Server Error" }));
        }
        if let Self::Undecided(_) = self {
            tracing::warn!(error = self as &dyn std::error::Error, "arborist gave no answer");
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": self.to_string() }))
    }
}
