//! Finishing changes whose client has gone.

use std::time::Duration;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorInternalServerError,
    middleware::Next,
};
use tracing::Instrument as _;

use crate::panics::failed;

/// A change that takes longer waits for somebody who is not there any more, such as a database that was cut
/// off without a word; it would keep its connection for ever.
const LONGEST_CHANGE: Duration = Duration::from_secs(3600);

/// Middleware: a request that may change something runs to its end, even when its client goes away half-way.
///
/// The server drops the handler of a request whose client has gone, which is right for reads: their
/// statements are wasted work. A change that touches two places (a record in the index, then a row in a
/// database) would stop between them. Requests with a method that is safe (RFC 9110 §9.2.1) are dropped as
/// before.
pub(crate) async fn finish_changes<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    let change = next.call(request);
    let bounded = async {
        tokio::time::timeout(LONGEST_CHANGE, change).await.unwrap_or_else(|_| {
            tracing::error!("a change was given up because it came to no end");
            Err(ErrorInternalServerError("the change came to no end"))
        })
    };
    // Dropping this handle leaves the task running.
    let task = actix_web::rt::spawn(tracecontext::carried(bounded.in_current_span()));
    task.await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => Err(failed(&*panic)),
        Err(ended) => Err(ErrorInternalServerError(ended)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use actix_web::{App, HttpResponse, middleware::from_fn, rt::time::sleep, test, web};

    use super::*;

    type Done = web::Data<AtomicBool>;

    async fn slow(done: Done) -> HttpResponse {
        sleep(Duration::from_millis(40)).await;
        done.store(true, Ordering::SeqCst);
        HttpResponse::Ok().finish()
    }

    /// Whether a handler whose client leaves at once gets to its end.
    async fn ends(request: test::TestRequest) -> bool {
        let done: Done = web::Data::new(AtomicBool::new(false));
        let app =
            App::new().wrap(from_fn(finish_changes)).app_data(done.clone()).default_service(web::to(slow));
        let app = test::init_service(app).await;
        let answer = test::call_service(&app, request.to_request());
        assert!(tokio::time::timeout(Duration::from_millis(10), answer).await.is_err());
        sleep(Duration::from_millis(80)).await;
        done.load(Ordering::SeqCst)
    }

    #[actix_web::test]
    async fn changes_are_finished_and_reads_are_dropped_when_the_client_goes_away() {
        for request in [test::TestRequest::post(), test::TestRequest::put(), test::TestRequest::delete()] {
            assert!(ends(request).await);
        }
        assert!(!ends(test::TestRequest::get()).await);
    }
}
