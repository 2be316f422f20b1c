//! Everything that can go wrong, in the form of the original's web framework (FastAPI).

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use dataaccess::AccessError;
use indexclient::IndexError;
use serde::Serialize;
use serde_json::{Value, json};
use tokens::TokenError;
use web::{BodyError, Failure};

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The same as `msg` as a word for programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where it stands: `body` or `query`, then names and positions.
    pub loc: Vec<Value>,
    /// What is wrong.
    #[serde(rename = "msg")]
    pub message: &'static str,
}

impl Fault {
    pub(crate) fn of(kind: &'static str, loc: &[Value], message: &'static str) -> Self {
        Self { kind, loc: loc.to_vec(), message }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: what is asked for makes no sense, or is too much.
    #[error("{0}")]
    BadRequest(String),
    /// 422: values are missing or of another type.
    #[error("the request has values that cannot be used")]
    Unusable(Vec<Fault>),
    /// 401: there is no token or login, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404: there is no such document.
    #[error("{0}")]
    NotFound(String),
    /// 404: the aggregate has no such thing.
    #[error("{0}")]
    NotAggregated(String),
    /// 404 for a path that is none of ours.
    #[error("Not Found")]
    NoSuchPath,
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// A neighbour refused what the caller asks for; its status goes on to the caller.
    #[error("{text}")]
    Refused {
        /// The neighbour's status, between 400 and 499.
        status: u16,
        /// What the caller is told.
        text: String,
    },
    /// 503: a neighbour gives no answer.
    #[error("{text}")]
    Unanswered {
        /// What the caller is told.
        text: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }

    pub(crate) fn not_found(guid: &str) -> Self {
        Self::NotFound(format!("Not found: {guid}"))
    }

    pub(crate) fn fault(kind: &'static str, loc: &[Value], message: &'static str) -> Self {
        Self::Unusable(vec![Fault::of(kind, loc, message)])
    }

    /// A neighbour's refusal with the neighbour's status.
    pub(crate) fn index(error: IndexError, text: impl Into<String>) -> Self {
        let text = text.into();
        let status = match &error {
            IndexError::BadRequest(_) => 400,
            IndexError::Refused { status, .. } => *status,
            IndexError::NotFound(_) => 404,
            IndexError::Conflict(_) => 409,
            IndexError::Unavailable(_) => return Self::Unanswered { text, source: error.into() },
        };
        Self::Refused { status, text }
    }

    /// As [`Error::index`], of fence.
    pub(crate) fn fence(error: AccessError, text: impl Into<String>) -> Self {
        let text = text.into();
        match error {
            AccessError::Refused { status } => Self::Refused { status, text },
            AccessError::Unavailable(_) => Self::Unanswered { text, source: error.into() },
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some("22021" | "22P05" | "22P02") => {
                Self::bad("a text holds a NUL character or half a character, which cannot be stored")
            }
            Some("22003") => Self::bad("a number is too large to be stored"),
            Some("54000" | "54001") => Self::bad("a text is too long to be indexed, or a value is too deep"),
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::bad("There was an error parsing the body"),
        }
    }
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        match error {
            AuthzError::Unavailable(_) => {
                let text = "the authorisation cannot be asked now".to_owned();
                Self::Unanswered { text, source: error.into() }
            }
            AuthzError::Unauthenticated(_) => Self::Unauthenticated("Unauthorized"),
            _ => Self::Forbidden("Forbidden".into()),
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
            Self::NotFound(_) | Self::NotAggregated(_) | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused { status, .. } => StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST),
            Self::Unanswered { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    /// `{"detail": text}`, or a list of what is wrong with which value.
    fn error_response(&self) -> HttpResponse {
        let detail = match self {
            Self::Unusable(faults) => json!(faults),
            Self::NotAggregated(message) => json!({ "message": message, "code": 404 }),
            Self::Failed(failure) => {
                failure.log();
                return failure.response().json(json!({ "detail": "Internal Server Error" }));
            }
            other => Value::String(other.to_string()),
        };
        if let Self::Unanswered { .. } = self {
            tracing::warn!(error = self as &dyn std::error::Error, "a neighbour gave no answer");
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": detail }))
    }
}
