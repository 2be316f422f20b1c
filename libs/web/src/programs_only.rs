//! Keeping web pages away from a service that trusts whoever reaches it.

use std::net::IpAddr;

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HOST, HeaderMap, ORIGIN},
    middleware::Next,
};

/// Middleware: refuses with 403 what a browser sends for a web page.
///
/// A port on this machine is out of reach for the network, but not for a page in a browser on this machine:
/// it may post to any address (the browser then names the page's `Origin`), and may read from one that its
/// own name leads to (DNS rebinding; then `Host` is that name).
pub(crate) async fn programs_only(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    if request.headers().contains_key(ORIGIN) || !names_this_machine(request.headers()) {
        let refusal = HttpResponse::Forbidden().body("this port is for programs on this machine only");
        return Ok(request.into_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::{App, http::StatusCode, middleware::from_fn, test, web};

    use super::*;

    async fn status(host: &str, origin: Option<&str>) -> StatusCode {
        let app = App::new().wrap(from_fn(programs_only)).default_service(web::to(HttpResponse::Ok));
        let app = test::init_service(app).await;
        let mut request = test::TestRequest::post().insert_header((HOST, host));
        if let Some(origin) = origin {
            request = request.insert_header((ORIGIN, origin));
        }
        test::call_service(&app, request.to_request()).await.status()
    }

    #[actix_web::test]
    async fn programs_on_this_machine_pass_and_web_pages_do_not() {
        for host in ["127.0.0.1:1", "localhost:1", "LOCALHOST", "[::1]:1", "127.0.0.1"] {
            assert_eq!(status(host, None).await, StatusCode::OK, "{host}");
            assert_eq!(status(host, Some("http://evil.example")).await, StatusCode::FORBIDDEN, "{host}");
        }
        for host in ["evil.example:1", "localhost.evil.example", "10.0.0.1", "[fe80::1]:1", ""] {
            assert_eq!(status(host, None).await, StatusCode::FORBIDDEN, "{host}");
        }
    }
}
