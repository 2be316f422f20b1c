//! Requests that the gateway itself turns away.

use actix_web::{HttpResponse, http::StatusCode};

/// Why a request does not pass: a status and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: &str) -> Self {
        Self { status, text: text.to_owned() }
    }

    /// Whether the caller lacks a permission.
    pub(crate) fn is_denial(&self) -> bool {
        self.status == StatusCode::FORBIDDEN
    }
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        let reason = web::Reason(refusal.text.clone().into());
        let mut answer =
            HttpResponse::build(refusal.status).content_type("text/plain; charset=utf-8").body(refusal.text);
        answer.extensions_mut().insert(reason);
        answer
    }
}
