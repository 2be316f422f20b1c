//! Spellings of the same path.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Uri, uri::PathAndQuery},
    middleware::Next,
};

/// Middleware: `/a/b/` is routed as `/a/b`. Answers both spellings without a redirect, because a redirect
/// loses the body or the login of some clients. Wrap the inner scope of a service with it.
///
/// actix's `NormalizePath::trim` would also merge slashes inside the path, which are part of some keys.
pub async fn trim_trailing_slash(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.path();
    if path.len() > 1 && path.ends_with('/') {
        let trimmed = match path.trim_end_matches('/') {
            "" => "/".to_owned(),
            trimmed => trimmed.to_owned(),
        };
        set_path(&mut request, &trimmed);
    }
    next.call(request).await
}

/// Writes `//a///b` as `/a/b`: nginx merges slashes, and clients rely on it.
pub fn collapse_slashes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    out
}

/// Routes the request by `path` from here on; the query stays. A path that does not make a URI changes
/// nothing.
pub fn set_path(request: &mut ServiceRequest, path: &str) {
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    set_path_and_query(request, &path_and_query);
}

/// Routes the request by this path and query from here on. Returns `false` and changes
/// nothing if they do not make a URI.
pub fn set_path_and_query(request: &mut ServiceRequest, path_and_query: &str) -> bool {
    let Ok(path_and_query) = path_and_query.parse::<PathAndQuery>() else { return false };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    let Ok(uri) = Uri::from_parts(parts) else { return false };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    true
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, middleware::from_fn, test as client, web};

    use super::*;

    #[actix_web::test]
    async fn both_spellings_reach_the_route() {
        let inner = web::scope("")
            .wrap(from_fn(trim_trailing_slash))
            .route("/a/b", web::post().to(|| async { HttpResponse::Ok().body("here") }));
        let app = client::init_service(App::new().service(web::scope("").configure(|config| {
            config.service(inner);
        })))
        .await;
        for path in ["/a/b", "/a/b/", "/a/b//?q=1"] {
            let answer = client::call_service(&app, client::TestRequest::post().uri(path).to_request()).await;
            assert_eq!(answer.status(), 200, "{path}");
        }
    }

    #[test]
    fn slashes_are_merged() {
        assert_eq!(collapse_slashes("//ws-storage///list/"), "/ws-storage/list/");
    }
}
