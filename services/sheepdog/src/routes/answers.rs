//! Answers that several resources give.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::{StatusCode, header::CONTENT_DISPOSITION},
};
use futures_util::StreamExt as _;

use crate::runtime::spool::Spool;

/// What the paths of this request's kind begin with: there are two spellings, and links keep to that of the
/// request.
pub(super) fn prefix(request: &HttpRequest) -> &'static str {
    if request.path().starts_with("/submission") { "/submission" } else { "/v0/submission" }
}

/// A transaction's answer.
pub(super) fn transaction((code, answer): (u16, impl Into<Spool>)) -> HttpResponse {
    let answer: Spool = answer.into();
    let mut response = HttpResponse::build(StatusCode::from_u16(code).unwrap_or(StatusCode::OK));
    response.content_type("application/json");
    match answer.in_memory() {
        Some(bytes) => response.body(bytes),
        None => response.body(SizedStream::new(answer.len(), answer.stream().boxed_local())),
    }
}

/// The beginning of a file to save.
pub(super) fn attachment(content_type: &str, name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    let disposition = format!("attachment; filename={name}");
    response.content_type(content_type).insert_header((CONTENT_DISPOSITION, disposition));
    response
}

/// 204 as the original sends it: with a content type.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().content_type("application/json").finish()
}
