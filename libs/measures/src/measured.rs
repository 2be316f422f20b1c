//! A service whose requests are counted.

use std::{sync::Arc, time::Instant};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::{Next, from_fn},
};
use async_trait::async_trait;
use web::Service;

use crate::{
    Measures,
    requests::{Requests, Route},
};

/// What no route has answered, and methods that HTTP does not define.
const OTHER: &str = "other";

/// A service whose requests are counted.
pub struct Measured {
    service: Arc<dyn Service>,
    requests: Requests,
}

impl Measured {
    /// `service`, whose requests `measures` counts.
    pub fn new(service: Arc<dyn Service>, measures: &Measures) -> Arc<Self> {
        Arc::new(Self { service, requests: measures.requests.clone() })
    }
}

#[async_trait]
impl Service for Measured {
    fn name(&self) -> &'static str {
        self.service.name()
    }

    fn configure(self: Arc<Self>, config: &mut actix_web::web::ServiceConfig) {
        let (service, requests) = (self.service.clone(), self.requests.clone());
        let name = service.name();
        let count = from_fn(move |request: ServiceRequest, next: Next<_>| {
            count(name, requests.clone(), request, next)
        });
        config.service(
            actix_web::web::scope("").wrap(count).configure(move |config| service.configure(config)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        self.service.ready().await
    }

    async fn checks(&self) -> Vec<web::Check> {
        self.service.checks().await
    }

    fn may_be_dropped(&self) -> bool {
        self.service.may_be_dropped()
    }

    fn dictionary(&self) -> Option<String> {
        self.service.dictionary()
    }
}

async fn count(
    service: &'static str,
    requests: Requests,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (begun, method) = (Instant::now(), known(request.method()));
    let running = requests.begin(service);
    let answer = next.call(request).await?;
    drop(running);
    let route = answer.request().match_pattern().unwrap_or_else(|| OTHER.to_owned());
    requests.end(Route { service, route, method }, answer.status().as_u16(), begun.elapsed());
    Ok(answer)
}

/// The name of a method, so that clients cannot make endlessly many.
fn known(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::CONNECT,
        Method::TRACE,
    ];
    const NAMES: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.iter().position(|known| known == method).map_or(OTHER, |at| NAMES[at])
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, test as client};

    use super::*;

    struct Two;

    #[async_trait]
    impl Service for Two {
        fn name(&self) -> &'static str {
            "two"
        }

        fn configure(self: Arc<Self>, config: &mut actix_web::web::ServiceConfig) {
            config.service(
                actix_web::web::scope("")
                    .route("/a/{id}", actix_web::web::get().to(HttpResponse::Ok))
                    .default_service(actix_web::web::to(HttpResponse::NotFound)),
            );
        }

        async fn ready(&self) -> Result<(), String> {
            Ok(())
        }
    }

    #[actix_web::test]
    async fn requests_are_counted_by_route_whatever_their_paths_are() {
        let measures = Measures::new("1", "c");
        let service = Measured::new(Arc::new(Two), &measures);
        let app = client::init_service(App::new().configure(|config| service.configure(config))).await;
        for (method, path) in [("GET", "/a/1"), ("GET", "/a/2"), ("GET", "/x"), ("BREW", "/y"), ("GET", "/z")]
        {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = client::TestRequest::default().method(method).uri(path).to_request();
            client::call_service(&app, request).await;
        }
        let text = measures.text().unwrap();
        let count = |labels: &str| {
            let line = format!("gen3_http_requests_total{{{labels}}} ");
            text.lines().find_map(|found| found.strip_prefix(&line)).map(str::to_owned)
        };
        let known = r#"service="two",route="/a/{id}",method="GET",status="200""#;
        assert_eq!(count(known).as_deref(), Some("2"), "{text}");
        let unknown = |method| format!(r#"service="two",route="other",method="{method}",status="404""#);
        assert_eq!(count(&unknown("GET")).as_deref(), Some("2"), "{text}");
        assert_eq!(count(&unknown("other")).as_deref(), Some("1"), "{text}");
        assert!(text.contains("gen3_http_requests_running{service=\"two\"} 0\n"), "{text}");
        let took =
            r#"gen3_http_request_duration_seconds_count{service="two",route="/a/{id}",method="GET"} 2"#;
        assert!(text.contains(took), "{text}");
    }
}
