//! Everything that can go wrong, in the form of the original's web framework (FastAPI).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::{Value, json};
use tokens::TokenError;
use web::{BodyError, Failure};

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands: `body`, `query` or `path`, then the name.
    pub place: [String; 2],
    /// What is wrong.
    pub message: &'static str,
    /// The same as a word for programs.
    pub kind: &'static str,
}

impl Fault {
    pub(crate) fn of(place: &str, name: &str, kind: &'static str, message: &'static str) -> Self {
        Self { place: [place.to_owned(), name.to_owned()], message, kind }
    }
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
    /// 401: there is no token, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 403: arborist says no, or the token is of another kind.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404.
    #[error("Not found")]
    NotFound,
    /// 404 for a path that is none of ours.
    #[error("Not Found")]
    NoSuchPath,
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 409: the same is requested already.
    #[error("{0}")]
    Conflict(String),
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 500: arborist or another system did not do what follows a status. Nothing was changed.
    #[error("{doing}")]
    NotFollowed {
        /// What the caller is told.
        doing: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }

    pub(crate) fn not_followed(
        doing: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::NotFollowed { doing, source: source.into() }
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
        if let AuthzError::Unavailable(_) = error {
            Self::Undecided(error)
        } else {
            Self::Forbidden("Permission denied")
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
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFollowed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
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
        let error = self as &dyn std::error::Error;
        match self {
            Self::NotFollowed { .. } => tracing::error!(error, "what follows a status could not be done"),
            Self::Undecided(_) => tracing::warn!(error, "arborist gave no answer"),
            _ => {}
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": detail }))
    }
}
