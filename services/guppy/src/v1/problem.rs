//! What can go wrong, as RFC 9457 tells it.

use std::sync::Arc;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use fairness::Refused;
use search::SearchError;
use serde_json::json;
use web::{BodyError, Failure};

use crate::{access::NoSensitiveField, filter::FilterError, lower::OUT_OF_SCOPE, members::MembersError};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The body is no JSON, or a member of it is not as it has to be.
    #[error("{0}")]
    Invalid(String),
    #[error("there is no type {0:?}; GET /guppy/v1/indices names those that there are")]
    UnknownType(String),
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body breaks off")]
    BrokenOff,
    #[error("{OUT_OF_SCOPE}")]
    OutOfScope,
    #[error(
        "{0:?} has so few documents which you may not read that nothing may be told of it; filter less, or \
         ask for what is accessible"
    )]
    SmallGroup(String),
    #[error(
        "there is no such download, or it has ended: a ticket is good for ten minutes, and for who asked for \
         it"
    )]
    NoTicket,
    #[error("there are too many downloads that wait; get one of them, or try again in some minutes")]
    TooManyTickets,
    #[error("sets are kept for users: log in, and send your token")]
    NotLoggedIn,
    #[error("this commons keeps no sets: its search service has no database")]
    NoSets,
    #[error("there is no set {0:?}, or it is somebody else's who does not share it")]
    NoSet(String),
    #[error("the set is somebody else's, who lets you read it")]
    NotYours,
    #[error("you have as many sets as one may have, {0}, or as many bytes in them, {1}: delete some")]
    TooManySets(i64, i64),
    #[error("the search engine is not available")]
    Away(#[source] Arc<SearchError>),
    #[error(transparent)]
    Busy(#[from] Refused),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Problem {
    pub(crate) fn invalid(told: impl Into<String>) -> Self {
        Self::Invalid(told.into())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::BrokenOff,
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Unavailable(_) => Self::Away(Arc::new(error)),
            SearchError::Refused(reason) => Self::Invalid(reason),
            SearchError::TooLong(_) => Self::Invalid(error.to_string()),
            error => Failure::internal("searching", error).into(),
        }
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::Invalid(format!("filter: {error}"))
    }
}

impl From<MembersError> for Problem {
    fn from(error: MembersError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<NoSensitiveField> for Problem {
    fn from(error: NoSensitiveField) -> Self {
        Failure::internal("leaving out sensitive records", error).into()
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::BrokenOff => StatusCode::BAD_REQUEST,
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::NoSets => StatusCode::NOT_IMPLEMENTED,
            Self::UnknownType(_) | Self::NoTicket | Self::NoSet(_) => StatusCode::NOT_FOUND,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManySets(..) => StatusCode::CONFLICT,
            Self::OutOfScope | Self::SmallGroup(_) | Self::NotYours => StatusCode::FORBIDDEN,
            Self::TooManyTickets | Self::Busy(Refused::Caller) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(Refused::Everybody) | Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = match self {
            Self::Failure(failure) => {
                failure.log();
                failure.response()
            }
            _ => HttpResponse::build(status),
        };
        if let Self::Busy(refused) = self {
            response.insert_header((RETRY_AFTER, refused.retry_after()));
        }
        if let Self::Away(error) = self {
            tracing::warn!(error = error as &dyn std::error::Error, "the request was turned away");
            response.insert_header((RETRY_AFTER, "1"));
        }
        // A client never sees the cause of a failure.
        let detail = match self {
            Self::Failure(_) => "the request failed; the log of the service says why".to_owned(),
            problem => problem.to_string(),
        };
        response.content_type("application/problem+json").body(
            json!({
                "type": "about:blank",
                "title": status.canonical_reason().unwrap_or_default(),
                "status": status.as_u16(),
                "detail": detail,
            })
            .to_string(),
        )
    }
}
