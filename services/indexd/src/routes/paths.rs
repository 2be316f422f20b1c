//! Paths: their spellings, their tails, and what is answered when no route fits.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    Error as ActixError, FromRequest, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{Payload, ResourceDef, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header::ALLOW},
    middleware::Next,
    web::Data,
};
use percent_encoding::percent_decode_str;

use crate::error::page;

/// All paths with their methods, for OPTIONS and for the header `Allow`. `HEAD` and `OPTIONS` go without saying.
const PATHS: [(&str, &[&str]); 24] = [
    ("/index", &["GET", "POST"]),
    ("/index/blank", &["POST"]),
    ("/index/blank/{guid:.+}", &["PUT", "POST"]),
    ("/index/{guid:.+}/aliases", &["GET", "POST", "PUT", "DELETE"]),
    ("/index/{guid:.+?}/aliases/{alias:.+}", &["DELETE"]),
    ("/index/{guid:.+}/versions", &["GET", "PUT"]),
    ("/index/{guid:.+}/latest", &["GET"]),
    ("/index/{guid:.+}", &["GET", "POST", "PUT", "DELETE"]),
    ("/bulk/documents", &["POST"]),
    ("/urls", &["GET"]),
    ("/_query/urls/q", &["GET"]),
    ("/_query/urls/metadata/q", &["GET"]),
    ("/alias", &["GET"]),
    ("/alias/{guid:.+}", &["GET", "PUT", "DELETE"]),
    ("/bundle", &["GET", "POST"]),
    ("/bundle/{guid:.+}", &["GET", "DELETE"]),
    ("/guid/mint", &["GET"]),
    ("/guid/prefix", &["GET"]),
    ("/ga4gh/drs/v1/service-info", &["GET"]),
    ("/ga4gh/drs/v1/objects", &["GET", "POST", "OPTIONS"]),
    ("/ga4gh/drs/v1/objects/{guid:.+}", &["GET", "POST", "OPTIONS"]),
    ("/ga4gh/dos/v1/dataobjects", &["GET"]),
    ("/ga4gh/dos/v1/dataobjects/{guid:.+}", &["GET"]),
    ("/{guid:.+}", &["GET"]),
];

/// Short paths that the lookup of any path would take otherwise.
const MORE_FIXED: [&str; 4] = ["/_dist", "/_status", "/_stats", "/_version"];

/// The paths with their methods, compiled.
pub(super) struct Methods(Vec<(ResourceDef, &'static [&'static str])>);

impl Methods {
    pub(super) fn new() -> Self {
        Self(PATHS.iter().map(|(pattern, methods)| (ResourceDef::new(*pattern), *methods)).collect())
    }

    /// The methods of all routes that fit `path`; none when no route does.
    fn of(&self, path: &str) -> Vec<&'static str> {
        let mut methods: Vec<&str> = self
            .0
            .iter()
            .filter(|(pattern, _)| pattern.is_match(path))
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        if !methods.is_empty() {
            methods.extend(["HEAD", "OPTIONS"]);
        }
        methods.sort_unstable();
        methods.dedup();
        methods
    }
}

/// Middleware: gives every spelling of a path its one form, before a route is looked for.
///
/// An encoded slash is a slash, because GUIDs contain slashes and clients send both. A slash at the end is
/// dropped behind fixed paths only; behind a GUID it belongs to the GUID. `HEAD` is `GET` without the body,
/// which the server leaves out by itself.
pub(super) async fn normalize(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let path = req.path();
    let mut normal = path.replace("%2F", "/").replace("%2f", "/");
    if let Some(stem) = normal.strip_suffix('/') {
        let fixed = MORE_FIXED.contains(&stem) || PATHS.iter().any(|(pattern, _)| *pattern == stem);
        let appends_aliases = req.method() == Method::POST && stem.ends_with("/aliases");
        if fixed || appends_aliases {
            normal.truncate(stem.len());
        }
    }
    if normal != path {
        web::set_path(&mut req, &normal);
    }
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    next.call(req).await
}

/// The answer when no route fits path and method: OPTIONS is answered for all of them.
pub(super) async fn unmatched(req: HttpRequest, methods: Data<Methods>) -> HttpResponse {
    let methods = methods.of(req.path());
    if methods.is_empty() {
        return page(StatusCode::NOT_FOUND);
    }
    let allow = methods.join(", ");
    if req.method() == Method::OPTIONS {
        return HttpResponse::Ok()
            .insert_header((ALLOW, allow))
            .content_type("text/html; charset=utf-8")
            .finish();
    }
    let mut answer = page(StatusCode::METHOD_NOT_ALLOWED);
    if let Ok(allow) = allow.parse() {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}

/// The part `{name}` of the path. The router has decoded all of it but `%25` and `%2B`. PostgreSQL has no NUL,
/// so a part with one names nothing.
pub(super) fn part(req: &HttpRequest, name: &str) -> String {
    let part = req.match_info().get(name).unwrap_or_default();
    percent_decode_str(part).decode_utf8_lossy().replace('\0', "\u{fffd}")
}

/// The part `{guid}` of the path.
pub(super) struct Guid(pub(super) String);

impl FromRequest for Guid {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(part(req, "guid"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_allows_what_all_its_routes_allow() {
        let methods = Methods::new();
        assert_eq!(methods.of("/urls"), ["GET", "HEAD", "OPTIONS"]);
        assert_eq!(methods.of("/index/blank"), ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
        assert_eq!(methods.of("/bundle/x/y"), ["DELETE", "GET", "HEAD", "OPTIONS"]);
        assert!(methods.of("/").is_empty());
    }
}
