//! Answers.

use ::web::Params;
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode},
    web::Bytes,
};
use serde::Serialize;

use crate::decision::Reached;

/// A JSON answer; GET answers are indented when the query asks for it.
pub(super) struct Answer<T> {
    status: StatusCode,
    body: T,
}

/// 200 with `body`.
pub(super) fn ok<T>(body: T) -> Answer<T> {
    Answer { status: StatusCode::OK, body }
}

/// 201 with `body`.
pub(super) fn created<T>(body: T) -> Answer<T> {
    Answer { status: StatusCode::CREATED, body }
}

/// 204; the original names a content type although there is no content.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().content_type("application/json").finish()
}

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let params = Params::parse(request.query_string());
        let pretty = request.method() == Method::GET && is_indented(&params);
        let mut response = HttpResponse::build(self.status);
        if !pretty {
            return response.json(self.body);
        }
        let mut text = Vec::new();
        let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, indented);
        self.body.serialize(&mut serializer).expect("invariant: keys of answers are strings");
        response.content_type("application/json").body(text)
    }
}

/// Whether the query asks for an indented answer.
pub(super) fn is_indented(params: &Params) -> bool {
    let asked = |name| params.get(name) == Some("true");
    asked("pretty") || asked("prettyJSON")
}

/// 200 with what is JSON already.
pub(super) fn json_text(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// A list of resources, as paths or as tags.
#[derive(Serialize)]
pub(super) struct Resources {
    resources: Vec<String>,
}

/// 200 with `reached`, spelled as the query asks for.
pub(super) fn resources(params: &Params, reached: Vec<Reached>) -> Answer<Resources> {
    let tags = params.has("tags");
    let spell = |reached: Reached| if tags { reached.tag } else { reached.path.decoded() };
    ok(Resources { resources: reached.into_iter().map(spell).collect() })
}
