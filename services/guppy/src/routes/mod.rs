//! Routes at their native paths. As in the original, a wrong method is a route that does not exist, except
//! for the graph.

mod download;
mod graphql;
mod request;
mod sets;
mod system;
mod v1;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, HeaderValue},
    },
};

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    system::routes(routes);
    graphql::routes(routes);
    download::routes(routes);
    v1::routes(routes);
    sets::routes(routes);
}

pub(crate) async fn not_found(request: HttpRequest) -> Result<(), Error> {
    Err(Error::NoRoute(request.method().clone(), request.path().to_owned()))
}

/// The answer to other methods of the graph.
pub(crate) fn not_allowed() -> HttpResponse {
    let message = "Apollo Server supports only GET/POST requests.".to_owned();
    let error = Error::Request { status: StatusCode::METHOD_NOT_ALLOWED, code: "BAD_REQUEST", message };
    let mut response = actix_web::ResponseError::error_response(&error);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
    response
}
