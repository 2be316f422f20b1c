//! What can go wrong, and how it is told (peregrine 3.2.6).

use std::time::Duration;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use fairness::Refused;
use resources::Exhausted;
use serde_json::json;
use web::{BodyError, Failure};

/// Why a request has no answer, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no token, or it is refused.
    #[error("Authentication Error: {0}")]
    Unauthenticated(String),
    /// The request itself is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// The body is a JSON list. The original fails on it, and programs that send one know that answer.
    #[error("internal server error")]
    ListBody,
    /// There is no such thing, or it may not be read.
    #[error("{0}")]
    NotFound(String),
    /// The route has other methods.
    #[error("405 Method Not Allowed: The method is not allowed for the requested URL.")]
    MethodNotAllowed,
    /// The body is larger than permitted.
    #[error("The request is too large: at most {0} bytes are accepted.")]
    TooLarge(usize),
    /// The query is wrong; there is no data.
    #[error("{0}")]
    Query(String),
    /// The query is wrong in several ways; there is no data.
    #[error("{}", .0.join("; "))]
    Queries(Vec<String>),
    /// The answer would be larger than permitted.
    #[error("{0}")]
    Budget(String),
    /// The database would have to look at more than permitted.
    #[error(
        "The query makes the database look at about {looks} records; {most} are permitted. Ask for less at \
         once, or by ids and keys."
    )]
    Looks {
        /// The rows by estimate.
        looks: u64,
        /// How many are permitted.
        most: u64,
    },
    /// Too much of the caller, or of everybody, is running already.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The process holds as much for its callers as it may.
    #[error(transparent)]
    Memory(#[from] Exhausted),
    /// The query took too long.
    #[error(
        "Query exceeded {:.1} second timeout.  Please reduce query complexity and try again.",
        .0.as_secs_f64()
    )]
    Timeout(Duration),
    /// The database ended a statement, because it took too long or because it was told to.
    #[error("the query was cancelled")]
    Cancelled,
    /// Nobody waits for the answer any more.
    #[error("the client has gone")]
    ClientGone,
    /// The database refused a value of the query.
    #[error("{0}")]
    Value(String),
    /// The request was right, and the service could not answer it.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Error {
    pub(crate) fn internal(
        doing: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Failure::internal(doing, source).into()
    }

    /// Logs a failure that no answer can tell any more.
    pub(crate) fn log_untold(&self) {
        if let Self::Failure(failure) = self {
            failure.log();
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
        match (code.as_str(), error.as_database_error()) {
            // query_canceled
            ("57014", _) => Self::Cancelled,
            // data exceptions, for example a NUL in a string or a date out of range: the query's fault
            (code, Some(refused)) if code.starts_with("22") => Self::Value(refused.message().to_owned()),
            // program limit exceeded: a document of 256 MB or more
            ("54000", _) => Self::Budget("A part of the answer is too large to be shown.".to_owned()),
            // statement too complex
            ("54001", _) => Self::Query("The query is too complex.".to_owned()),
            _ => Self::Failure(error.into()),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::BadRequest("the body cannot be read".to_owned()),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ListBody => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Refused(Refused::Caller) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(Refused::Everybody) | Self::Memory(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => failure.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Failure(failure) = self {
            failure.log();
            let message = match failure {
                Failure::Busy(_) => "the database is busy; try again later",
                Failure::Internal { .. } => "internal server error",
            };
            return failure.response().json(json!({ "message": message }));
        }
        let body = match self {
            Self::Queries(messages) => json!({ "data": null, "errors": messages }),
            Self::Query(_)
            | Self::Budget(_)
            | Self::Looks { .. }
            | Self::Timeout(_)
            | Self::Cancelled
            | Self::ClientGone
            | Self::Value(_) => json!({ "data": null, "errors": [self.to_string()] }),
            _ => json!({ "message": self.to_string() }),
        };
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Refused(refused) => {
                response.insert_header((RETRY_AFTER, refused.retry_after()));
            }
            Self::Memory(_) => {
                response.insert_header((RETRY_AFTER, Refused::Everybody.retry_after()));
            }
            _ => {}
        }
        response.json(body)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn a_busy_database_asks_clients_to_come_again() {
        let response = Error::from(sqlx::Error::PoolTimedOut).error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn who_asks_too_much_at_once_is_told_when_to_come_again() {
        for (refused, status) in [(Refused::Caller, 429), (Refused::Everybody, 503)] {
            let response = Error::from(refused).error_response();
            assert_eq!(response.status().as_u16(), status);
            assert!(response.headers().contains_key(RETRY_AFTER));
        }
    }

    #[test]
    fn a_failure_keeps_its_cause() {
        let error = Error::from(sqlx::Error::RowNotFound);
        assert_eq!(error.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        assert!(causes.last().is_some_and(|cause| cause.to_string().contains("no rows")));
    }
}
