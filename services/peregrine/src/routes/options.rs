//! `OPTIONS`: which methods a path has, and the preflights of browsers (Flask and flask-cors).

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ResourceDef, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_REQUEST_HEADERS,
            ACCESS_CONTROL_REQUEST_METHOD, ALLOW,
        },
    },
    middleware::Next,
};

/// What a preflight is told of methods, whichever the path has.
const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// The paths of the service with their methods.
pub(crate) struct Options(Vec<(ResourceDef, String)>);

impl Options {
    pub(crate) fn of(endpoints: Vec<web::Endpoint>) -> Self {
        let path = |endpoint: web::Endpoint| (ResourceDef::new(endpoint.path), endpoint.method);
        Self(endpoints.into_iter().map(path).collect())
    }

    /// The methods of a path, if the service has it.
    fn methods(&self, path: &str) -> Option<Vec<&str>> {
        let of_path = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let mut methods: Vec<&str> = of_path.map(|(_, method)| method.as_str()).collect();
        if methods.is_empty() {
            return None;
        }
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.sort_unstable();
        methods.dedup();
        Some(methods)
    }
}

/// Answers `OPTIONS` and leaves everything else to the routes.
pub(crate) async fn answer<B: MessageBody>(
    options: &Options,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let methods = options.methods(request.path()).filter(|_| request.method() == Method::OPTIONS);
    let Some(methods) = methods else { return Ok(next.call(request).await?.map_into_left_body()) };
    let response = allowed(request.request(), &methods);
    Ok(request.into_response(response).map_into_right_body())
}

fn allowed(request: &HttpRequest, methods: &[&str]) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type("text/html; charset=utf-8").insert_header((ALLOW, methods.join(", ")));
    if request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        if let Some(wanted) = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, wanted));
        }
    }
    response.finish()
}
