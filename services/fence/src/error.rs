//! What can go wrong, and how it is told: fence's statuses, as an HTML page for browsers and as JSON for others.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use indexclient::IndexError;
use serde_json::json;
use storage::StorageError;
use tokens::{KeyError, TokenError};

/// What a user quotes to support, and support finds in the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct ErrorId(pub(crate) String);

/// A failed request. The message goes to the client, the source to the log.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 401: nobody is logged in, or, for files, access is denied (fence says 401 there, and clients expect it).
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
    /// 413.
    #[error("{0}")]
    TooLarge(String),
    /// 415.
    #[error("the request's Content-Type must be application/json")]
    NotJson,
    /// 401: a token was refused.
    #[error("Authentication Error: {0}")]
    Token(#[from] TokenError),
    /// arborist gave no "yes"; "no" is 403.
    #[error(transparent)]
    Authz(AuthzError),
    /// indexd did not do it.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The object store did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A token could not be made.
    #[error("a token cannot be signed")]
    Sign(#[from] KeyError),
    /// A cookie would be cut off by browsers.
    #[error("the token would be longer than {0} characters")]
    TokenTooLong(usize),
    /// The database did not do it.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl From<AuthzError> for FenceError {
    fn from(error: AuthzError) -> Self {
        match error {
            AuthzError::Denied => {
                Self::Forbidden("user does not have privileges to access this endpoint".into())
            }
            other => Self::Authz(other),
        }
    }
}

impl FenceError {
    /// Nobody is logged in.
    pub(crate) fn please_login() -> Self {
        Self::Unauthorized("Please login".into())
    }

    /// What the client is told. Internal failures are not explained to it.
    pub(crate) fn public_message(&self) -> String {
        match (self.status_code(), self) {
            (StatusCode::INTERNAL_SERVER_ERROR, Self::Storage(error @ StorageError::UnknownBucket(_))) => {
                format!("permission denied for bucket: {error}")
            }
            (StatusCode::INTERNAL_SERVER_ERROR, _) => "internal error".to_owned(),
            _ => self.to_string(),
        }
    }
}

impl ResponseError for FenceError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::Authz(AuthzError::BadRequest(_)) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) | Self::Token(_) | Self::Authz(AuthzError::Unauthenticated(_)) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Forbidden(_) | Self::Authz(AuthzError::Forbidden(_) | AuthzError::Denied) => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound(_) | Self::Storage(StorageError::NotFound) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Authz(AuthzError::Unavailable(_))
            | Self::Index(IndexError::Unavailable(_))
            | Self::Storage(StorageError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Index(error) => index_status(error),
            Self::Storage(StorageError::Key) => StatusCode::BAD_REQUEST,
            Self::Storage(_) | Self::Sign(_) | Self::TokenTooLong(_) | Self::Database(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let id = ErrorId(uuid::Uuid::new_v4().to_string());
        if status.is_server_error() {
            tracing::error!(error.id = %id.0, error = self as &dyn std::error::Error, "request failed");
        }
        let body = json!({ "message": self.public_message(), "error_id": id.0 });
        let mut response = HttpResponse::build(status).json(body);
        response.extensions_mut().insert(id);
        response
    }
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
