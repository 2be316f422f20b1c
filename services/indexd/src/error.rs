//! Everything that can go wrong, and the historic body that each group of routes gives for it.

use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, http::StatusCode};
use authz::AuthzError;
use serde_json::json;
use web::Failure;

/// Why indexd did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 401: arborist said no, or there was no usable token to ask it with.
    #[error("{0}")]
    Denied(String),
    /// 401: arborist refused the token or gave no answer.
    #[error("[401] - request to arborist failed: {0}")]
    Undecided(#[source] AuthzError),
    /// 403: a basic login is wrong, missing where only a login counts, or nobody could be asked instead.
    #[error("{0}")]
    Login(String),
    /// 404: there is no such record, alias or bundle.
    #[error("{0}")]
    NotFound(String),
    /// 409: it exists already, or the revision is stale.
    #[error("{0}")]
    Conflict(String),
    /// 413: more is asked for at once than is allowed.
    #[error("{0}")]
    TooMany(String),
    /// What the web framework of the original answered by itself: an HTML page that clients only look at the
    /// status of.
    #[error("{}", .0.canonical_reason().unwrap_or("error"))]
    Page(StatusCode),
    /// 500 or 503: the failure is ours.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl Error {
    /// A malformed request; `text` says why.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }

    /// The words that clients look for.
    pub(crate) fn no_record() -> Self {
        Self::NotFound("no record found".into())
    }

    /// The words that clients look for.
    pub(crate) fn stale() -> Self {
        Self::Conflict("revision mismatch".into())
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Denied(_) | Self::Undecided(_) => StatusCode::UNAUTHORIZED,
            Self::Login(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Page(status) => *status,
            Self::Failed(failure) => failure.status(),
        }
    }

    /// What the caller is told.
    pub(crate) fn public_text(&self) -> String {
        match self {
            Self::Failed(Failure::Busy(_)) => "the service is busy".into(),
            Self::Failed(Failure::Internal { .. }) => "internal server error".into(),
            other => other.to_string(),
        }
    }

    /// Writes to the log what the caller is not told. Called where an error leaves this service.
    pub(crate) fn log(&self) {
        match self {
            Self::Failed(failure) => failure.log(),
            Self::Undecided(error @ AuthzError::Unavailable(_)) => {
                tracing::warn!(error = error as &dyn std::error::Error, "arborist gave no answer");
            }
            _ => {}
        }
    }

    fn response(&self) -> HttpResponseBuilder {
        match self {
            Self::Failed(failure) => failure.response(),
            other => HttpResponse::build(other.status()),
        }
    }
}

/// Values that PostgreSQL cannot hold are the client's mistake, not ours.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            // In a text, and in a JSON value of the single-table layout.
            Some("22021" | "22P05") => Self::bad("a text contains a character that cannot be stored (NUL)"),
            Some("54000") => Self::bad("a text is too long to be indexed"),
            _ => Self::Failed(error.into()),
        }
    }
}

/// Many requests may get the same failure.
impl From<database::LookupError> for Error {
    fn from(error: database::LookupError) -> Self {
        Self::Failed(Failure::internal("reading a record", error))
    }
}

/// The page for `status`.
pub(crate) fn page(status: StatusCode) -> HttpResponse {
    let reason = status.canonical_reason().unwrap_or("Error");
    let why = match status {
        StatusCode::BAD_REQUEST => {
            "<p>The browser (or proxy) sent a request that this server could not understand.</p>\n"
        }
        StatusCode::NOT_FOUND => {
            "<p>The requested URL was not found on the server. If you entered the URL manually please check \
             your spelling and try again.</p>\n"
        }
        StatusCode::METHOD_NOT_ALLOWED => "<p>The method is not allowed for the requested URL.</p>\n",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "<p>Did not attempt to load JSON data because the request Content-Type was not \
             &#39;application/json&#39;.</p>\n"
        }
        _ => "",
    };
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html>\n<html lang=en>\n<title>{0} {reason}</title>\n<h1>{reason}</h1>\n{why}",
        status.as_u16()
    ))
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// `{"error": text}`.
    fn error_response(&self) -> HttpResponse {
        self.log();
        match self {
            Self::Page(status) => page(*status),
            error => error.response().json(json!({ "error": error.public_text() })),
        }
    }
}

/// The same errors in the body of the DRS and DOS routes.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Ga4ghError(#[from] pub Error);

impl ResponseError for Ga4ghError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    /// `{"msg": text, "status_code": int}`.
    fn error_response(&self) -> HttpResponse {
        self.0.log();
        match &self.0 {
            Error::Page(status) => page(*status),
            error => {
                let body = json!({ "msg": error.public_text(), "status_code": error.status().as_u16() });
                error.response().json(body)
            }
        }
    }
}
