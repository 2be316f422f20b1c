//! Everything that ends a request early, and how each looks to the client.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::json;

/// Why a request has no other answer. Errors *inside* a submission are no [`Error`]: they are part of the
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
        /// How many there may be.
        limit: usize,
    },
    /// 501 with this message: what the original announces and does not do either.
    #[error("{0}")]
    NotImplemented(&'static str),
    /// 503: too many submissions wait in the background.
    #[error(
        "The API is currently under heavy load and has too many asynchronous tasks. Please try again later."
    )]
    Busy,
    /// 503: arborist does not answer.
    #[error("the authorization service is unavailable")]
    AuthzUnavailable,
    /// 500: the database failed. The client is told nothing more.
    #[error("internal server error")]
    Database(sqlx::Error),
    /// 500: a temporary file failed. The client is told nothing more.
    #[error("internal server error")]
    File(#[from] std::io::Error),
    /// 500: an invariant of stored data does not hold; the text is for the log.
    #[error("internal server error")]
    Corrupt(String),
}

/// PostgreSQL's `character_not_in_repertoire`: texts cannot hold U+0000, which paths and queries can.
const NOT_A_TEXT: &str = "22021";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some(NOT_A_TEXT) => Self::BadRequest("the character U+0000 is in no name and no id".to_owned()),
            _ => Self::Database(error),
        }
    }
}

impl From<documents::Fault> for Error {
    fn from(fault: documents::Fault) -> Self {
        match fault {
            documents::Fault::Unreadable(message) => Self::BadRequest(message),
            documents::Fault::Source(error) => Self::File(error),
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
            AuthzError::Unavailable(reason) => {
                tracing::error!(error = reason, "arborist does not answer");
                Self::AuthzUnavailable
            }
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
            Self::AuthzUnavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) | Self::File(_) | Self::Corrupt(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Database(error) => tracing::error!(error = %error, "the graph database failed"),
            Self::File(error) => tracing::error!(error = %error, "a temporary file failed"),
            Self::Corrupt(what) => tracing::error!(error = what, "stored data is not as it must be"),
            _ => {}
        }
        let status = self.status_code();
        let mut answer = HttpResponse::build(status);
        match self {
            Self::Arborist { .. } => {
                answer.json(json!({ "code": status.as_u16(), "error": self.to_string() }))
            }
            _ => answer.json(json!({ "message": self.to_string() })),
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
        let error = Error::from(sqlx::Error::PoolTimedOut);
        assert_eq!(body(error).await, (500, r#"{"message":"internal server error"}"#.to_owned()));
    }
}
