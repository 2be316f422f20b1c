//! A panic costs one request.

use std::{any::Any, panic::AssertUnwindSafe};

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    middleware::Next,
};
use futures_util::FutureExt as _;

/// Middleware: a handler that panics has answered 500, and the connection goes on.
///
/// What the handler held is dropped while its stack unwinds; what it shares with others is theirs to keep
/// whole (no lock of the services is poisoned for good). The panic itself is in the log, with its place.
pub(crate) async fn catch_panics<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|panic| Err(failed(&*panic)))
}

/// The answer to a request whose handler panicked. The client does not learn what the panic said.
pub(crate) fn failed(panic: &(dyn Any + Send)) -> Error {
    tracing::error!(panic = text(panic), "the request failed because its handler panicked");
    InternalError::from_response("a panic", HttpResponse::InternalServerError().finish()).into()
}

/// What a panic says of itself.
pub(crate) fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test, web};

    use super::*;

    async fn breaks() -> HttpResponse {
        panic!("a secret of the handler")
    }

    #[actix_web::test]
    async fn a_handler_that_panics_has_answered_500_without_a_word() {
        let app = App::new().wrap(from_fn(catch_panics)).route("/breaks", web::get().to(breaks));
        let app = test::init_service(app.route("/", web::get().to(HttpResponse::Ok))).await;
        let get = |path: &str| test::TestRequest::get().uri(path).to_request();
        let error = test::try_call_service(&app, get("/breaks")).await.unwrap_err();
        let answer = error.error_response();
        assert_eq!(answer.status(), 500);
        let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
        assert!(body.is_empty());
        assert!(test::call_service(&app, get("/")).await.status().is_success());
    }
}
