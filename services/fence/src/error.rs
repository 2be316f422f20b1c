//! What can go wrong, and how it is told: fence's statuses, as an HTML page for browsers and as JSON for
//! others.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use authz::AuthzError;
use database::LookupError;
use indexclient::IndexError;
use serde_json::json;
use storage::StorageError;
use tokens::{KeyError, TokenError};
use web::Failure;

use crate::{provider::refusal::Refusal, providers::ProviderError};

/// What a user quotes to support, and support finds in the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorId(pub(crate) String);

/// A failed request. The message goes to the client, the source to the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 401: nobody is logged in, or, for files, access is denied (fence says 401 there, and clients expect
    /// it).
    #[error("{0}")]
    Unauthorized(String),
    /// 403.
    #[error("{0}")]
    Forbidden(String),
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 405.
    #[error("the method is not allowed for this URL")]
    MethodNotAllowed,
    /// 409.
    #[error("{0}")]
    Conflict(String),
    /// 413.
    #[error("{0}")]
    TooLarge(String),
    /// 415.
    #[error("the request's Content-Type must be application/json")]
    NotJson,
    /// 401: only who knows a secret may tell of uploads. SNS sends the password of its URL when it is asked
    /// for one, and not before.
    #[error("whoever tells of uploads needs one of the secrets of UPLOAD_INDEXING")]
    NoSecret,
    /// 429: whoever guesses has to wait, in seconds.
    #[error("there were too many attempts; please try again in {0} seconds")]
    TooSoon(i64),
    /// 401: a token was refused.
    #[error("Authentication Error: {0}")]
    Token(#[from] TokenError),
    /// arborist did not say "yes". A plain "no" has become one of the variants above.
    #[error(transparent)]
    Authz(AuthzError),
    /// indexd did not do it.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The object store did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A login through another issuer failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An OAuth client gets nothing, and is told so as its protocol wants it.
    #[error(transparent)]
    OAuth(#[from] Refusal),
    /// The request was right, and yet it failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        match error {
            AuthzError::Denied => {
                Self::Forbidden("user does not have privileges to access this endpoint".into())
            }
            other => Self::Authz(other),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<LookupError> for Error {
    fn from(error: LookupError) -> Self {
        Self::Failure(Failure::internal("using the database", error))
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::Failure(Failure::internal("signing a token", error))
    }
}

impl Error {
    /// Nobody is logged in.
    pub(crate) fn please_login() -> Self {
        Self::Unauthorized("Please login".into())
    }

    /// No route answers here, or it is turned off.
    pub(crate) fn no_such_url() -> Self {
        Self::NotFound("The requested URL was not found on the server.".into())
    }

    /// What the client is told. Internal failures are not explained to it.
    pub(crate) fn public_message(&self) -> String {
        match self {
            Self::Failure(Failure::Busy(_)) => "fence is busy; please try again in a moment".to_owned(),
            Self::Storage(StorageError::UnknownBucket(_)) => format!("permission denied for bucket: {self}"),
            _ if self.status_code() == StatusCode::INTERNAL_SERVER_ERROR => "internal error".to_owned(),
            _ => self.to_string(),
        }
    }

    /// Writes a failure that is ours and all its causes to the log. Called where the answer is made, and only
    /// there.
    pub(crate) fn log(&self) {
        match self {
            Self::Failure(failure) => failure.log(),
            other => tracing::error!(error = other as &dyn std::error::Error, "the request failed"),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Authz(AuthzError::BadRequest(_)) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_)
            | Self::NoSecret
            | Self::Token(_)
            | Self::Authz(AuthzError::Unauthenticated(_)) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Authz(AuthzError::Forbidden(_) | AuthzError::Denied) => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound(_) | Self::Storage(StorageError::NotFound) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooSoon(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Authz(AuthzError::Unavailable(_))
            | Self::Index(IndexError::Unavailable(_))
            | Self::Storage(StorageError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Index(error) => index_status(error),
            Self::Storage(StorageError::Key) => StatusCode::BAD_REQUEST,
            // Its disk is full: nothing is wrong with the request, and nothing with fence.
            Self::Storage(StorageError::Refused { status: 507, .. }) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Provider(error) => error.status(),
            Self::OAuth(refusal) => StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST),
            Self::Failure(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::OAuth(refusal) = self {
            return refused(refusal, self.status_code());
        }
        let status = self.status_code();
        let id = ErrorId(uuid::Uuid::new_v4().to_string());
        if status.is_server_error() {
            tracing::error_span!("failed", error.id = %id.0).in_scope(|| self.log());
        }
        let mut response = match self {
            Self::Failure(failure) => failure.response(),
            _ => HttpResponse::build(status),
        };
        if let Self::TooSoon(seconds) = self {
            response.insert_header((header::RETRY_AFTER, *seconds));
        }
        if matches!(self, Self::NoSecret) {
            response.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="uploads""#));
        }
        let mut response = response.json(json!({ "message": self.public_message(), "error_id": id.0 }));
        response.extensions_mut().insert(id);
        response
    }
}

/// Nothing may keep what a client was told about its tokens (RFC 6749 §5.1).
fn refused(refusal: &Refusal, status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
    if let Some(challenge) = refusal.challenge() {
        response.insert_header((header::WWW_AUTHENTICATE, challenge));
    }
    response.json(refusal.body())
}

fn index_status(error: &IndexError) -> StatusCode {
    match error {
        IndexError::BadRequest(_) => StatusCode::BAD_REQUEST,
        IndexError::Refused { status, .. } => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        IndexError::NotFound(_) => StatusCode::NOT_FOUND,
        IndexError::Conflict(_) => StatusCode::CONFLICT,
        IndexError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn without_a_free_connection_clients_are_asked_to_come_again() {
        let response = Error::from(sqlx::Error::PoolTimedOut).error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn internal_failures_are_not_explained_to_clients() {
        let error = Error::from(sqlx::Error::RowNotFound);
        assert_eq!(error.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(error.public_message(), "internal error");
        let bucket = Error::from(StorageError::UnknownBucket("b".into()));
        assert_eq!(bucket.public_message(), "permission denied for bucket: the bucket b is not configured");
    }
}
