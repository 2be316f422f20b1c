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
use web::Endpoint;

use crate::{error::page, guid::Guid};

/// All paths of this service with their methods, for `OPTIONS` and for the header `Allow`.
pub(super) struct Paths(Vec<(ResourceDef, Endpoint)>);

impl Paths {
    pub(super) fn new(endpoints: Vec<Endpoint>) -> Self {
        let compiled = |endpoint: Endpoint| (ResourceDef::new(endpoint.path.as_str()), endpoint);
        Self(endpoints.into_iter().map(compiled).collect())
    }

    /// The methods of all endpoints whose path fits; none when no path does. `HEAD` and `OPTIONS` go without
    /// saying.
    fn methods(&self, path: &str) -> Vec<&str> {
        let fitting = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let mut methods: Vec<&str> = fitting.map(|(_, endpoint)| endpoint.method.as_str()).collect();
        if !methods.is_empty() {
            methods.extend(["HEAD", "OPTIONS"]);
        }
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Whether this is a path without parameters.
    fn is_fixed(&self, path: &str) -> bool {
        self.0.iter().any(|(_, endpoint)| endpoint.path == path)
    }
}

/// Middleware: gives every spelling of a path its one form, before a route is looked for.
///
/// An encoded slash is a slash, because GUIDs contain slashes and clients send both. A slash at the end is
/// dropped behind fixed paths only; behind a GUID it belongs to the GUID. Several at the beginning are one.
/// `HEAD` is `GET` without the body,
/// which the server leaves out by itself.
pub(super) async fn normalize(
    paths: Data<Paths>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let path = request.path();
    let mut normal = path.replace("%2F", "/").replace("%2f", "/");
    if normal.starts_with("//") {
        normal.replace_range(..normal.len() - normal.trim_start_matches('/').len() - 1, "");
    }
    if let Some(stem) = normal.strip_suffix('/') {
        let appends_aliases = request.method() == Method::POST && stem.ends_with("/aliases");
        if paths.is_fixed(stem) || appends_aliases {
            normal.truncate(stem.len());
        }
    }
    if normal != path {
        web::set_path(&mut request, &normal);
    }
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// The answer when no route fits path and method: OPTIONS is answered for all of them.
pub(super) async fn unmatched(request: HttpRequest, paths: Data<Paths>) -> HttpResponse {
    let methods = paths.methods(request.path());
    if methods.is_empty() {
        return page(StatusCode::NOT_FOUND);
    }
    let allow = methods.join(", ");
    if request.method() == Method::OPTIONS {
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

/// A part of the path. The router has decoded all of it but `%25` and `%2B`. PostgreSQL has no NUL, so a part
/// with one names nothing.
fn part(request: &HttpRequest, name: &str) -> String {
    let part = request.match_info().get(name).unwrap_or_default();
    percent_decode_str(part).decode_utf8_lossy().replace('\0', "\u{fffd}")
}

/// The part `{guid}` of the path.
impl FromRequest for Guid {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::from(part(request, "guid"))))
    }
}

/// The part `{name}` of the path.
pub(super) struct Name(pub(super) String);

impl FromRequest for Name {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(part(request, "name"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_allows_what_all_its_routes_allow() {
        let paths = Paths::new(crate::endpoints());
        assert_eq!(paths.methods("/urls"), ["GET", "HEAD", "OPTIONS"]);
        assert_eq!(paths.methods("/index/blank"), ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
        assert_eq!(paths.methods("/bundle/x/y"), ["DELETE", "GET", "HEAD", "OPTIONS"]);
        assert!(paths.methods("/").is_empty());
    }
}
