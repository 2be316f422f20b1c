//! Everything that can go wrong, in the form of the original: `{"message": text}`.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use authz::AuthzError;
use fairness::Refused;
use serde_json::json;
use web::Failure;

use crate::peer::PeerError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 400, which the original says in another form.
    #[error("expires has to be an integer")]
    Expires,
    /// 401.
    #[error("user is not logged in")]
    NotLoggedIn,
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 500: a provider gives no answer that can be used.
    #[error("{told}")]
    Provider {
        /// What the caller is told.
        told: &'static str,
        /// Why.
        source: PeerError,
    },
    /// 429 or 503: the caller, or everybody, asks for too much at once.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::Forbidden(text.into())
    }

    /// Who asks has shown nothing that says who they are.
    pub(crate) fn unknown_caller() -> Self {
        Self::forbidden("You need to be authenticated to use this resource")
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Expires => StatusCode::BAD_REQUEST,
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Provider { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(Refused::Caller) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(Refused::Everybody) | Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Expires => HttpResponse::BadRequest().json(json!({ "error": self.to_string() })),
            Self::Failed(failure) => {
                failure.log();
                failure.response().json(json!({ "message": "Internal Server Error" }))
            }
            Self::Refused(refused) => HttpResponse::build(self.status_code())
                .insert_header((RETRY_AFTER, refused.retry_after()))
                .json(json!({ "message": self.to_string() })),
            other => {
                if let Self::Undecided(_) = other {
                    tracing::warn!(error = other as &dyn std::error::Error, "arborist gave no answer");
                }
                if let Self::Provider { .. } = other {
                    let error = other as &dyn std::error::Error;
                    tracing::warn!(error, "an identity provider gave no token");
                }
                HttpResponse::build(other.status_code()).json(json!({ "message": other.to_string() }))
            }
        }
    }
}
