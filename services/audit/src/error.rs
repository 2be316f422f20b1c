//! Everything that can go wrong, in the form of the original's web framework (FastAPI).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::{Value, json};
use web::{BodyError, Failure};

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands: `body` or `query`, then the name.
    pub place: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// The same as a word for programs.
    pub kind: &'static str,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: what is asked for makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// 422: values are missing or of another type.
    #[error("the request has values that cannot be used")]
    Unusable(Vec<Fault>),
    /// 403: arborist says no, or refuses the token.
    #[error("Permission denied")]
    Denied,
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 404.
    #[error("Not Found")]
    NotFound,
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some("22021" | "22P05") => Self::bad("a text holds a NUL character, which cannot be stored"),
            _ => Self::Failed(error.into()),
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
        if let AuthzError::Unavailable(_) = error { Self::Undecided(error) } else { Self::Denied }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unusable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Failed(failure) => failure.status(),
        }
    }

    /// `{"detail": text}`, or a list of what is wrong with which value.
    fn error_response(&self) -> HttpResponse {
        let fault = |fault: &Fault| json!({ "type": fault.kind, "loc": fault.place, "msg": fault.message });
        let detail = match self {
            Self::Unusable(faults) => faults.iter().map(fault).collect(),
            Self::Failed(failure) => {
                failure.log();
                return failure.response().json(json!({ "detail": "Internal Server Error" }));
            }
            other => Value::String(other.to_string()),
        };
        if let Self::Undecided(error) = self {
            tracing::warn!(error = error as &dyn std::error::Error, "arborist gave no answer");
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": detail }))
    }
}
