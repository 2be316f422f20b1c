//! Failures that are not the caller's fault.

use std::error::Error;

use actix_web::{
    HttpResponseBuilder,
    http::{StatusCode, header::RETRY_AFTER},
};

/// Seconds after which a client may try again when the database could not be used.
const RETRY_SECONDS: &str = "1";

/// What PostgreSQL says, as SQLSTATE or its class, that has nothing to do with the request: connections fail
/// (08), resources are short (53: connections, disk, memory), somebody stops the server, the session or the
/// statement, or its time is over (57), a lock was not free in time (55P03), a transaction was cut (25P03) or
/// has met another (40), the server has become one that only reads (25006).
const PASSING: [&str; 7] = ["08", "53", "57", "55P03", "25P03", "40", "25006"];

/// What the driver says of a connection that ends before the server has said whether it encrypts.
const ENDED_AT_FIRST: &str = "unexpected response from SSLRequest";

/// What a service could not do although the request was right. Its causes are for the log, never for the
/// client.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database could not be used at that moment: no connection came free in time, a lock was held for
    /// too long, the server went away. 503 with `Retry-After`.
    #[error("the database cannot be used now")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
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
    /// The failure of `doing` (a participle: `writing the archive`) by `source`; [`Failure::Busy`] if the
    /// cause of all is that the database could not be used.
    pub fn internal(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        if is_passing(&*source) { Self::Busy(source) } else { Self::Internal { doing, source } }
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
        Self::internal("using the database", error)
    }
}

/// Whether the error or one of its causes says that the database could not be used at that moment.
fn is_passing(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<sqlx::Error>())
        .any(|error| match error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_) => true,
            sqlx::Error::Protocol(said) => said.starts_with(ENDED_AT_FIRST),
            sqlx::Error::Database(error) => {
                error.code().is_some_and(|code| PASSING.iter().any(|passing| code.starts_with(passing)))
            }
            _ => false,
        })
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
    fn a_server_that_goes_away_is_not_an_error_of_ours_however_deep_the_cause_is() {
        #[derive(Debug, thiserror::Error)]
        #[error("the record cannot be read")]
        struct Unread(#[source] sqlx::Error);
        let broken = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(Failure::from(broken()).status(), StatusCode::SERVICE_UNAVAILABLE);
        let failure = Failure::internal("reading the index", Unread(broken()));
        assert_eq!(failure.status(), StatusCode::SERVICE_UNAVAILABLE);
        let silent = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".into());
        assert_eq!(Failure::from(silent).status(), StatusCode::SERVICE_UNAVAILABLE);
        let ours = sqlx::Error::Protocol("a message is too large".into());
        assert_eq!(Failure::from(ours).status(), StatusCode::INTERNAL_SERVER_ERROR);
        let failure = Failure::internal("reading the index", Unread(sqlx::Error::RowNotFound));
        assert_eq!(failure.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn other_failures_keep_their_causes() {
        let failure = Failure::from(sqlx::Error::RowNotFound);
        assert_eq!(failure.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(failure.to_string(), "failed while using the database");
        assert!(failure.source().is_some_and(|source| source.to_string().contains("no rows")));
    }
}
