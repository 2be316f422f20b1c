//! Replacing a service while it serves.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    Error,
    body::BoxBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;

use crate::Service;

/// A service whose routes are the same whatever it was built from: its handlers take `web::Data<Self>`.
pub trait Replaceable: Service + Sized {
    /// Registers the routes, the middleware and the answer for unknown routes. Somebody else gives each
    /// request its `web::Data<Self>`.
    fn routes(config: &mut web::ServiceConfig);
}

/// The service that serves now. A request has one of them from its beginning to its end: whoever comes after
/// a replacement meets the new one, and the old one goes away with its last request.
pub struct Current<S> {
    service: ArcSwap<S>,
}

impl<S: Replaceable> Current<S> {
    /// Begins with `service`.
    pub fn new(service: Arc<S>) -> Arc<Self> {
        Arc::new(Self { service: ArcSwap::new(service) })
    }

    /// The one that serves now.
    pub fn get(&self) -> Arc<S> {
        self.service.load_full()
    }

    /// From now on requests are served by `service`.
    pub fn replace(&self, service: Arc<S>) {
        self.service.store(service);
    }

    async fn enter(
        &self,
        mut request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse, Error> {
        let mut data = Extensions::new();
        data.insert(web::Data::from(self.get()));
        request.add_data_container(Rc::new(data));
        next.call(request).await
    }
}

#[async_trait]
impl<S: Replaceable> Service for Current<S> {
    fn name(&self) -> &'static str {
        self.get().name()
    }

    fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
        let enter = from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
            let current = self.clone();
            async move { current.enter(request, next).await }
        });
        config.service(web::scope("").wrap(enter).configure(S::routes));
    }

    async fn ready(&self) -> Result<(), String> {
        self.get().ready().await
    }

    async fn checks(&self) -> Vec<crate::Check> {
        self.get().checks().await
    }

    fn may_be_dropped(&self) -> bool {
        self.get().may_be_dropped()
    }

    fn dictionary(&self) -> Option<String> {
        self.get().dictionary()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::{App, test as client};
    use tokio::sync::Semaphore;

    use super::*;

    struct Numbered {
        number: u32,
        gate: Arc<Semaphore>,
    }

    #[async_trait]
    impl Service for Numbered {
        fn name(&self) -> &'static str {
            "numbered"
        }

        fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
            config.service(web::scope("").app_data(web::Data::from(self)).configure(Self::routes));
        }

        async fn ready(&self) -> Result<(), String> {
            Ok(())
        }
    }

    async fn at_once(numbered: web::Data<Numbered>) -> String {
        numbered.number.to_string()
    }

    async fn at_the_gate(numbered: web::Data<Numbered>) -> String {
        let _passed = numbered.gate.acquire().await;
        numbered.number.to_string()
    }

    impl Replaceable for Numbered {
        fn routes(config: &mut web::ServiceConfig) {
            let scope = web::scope("").wrap(from_fn(crate::trim_trailing_slash));
            let scope = scope.route("/at_once", web::get().to(at_once));
            config.service(scope.route("/at_the_gate", web::get().to(at_the_gate)));
        }
    }

    #[actix_web::test]
    async fn a_request_keeps_the_service_that_it_began_with_and_the_next_one_meets_the_new_one() {
        let gate = Arc::new(Semaphore::new(0));
        let numbered = |number| Arc::new(Numbered { number, gate: gate.clone() });
        let current = Current::new(numbered(1));
        let service = current.clone();
        let app = App::new().service(web::scope("").configure(|config| service.configure(config)));
        let app = client::init_service(app).await;
        let get = |path: &str| {
            let request = client::TestRequest::get().uri(path).to_request();
            client::call_and_read_body(&app, request)
        };
        let slow = get("/at_the_gate/");
        let replacing = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            current.replace(numbered(2));
            let answer = get("/at_once").await;
            gate.add_permits(1);
            answer
        };
        let (old, new) = tokio::join!(slow, replacing);
        assert_eq!((&old[..], &new[..]), (&b"1"[..], &b"2"[..]));
    }

    #[actix_web::test]
    async fn the_old_service_goes_away_with_its_last_request() {
        let numbered = |number| Arc::new(Numbered { number, gate: Arc::new(Semaphore::new(0)) });
        let first = numbered(1);
        let current = Current::new(first.clone());
        let service = current.clone();
        let app = App::new().service(web::scope("").configure(|config| service.configure(config)));
        let app = client::init_service(app).await;
        let request = client::TestRequest::get().uri("/at_once").to_request();
        client::call_and_read_body(&app, request).await;
        current.replace(numbered(2));
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
