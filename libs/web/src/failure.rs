//! Failures that are not the caller's fault.

use std::error::Error;

use actix_web::{
    HttpResponseBuilder,
    http::{StatusCode, header::RETRY_AFTER},
};

/// Seconds after which a client may try again when every database connection is in use.
const RETRY_SECONDS: &str = "1";

/// What a service could not do although the request was right. Its causes are for the log, never for the
/// client.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No database connection came free in time: 503 with `Retry-After`.
    #[error("no database connection came free in time")]
    Busy(#[source] sqlx::Error),
    /// Anything else: 500.
    #[error("failed while {doing}")]
    Internal {
        /// What the service was doing, for example `reading the graph`.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl Failure {
    /// The failure of `doing` (a participle: `writing the archive`) by `source`.
    pub fn internal(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal { doing, source: source.into() }
    }

    /// 503 when the service is busy, otherwise 500.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Writes the failure and all its causes to the log. Called where the answer is made, and only there.
    pub fn log(&self) {
        match self {
            Self::Busy(_) => tracing::warn!(error = self as &dyn Error, "the request was turned away"),
            Self::Internal { .. } => tracing::error!(error = self as &dyn Error, "the request failed"),
        }
    }

    /// The beginning of the answer: the status and, when the service is busy, `Retry-After` (RFC 9110
    /// §10.2.3).
    pub fn response(&self) -> HttpResponseBuilder {
        let mut response = HttpResponseBuilder::new(self.status());
        if let Self::Busy(_) = self {
            response.insert_header((RETRY_AFTER, RETRY_SECONDS));
        }
        response
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy(error),
            error => Self::internal("using the database", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_a_free_connection_asks_clients_to_come_again() {
        let mut response = Failure::from(sqlx::Error::PoolTimedOut).response();
        let response = response.finish();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().get(RETRY_AFTER).is_some_and(|value| value == RETRY_SECONDS));
    }

    #[test]
    fn other_failures_keep_their_causes() {
        let failure = Failure::from(sqlx::Error::RowNotFound);
        assert_eq!(failure.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(failure.to_string(), "failed while using the database");
        assert!(failure.source().is_some_and(|source| source.to_string().contains("no rows")));
    }
}
