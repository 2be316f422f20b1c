//! What can go wrong, and how it is told (guppy 0.20).

use std::sync::Arc;

use actix_web::{
    HttpResponse, ResponseError,
    http::{Method, StatusCode, header::RETRY_AFTER},
};
use fairness::Refused;
use search::SearchError;
use serde_json::{Value, json};
use web::{BodyError, Failure};

use crate::lower::OUT_OF_SCOPE;

const HTML: &str = "text/html; charset=utf-8";
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A request that is none of GraphQL over HTTP.
    #[error("{message}")]
    Request { status: StatusCode, code: &'static str, message: String },
    /// A query that is refused; these are its errors.
    #[error("the query is refused")]
    Query { errors: Value },
    /// A query that asks for what the schema has not: a mutation.
    #[error("the schema has no such operation")]
    Operation { errors: Value },
    #[error("the body is not JSON")]
    BrokenJson,
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("Invalid es type: \"{0}\"")]
    UnknownType(String),
    #[error("Invalid fields: {0}")]
    UnknownFields(String),
    /// A download whose filter or order cannot be.
    #[error("{0}")]
    Download(crate::lower::Failure),
    #[error("{OUT_OF_SCOPE}")]
    OutOfScope,
    #[error("[Refresh] guppy _refresh functionality is not enabled")]
    NoRefresh,
    #[error("[Refresh] no JWT user token provided to _refresh function")]
    RefreshWithoutToken,
    #[error(
        "[Refresh] User cannot refresh Guppy without a valid token that has admin_access method on guppy \
         service for resource path /guppy_admin"
    )]
    RefreshForbidden,
    #[error("Cannot {0} {1}")]
    NoRoute(Method, String),
    /// The search engine is away; later it may be there.
    #[error("the search engine is not available")]
    Away(#[source] Arc<SearchError>),
    /// Too much of the caller, or of everybody, is running already.
    #[error(transparent)]
    Busy(#[from] Refused),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Error {
    /// A request that is wrong, in the words of Apollo.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::Request { status: StatusCode::BAD_REQUEST, code: "BAD_REQUEST", message: message.into() }
    }
}

impl From<SearchError> for Error {
    fn from(error: SearchError) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<SearchError>> for Error {
    fn from(error: Arc<SearchError>) -> Self {
        match *error {
            SearchError::Unavailable(_) => Self::Away(error),
            SearchError::Refused(_) | SearchError::TooLong(_) => {
                Self::Download(crate::lower::Failure::Engine(error))
            }
            _ => Failure::internal("searching", error).into(),
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge(limit),
            BodyError::BrokenOff(_) => Self::BrokenJson,
        }
    }
}

/// A page as Express makes it.
fn page(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n\
         </head>\n<body>\n<pre>{text}</pre>\n</body>\n</html>\n"
    )
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Request { status, .. } => *status,
            Self::Operation { .. } => StatusCode::OK,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::OutOfScope | Self::RefreshWithoutToken | Self::RefreshForbidden => StatusCode::UNAUTHORIZED,
            Self::NoRefresh | Self::NoRoute(..) => StatusCode::NOT_FOUND,
            Self::Busy(Refused::Caller) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(Refused::Everybody) | Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failure(failure) => failure.status(),
            Self::Query { .. }
            | Self::BrokenJson
            | Self::UnknownType(_)
            | Self::UnknownFields(_)
            | Self::Download(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Request { code, message, .. } => {
                let error = json!({ "message": message, "extensions": { "code": code } });
                response.content_type(JSON).body(json!({ "errors": [error] }).to_string())
            }
            Self::Query { errors } => {
                response.content_type(JSON).body(json!({ "errors": errors }).to_string())
            }
            Self::Operation { errors } => {
                response.content_type(JSON).body(json!({ "errors": errors, "data": null }).to_string())
            }
            Self::BrokenJson => response.content_type(HTML).body(page("Bad Request")),
            Self::TooLarge(_) => response.content_type(HTML).body(page("Payload Too Large")),
            Self::NoRoute(..) => response.content_type(HTML).body(page(&self.to_string())),
            Self::UnknownType(_) | Self::UnknownFields(_) | Self::Download(_) | Self::OutOfScope => {
                response.content_type(HTML).body(page_text(&self.to_string()))
            }
            Self::NoRefresh | Self::RefreshWithoutToken | Self::RefreshForbidden => {
                response.content_type(JSON).body(self.to_string())
            }
            Self::Busy(refused) => {
                let error =
                    json!({ "message": refused.to_string(), "extensions": { "code": "TOO_MANY_REQUESTS" } });
                response
                    .insert_header((RETRY_AFTER, refused.retry_after()))
                    .content_type(JSON)
                    .body(json!({ "errors": [error] }).to_string())
            }
            Self::Away(error) => {
                tracing::warn!(error = error as &dyn std::error::Error, "the request was turned away");
                response.insert_header((RETRY_AFTER, "1")).content_type(JSON).body("{}")
            }
            Self::Failure(failure) => {
                failure.log();
                failure.response().content_type(JSON).body("{}")
            }
        }
    }
}

/// Text that the original calls HTML. Nothing in it may become any.
fn page_text(text: &str) -> String {
    text.replace('<', "&lt;")
}
