//! Everything that can go wrong, in the form of the original's web server (Go): a line of plain text.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use authz::AuthzError;
use executor::ExecutorError;
use tokens::TokenError;
use web::Failure;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400.
    #[error("{0}")]
    BadRequest(String),
    /// 401: there is no token of a user, or one that is not accepted.
    #[error("Please login")]
    Unauthenticated,
    /// 403: the user lacks the right to workspaces, or another site has sent the request.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 405.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// 409: there is a workspace, or somebody works on it at this moment.
    #[error("{0}")]
    Conflict(&'static str),
    /// 413.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// 500, as the original says it.
    #[error("{0}")]
    Historic(String),
    /// 503: not now.
    #[error("{0}")]
    NotNow(String),
    /// 503: arborist or fence gives no answer.
    #[error("the commons cannot decide this now, try again later")]
    Undecided(String),
    /// 503: what runs workspaces gives no answer.
    #[error("workspaces cannot be reached now, try again later")]
    Executor(String),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TokenError> for Error {
    fn from(_: TokenError) -> Self {
        Self::Unauthenticated
    }
}

impl From<AuthzError> for Error {
    fn from(error: AuthzError) -> Self {
        match error {
            AuthzError::Unauthenticated(_) => Self::Unauthenticated,
            AuthzError::Denied | AuthzError::Forbidden(_) => {
                Self::Forbidden("you may not use workspaces; `access` of jupyterhub on /workspace is needed")
            }
            AuthzError::BadRequest(text) | AuthzError::Unavailable(text) => Self::Undecided(text),
        }
    }
}

impl From<ExecutorError> for Error {
    fn from(error: ExecutorError) -> Self {
        match error {
            ExecutorError::Refused(text) => Self::Historic(text),
            ExecutorError::Unavailable(text) => Self::Executor(text),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Historic(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotNow(_) | Self::Undecided(_) | Self::Executor(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(failure) => failure.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let text = |text: String| format!("{text}\n");
        if let Self::Failed(failure) = self {
            failure.log();
            return failure
                .response()
                .content_type("text/plain; charset=utf-8")
                .body(text("internal error".into()));
        }
        if let Self::Undecided(cause) | Self::Executor(cause) = self {
            tracing::warn!(cause, "a request about a workspace got no answer");
        }
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", "5"));
        }
        response.content_type("text/plain; charset=utf-8").body(text(self.to_string()))
    }
}
