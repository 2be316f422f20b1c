//! What all routes share: bodies, the provider label, answers, and the spelling of paths.

use std::future::{Ready, ready};

use actix_web::{
    Error as ActixError, FromRequest, HttpRequest, HttpResponse, Responder,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PathError,
    http::{Method, StatusCode, header},
    middleware::Next,
    web,
};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::{Arborist, Error, json::MAX_NAME};

const PROVIDER: &str = "X-AuthZ-Provider";

/// The body of a request, whatever its content type says, within the limit of the configuration.
pub(crate) struct Body(pub(crate) web::Bytes);

impl FromRequest for Body {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = req.app_data::<web::Data<Arborist>>().map_or(0, |arborist| arborist.config.body_limit);
        let payload = web::Payload::from_request(req, payload).into_inner();
        Box::pin(async move {
            let payload = payload.map_err(|_| Error::BadRequest("the body cannot be read".into()))?;
            match payload.to_bytes_limited(limit).await {
                Ok(Ok(bytes)) => Ok(Self(bytes)),
                Ok(Err(_)) => Err(Error::BadRequest("the body ends too early".into())),
                Err(_) => Err(Error::TooLarge(limit)),
            }
        })
    }
}

/// The label of header `X-AuthZ-Provider`: under which grants are made, and to which revocations are limited.
pub(crate) struct Provider(pub(crate) Option<String>);

impl Provider {
    pub(crate) fn label(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromRequest for Provider {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = req.headers().get(PROVIDER) else { return ready(Ok(Self(None))) };
        ready(match value.to_str() {
            Ok("") => Ok(Self(None)),
            Ok(label) if label.len() <= MAX_NAME => Ok(Self(Some(label.to_owned()))),
            _ => Err(Error::BadRequest(format!("header {PROVIDER} is not usable as a label"))),
        })
    }
}

/// The `Authorization` header; none when it is absent or empty.
pub(crate) fn authorization(req: &HttpRequest) -> Result<Option<&str>, Error> {
    let Some(value) = req.headers().get(header::AUTHORIZATION) else { return Ok(None) };
    let text =
        value.to_str().map_err(|_| Error::Unauthenticated("the Authorization header is not text".into()))?;
    Ok((!text.trim().is_empty()).then_some(text))
}

/// Whether the query has this flag: `?p`, `?p=` and `?p=anything` alike.
pub(crate) fn has_flag(req: &HttpRequest, flag: &str) -> bool {
    url::form_urlencoded::parse(req.query_string().as_bytes()).any(|(name, _)| name == flag)
}

/// The first value of a query parameter.
pub(crate) fn parameter(req: &HttpRequest, wanted: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(req.query_string().as_bytes());
    pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// A JSON answer; GET answers are indented when the query asks for it.
pub(crate) struct Answer<T>(pub(crate) StatusCode, pub(crate) T);

impl<T: Serialize> Responder for Answer<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let asked = |name| parameter(req, name).as_deref() == Some("true");
        let pretty = req.method() == Method::GET && (asked("pretty") || asked("prettyJSON"));
        if !pretty {
            return HttpResponse::build(self.0).json(self.1);
        }
        let mut text = Vec::new();
        let indented = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, indented);
        match self.1.serialize(&mut serializer) {
            Ok(()) => HttpResponse::build(self.0).content_type("application/json").body(text),
            Err(_) => HttpResponse::InternalServerError().finish(),
        }
    }
}

/// 200 with `body`.
pub(crate) fn ok<T>(body: T) -> Answer<T> {
    Answer(StatusCode::OK, body)
}

/// 201 with `body`.
pub(crate) fn created<T>(body: T) -> Answer<T> {
    Answer(StatusCode::CREATED, body)
}

/// 204; the original names a content type although there is no content.
pub(crate) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().content_type("application/json").finish()
}

/// The answer to a path whose escapes make no text.
pub(crate) fn unreadable_path(_: PathError, _: &HttpRequest) -> ActixError {
    Error::BadRequest("the path of the request is no text in UTF-8".into()).into()
}

/// Middleware: routes by the path that the original routes by. An escaped slash is a slash, one slash at the end
/// does not matter, and a path with doubled slashes or dot parts is redirected to its clean form.
pub(crate) async fn clean_path(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let path = req.path().replace("%2F", "/").replace("%2f", "/");
    if let Some(clean) = cleaner(&path) {
        let redirect = redirect(&req, &path, &clean);
        return Ok(req.into_response(redirect).map_into_left_body());
    }
    let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(&path);
    if trimmed != req.path() {
        ::web::set_path(&mut req, trimmed);
    }
    Ok(next.call(req).await?.map_into_right_body())
}

/// 301 to the clean form; with a page for people where only slashes at the end were too many.
fn redirect(req: &ServiceRequest, path: &str, clean: &str) -> HttpResponse {
    let location = match req.uri().query() {
        Some(query) => format!("{clean}?{query}"),
        None => clean.to_owned(),
    };
    let mut response = HttpResponse::MovedPermanently();
    response.insert_header((header::LOCATION, location.as_str()));
    // The path of a request line holds neither quotes nor angle brackets unescaped, but clients may send them.
    let harmless = !location.contains(['"', '<', '>', '&']);
    if req.method() == Method::GET && harmless && path.trim_end_matches('/') == clean {
        let page = format!("<a href=\"{location}\">Moved Permanently</a>.\n\n");
        return response.content_type("text/html; charset=utf-8").body(page);
    }
    response.finish()
}

/// The clean form of a path that has doubled slashes or dot parts.
fn cleaner(path: &str) -> Option<String> {
    let parts = || path.split('/').skip(1);
    let last = parts().count().saturating_sub(1);
    let dirty = |(at, part): (usize, &str)| part == "." || part == ".." || (part.is_empty() && at < last);
    if !parts().enumerate().any(dirty) {
        return None;
    }
    let mut clean: Vec<&str> = Vec::new();
    for part in parts() {
        match part {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    Some(format!("/{}", clean.join("/")))
}

#[cfg(test)]
mod tests {
    use super::cleaner;

    #[test]
    fn only_unclean_paths_are_redirected() {
        for path in ["/", "/role", "/role/", "/resource/a.b/..c"] {
            assert_eq!(cleaner(path), None, "{path}");
        }
        for (path, clean) in [
            ("/role//", "/role"),
            ("//role", "/role"),
            ("/resource//a//b", "/resource/a/b"),
            ("/a/../../b", "/b"),
            ("/a/.", "/a"),
            ("//", "/"),
        ] {
            assert_eq!(cleaner(path).as_deref(), Some(clean), "{path}");
        }
    }
}
