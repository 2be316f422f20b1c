//! What can go wrong, as RFC 9457 tells it.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use archive::Unplanned;
use authz::AuthzError;
use serde_json::json;
use web::{BodyError, Failure};
use workqueue::{CancelError, RetryError, SubmitError};

use crate::manifest::{Unusable, WrongRow};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// 400: something that was asked for cannot be.
    #[error("{0}")]
    Invalid(String),
    /// 400: rows of a manifest are wrong.
    #[error("{told}")]
    Rows {
        /// How many.
        told: String,
        /// The first of them.
        errors: Vec<WrongRow>,
    },
    /// 401: there is no token of a user, or one that is not accepted.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 403.
    #[error("you may not {method} operations of the kind {kind:?}")]
    Forbidden {
        /// What was not permitted.
        method: &'static str,
        /// The kind.
        kind: String,
    },
    /// 403: a right on what guards files is missing.
    #[error("{0}")]
    FilesForbidden(String),
    /// 403: limits are the operator's.
    #[error("you may not change limits: it needs update of the service gen3-ops on /services/ops/limits")]
    NoLimits,
    /// 403: what is told to administrators only.
    #[error("this is for administrators: it needs read of the service gen3-ops on /services/ops/{0}")]
    ForAdministrators(&'static str),
    /// 403: argo-wrapper's own permission.
    #[error("you may not use workflows")]
    NoWorkflows,
    /// 403: sower's own permission.
    #[error("you may not start jobs")]
    NoJobs,
    /// 404.
    #[error("{0}")]
    NotFound(&'static str),
    /// 404: nothing is done under this name.
    #[error("there is no kind of operation {0:?}; GET /ops/v1/kinds names those that there are")]
    UnknownKind(String),
    /// 405.
    #[error("this path does not have this method")]
    MethodNotAllowed,
    /// 409: the run is not in the state for it.
    #[error("{0}")]
    Conflict(&'static str),
    /// 413.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// 429.
    #[error("{0}")]
    TooMany(&'static str),
    /// 507: it would not fit.
    #[error("{0}")]
    NoRoom(String),
    /// 503: something that is needed does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// 503: arborist gives no answer.
    #[error("the authorisation cannot be asked now")]
    Undecided(#[source] AuthzError),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::Invalid("the body breaks off".to_owned()),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::UnknownKind(kind) => Self::UnknownKind(kind),
            SubmitError::Params(_) => Self::Invalid(error.to_string()),
            SubmitError::Full(told) => Self::TooMany(told),
            SubmitError::Database(error) => error.into(),
        }
    }
}

impl From<Unplanned> for Problem {
    fn from(error: Unplanned) -> Self {
        let told = error.to_string();
        match error {
            Unplanned::Invalid(_) => Self::Invalid(told),
            Unplanned::Forbidden(_) => Self::FilesForbidden(told),
            Unplanned::NoRoom { .. } => Self::NoRoom(told),
            Unplanned::Unavailable(_) => Self::Unavailable(told),
        }
    }
}

impl From<Unusable> for Problem {
    fn from(error: Unusable) -> Self {
        let told = error.to_string();
        match error {
            Unusable::Invalid(_) => Self::Invalid(told),
            Unusable::Rows { shown, .. } => Self::Rows { told, errors: shown },
            Unusable::Unavailable(_) => Self::Unavailable(told),
            Unusable::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Over => Self::Conflict("the run has ended already"),
            CancelError::Database(error) => error.into(),
        }
    }
}

impl From<RetryError> for Problem {
    fn from(error: RetryError) -> Self {
        match error {
            RetryError::NotOver => Self::Conflict("the run has not ended yet"),
            RetryError::Submit(error) => error.into(),
        }
    }
}

impl Problem {
    /// What a client is told; never the cause of a failure.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Failed(_) => "the request failed; the log of the service says why".to_owned(),
            Self::Unavailable(_) => "something that is needed does not answer; try again later".to_owned(),
            Self::Rows { told, errors } => told_with(told, errors),
            problem => problem.to_string(),
        }
    }

    /// Whether it may go better soon.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::TooMany(_) | Self::Undecided(_) | Self::Unavailable(_))
    }

    /// Writes into the log what belongs there. Called where the answer is made.
    pub(crate) fn log(&self) {
        match self {
            Self::Unavailable(told) => tracing::warn!(told, "something that is needed does not answer"),
            Self::Failed(failure) => failure.log(),
            Self::Undecided(_) => {
                tracing::warn!(error = self as &dyn std::error::Error, "arborist gave no answer");
            }
            _ => {}
        }
    }
}

/// How many rows are wrong, and the first of them in words.
fn told_with(told: &str, errors: &[WrongRow]) -> String {
    let Some(first) = errors.first() else { return told.to_owned() };
    let column = first.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default();
    format!("{told}. Row {}{column}: {}", first.row, first.reason)
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::Rows { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. }
            | Self::FilesForbidden(_)
            | Self::NoLimits
            | Self::ForAdministrators(_)
            | Self::NoJobs
            | Self::NoWorkflows => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::UnknownKind(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoom(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Undecided(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let status = self.status_code();
        let mut response = match self {
            Self::Failed(failure) => failure.response(),
            _ => HttpResponse::build(status),
        };
        if self.is_passing() {
            response.insert_header((RETRY_AFTER, "5"));
        }
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.told(),
        });
        if let Self::Rows { errors, .. } = self {
            body["errors"] = json!(errors);
        }
        response.content_type("application/problem+json").body(body.to_string())
    }
}
