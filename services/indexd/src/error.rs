//! Everything that can go wrong, and the historic body that each group of routes gives for it.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

/// Why indexd did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 401: arborist said no, could not be asked, or was given no usable token.
    #[error("{0}")]
    Denied(String),
    /// 403: a basic login is wrong, missing where only a login counts, or nobody could be asked instead.
    #[error("{0}")]
    Login(String),
    /// 404.
    #[error("{0}")]
    NotFound(String),
    /// 409: exists already, or the revision is stale.
    #[error("{0}")]
    Conflict(String),
    /// What the web framework of the original answered by itself: an HTML page that clients only look at the
    /// status of.
    #[error("{}", .0.canonical_reason().unwrap_or("error"))]
    Page(StatusCode),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// A stored text that should be JSON is none.
    #[error("{column} of {id} is damaged: {source}")]
    Damaged {
        /// Which column.
        column: &'static str,
        /// Whose.
        id: String,
        /// Why it cannot be read.
        source: serde_json::Error,
    },
}

impl Error {
    /// 400 with `text`.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::BadRequest(text.into())
    }

    /// The text that clients look for.
    pub(crate) fn no_record() -> Self {
        Self::NotFound("no record found".into())
    }

    /// The text that clients look for.
    pub(crate) fn stale() -> Self {
        Self::Conflict("revision mismatch".into())
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Denied(_) => StatusCode::UNAUTHORIZED,
            Self::Login(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Page(status) => *status,
            Self::Database(_) | Self::Damaged { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Values that PostgreSQL cannot hold are the client's mistake, not ours.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some("22021") => Self::bad("a text contains a character that cannot be stored (NUL)"),
            Some("54000") => Self::bad("a text is too long to be indexed"),
            _ => Self::Database(error),
        }
    }
}

/// Which body a group of routes gives.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// `{"error": text}`.
    Record,
    /// `{"msg": text, "status_code": int}`.
    Ga4gh,
}

fn render(error: &Error, shape: Shape) -> HttpResponse {
    let status = error.status();
    let mut text = error.to_string();
    if status.is_server_error() {
        tracing::error!(error = %text, "request failed");
        text = "internal server error".into();
    }
    if let Error::Page(_) = error {
        return page(status);
    }
    let body = match shape {
        Shape::Record => json!({ "error": text }),
        Shape::Ga4gh => json!({ "msg": text, "status_code": status.as_u16() }),
    };
    HttpResponse::build(status).json(body)
}

/// The page for `status`.
pub(crate) fn page(status: StatusCode) -> HttpResponse {
    let reason = status.canonical_reason().unwrap_or("Error");
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html>\n<html lang=en>\n<title>{0} {reason}</title>\n<h1>{reason}</h1>\n",
        status.as_u16()
    ))
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        render(self, Shape::Record)
    }
}

/// The same errors in the body of the DRS and DOS routes.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Ga4ghError(#[from] pub Error);

impl From<sqlx::Error> for Ga4ghError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

impl ResponseError for Ga4ghError {
    fn status_code(&self) -> StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        render(&self.0, Shape::Ga4gh)
    }
}
