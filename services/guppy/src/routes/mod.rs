//! Routes at their native paths. As in the original, a wrong method is a route that does not exist, except for
//! the graph.

mod download;
mod graphql;
mod system;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, AUTHORIZATION},
    },
};
use authz::Subject;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    system::routes(routes);
    graphql::routes(routes);
    download::routes(routes);
}

pub(crate) async fn not_found(request: HttpRequest) -> Result<(), Error> {
    Err(Error::NoRoute(request.method().clone(), request.path().to_owned()))
}

/// The answer to other methods of the graph.
pub(crate) fn not_allowed() -> HttpResponse {
    let message = "Apollo Server supports only GET/POST requests.".to_owned();
    let error = Error::Request { status: StatusCode::METHOD_NOT_ALLOWED, code: "BAD_REQUEST", message };
    let mut response = actix_web::ResponseError::error_response(&error);
    response.headers_mut().insert(ALLOW, actix_web::http::header::HeaderValue::from_static("GET, POST"));
    response
}

/// Who asks. A header that is no bearer token is as none.
fn caller(request: &HttpRequest) -> Subject {
    let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    match Subject::from_authorization(header) {
        Some(Subject::Token(token)) if token.is_empty() || token.contains(char::is_whitespace) => {
            Subject::Anonymous
        }
        Some(subject) => subject,
        None => Subject::Anonymous,
    }
}

/// The media type of the body, in lower case.
fn media_type(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(actix_web::http::header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = header.split(';').next().unwrap_or_default().trim().to_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}
