//! The forms of answers.

use actix_web::HttpResponse;
use serde::Serialize;

/// A line of text, as the original answers.
pub(super) fn text(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

pub(super) fn json(value: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(value)
}
