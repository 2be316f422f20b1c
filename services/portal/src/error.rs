//! What can go wrong, and how it is told.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("nothing is served at this path")]
    NotFound,
    #[error("no project has so long an id")]
    LongProjectId,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::LongProjectId => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::NotFound => response.content_type("text/plain; charset=utf-8").body(self.to_string()),
            Self::LongProjectId => response.json(json!({ "message": self.to_string() })),
        }
    }
}
