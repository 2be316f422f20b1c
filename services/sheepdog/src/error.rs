//! Everything that ends a request early, and how each looks to the client.

use std::io;

use ::web::Failure;
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use authz::AuthzError;
use fairness::Refused;
use resources::Exhausted;
use serde_json::json;
use sqlx::postgres::PgDatabaseError;

/// Why a request has no other answer. Errors *inside* a submission are not of this type: they are part of the
/// transaction's answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400 with this message.
    #[error("{0}")]
    BadRequest(String),
    /// 401: no usable login; the text follows `Authentication Error: `.
    #[error("Authentication Error: {0}")]
    Unauthenticated(String),
    /// arborist refused the token or the question: its status and text, in a body of its own form.
    #[error("request to arborist failed: {text}")]
    Arborist {
        /// 400, 401 or 403.
        status: StatusCode,
        /// arborist's text.
        text: String,
    },
    /// 403: the text follows `You don't have access to this resource: `.
    #[error("You don't have access to this resource: {0}")]
    Forbidden(&'static str),
    /// 404 with this message.
    #[error("{0}")]
    NotFound(String),
    /// 405.
    #[error("405 Method Not Allowed: The method is not allowed for the requested URL.")]
    MethodNotAllowed,
    /// 413; the SDK looks for the first words and sends less.
    #[error("413 Request Entity Too Large: the body is larger than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// 413 for a submission of too many documents.
    #[error("413 Request Entity Too Large: there are more than {limit} documents")]
    TooManyDocuments {
        /// The most that there may be.
        limit: usize,
    },
    /// 501 with this message: something that the original announces and does not do either.
    #[error("{0}")]
    NotImplemented(&'static str),
    /// 503: too many submissions wait in the background.
    #[error(
        "The API is currently under heavy load and has too many asynchronous tasks. Please try again later."
    )]
    Busy,
    /// 429 or 503 with `Retry-After`: too much is under way, of this caller or of everybody.
    #[error("{message}")]
    Crowded {
        /// 429 or 503.
        status: StatusCode,
        /// What the client is told.
        message: String,
        /// Seconds after which it is worth trying again.
        retry_after: u64,
    },
    /// 503: arborist does not answer.
    #[error("the authorization service is unavailable")]
    AuthzUnavailable(#[source] AuthzError),
    /// 500, or 503 when no database connection came free in time. The client is told nothing more.
    #[error("internal server error")]
    Failure(#[from] Failure),
}

/// PostgreSQL's `character_not_in_repertoire`: its strings cannot hold U+0000, which paths and queries can.
const NOT_A_TEXT: &str = "22021";

/// Seconds after which a submission in the background may have found a place.
const BUSY_SECONDS: u64 = 10;

impl Error {
    /// The failure of `doing` by `source`: see [`Failure::internal`].
    pub(crate) fn internal(
        doing: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Failure::internal(doing, source).into()
    }

    /// What the database says of a value that must be unique and is not, if it refused a statement for that.
    pub(crate) fn taken(&self) -> Option<&str> {
        let Self::Failure(Failure::Internal { source, .. }) = self else { return None };
        let error = source.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        let error = error.is_unique_violation().then(|| error.try_downcast_ref::<PgDatabaseError>())?;
        Some(error.and_then(PgDatabaseError::detail).unwrap_or_default())
    }

    /// Whether it is worth trying again soon: the database was away, or a lock was not to be had.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Failure(Failure::Busy { .. }))
    }

    /// Whether the database refused a statement.
    pub(crate) fn is_of_database(&self) -> bool {
        let Self::Failure(Failure::Internal { source, .. }) = self else { return false };
        source.downcast_ref::<sqlx::Error>().is_some_and(|error| error.as_database_error().is_some())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some(NOT_A_TEXT) => Self::BadRequest("the character U+0000 is in no name and no id".to_owned()),
            _ => Failure::from(error).into(),
        }
    }
}

impl From<Exhausted> for Error {
    fn from(exhausted: Exhausted) -> Self {
        let message = format!("The service is busy: {exhausted}. Please try again later.");
        Self::Crowded { status: StatusCode::SERVICE_UNAVAILABLE, message, retry_after: 10 }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Caller => StatusCode::TOO_MANY_REQUESTS,
            Refused::Everybody => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::Crowded { status, message: refused.to_string(), retry_after: refused.retry_after() }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::internal("using a temporary file", error)
    }
}

impl From<documents::Fault> for Error {
    fn from(fault: documents::Fault) -> Self {
        match fault {
            documents::Fault::Unreadable(message) => Self::BadRequest(message),
            documents::Fault::Source(error) => error.into(),
        }
    }
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        let refused = |status, text| Self::Arborist { status, text };
        match error {
            AuthzError::Denied => Self::Forbidden("user is unauthorized"),
            AuthzError::Unauthenticated(text) => refused(StatusCode::UNAUTHORIZED, text),
            AuthzError::Forbidden(text) => refused(StatusCode::FORBIDDEN, text),
            AuthzError::BadRequest(text) => refused(StatusCode::BAD_REQUEST, text),
            unavailable @ AuthzError::Unavailable(_) => Self::AuthzUnavailable(unavailable),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Arborist { status, .. } => *status,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } | Self::TooManyDocuments { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Crowded { status, .. } => *status,
            Self::AuthzUnavailable(_) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let message = |text: &str| json!({ "message": text });
        match self {
            Self::Failure(failure) => {
                failure.log();
                failure.response().json(message(match failure {
                    Failure::Busy(_) => "The service is busy. Please try again later.",
                    Failure::Internal { .. } => "internal server error",
                }))
            }
            Self::Crowded { message: text, retry_after, .. } => {
                let mut response = HttpResponse::build(status);
                response.insert_header((RETRY_AFTER, *retry_after)).json(message(text))
            }
            Self::Busy => {
                let mut response = HttpResponse::build(status);
                response.insert_header((RETRY_AFTER, BUSY_SECONDS)).json(message(&self.to_string()))
            }
            Self::AuthzUnavailable(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "arborist does not answer");
                HttpResponse::build(status).json(message(&self.to_string()))
            }
            Self::Arborist { .. } => {
                let body = json!({ "code": status.as_u16(), "error": self.to_string() });
                HttpResponse::build(status).json(body)
            }
            _ => HttpResponse::build(status).json(message(&self.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn body(error: Error) -> (u16, String) {
        let answer = error.error_response();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn a_refusal_of_arborist_has_its_own_form() {
        let error = Error::from(AuthzError::Unauthenticated("could not decode token".into()));
        let expected = r#"{"code":401,"error":"request to arborist failed: could not decode token"}"#;
        assert_eq!(body(error).await, (401, expected.to_owned()));
    }

    #[actix_web::test]
    async fn a_database_failure_tells_the_client_nothing() {
        let error = Error::from(sqlx::Error::RowNotFound);
        assert_eq!(body(error).await, (500, r#"{"message":"internal server error"}"#.to_owned()));
    }

    #[actix_web::test]
    async fn without_a_free_connection_the_client_is_asked_to_come_again() {
        let busy = Error::from(sqlx::Error::PoolTimedOut);
        let (caller, everybody) = (Error::from(Refused::Caller), Error::from(Refused::Everybody));
        let errors = [busy, Error::from(Exhausted), Error::Busy, everybody, caller];
        for (error, status) in errors.into_iter().zip([503, 503, 503, 503, 429]) {
            let answer = error.error_response();
            let is_told_when = answer.headers().contains_key("retry-after");
            assert_eq!((answer.status().as_u16(), is_told_when), (status, true), "{error}");
        }
    }
}
