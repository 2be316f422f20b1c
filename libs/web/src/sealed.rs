//! A service that answers only to those who know a secret.

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web,
};
use async_trait::async_trait;
use subtle::ConstantTimeEq as _;

use crate::Service;

/// The header that has the secret.
pub const SECRET_HEADER: &str = "x-commons-secret";

/// A service behind a secret: requests without it get 403. For ports on loopback, which every account of the
/// machine can reach, of services that trust whoever reaches them.
pub struct Sealed {
    service: Arc<dyn Service>,
    secret: Arc<str>,
}

impl Sealed {
    /// `service` for those who send `secret` in the header [`SECRET_HEADER`].
    pub fn new(service: Arc<dyn Service>, secret: &str) -> Arc<Self> {
        Arc::new(Self { service, secret: secret.into() })
    }
}

#[async_trait]
impl Service for Sealed {
    fn name(&self) -> &'static str {
        self.service.name()
    }

    fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
        let secret = self.secret.clone();
        let check =
            from_fn(move |request: ServiceRequest, next: Next<_>| check(secret.clone(), request, next));
        let service = self.service.clone();
        config.service(web::scope("").wrap(check).configure(move |config| service.configure(config)));
    }

    async fn ready(&self) -> Result<(), String> {
        self.service.ready().await
    }

    async fn checks(&self) -> Vec<crate::Check> {
        self.service.checks().await
    }

    fn may_be_dropped(&self) -> bool {
        self.service.may_be_dropped()
    }

    fn dictionary(&self) -> Option<String> {
        self.service.dictionary()
    }
}

async fn check(
    secret: Arc<str>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let given = request.headers().get(SECRET_HEADER);
    if !given.is_some_and(|given| given.as_bytes().ct_eq(secret.as_bytes()).into()) {
        let refusal = HttpResponse::Forbidden().body("this port is for the parts of this commons only");
        return Ok(request.into_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

#[cfg(test)]
mod tests {
    use actix_web::{App, http::StatusCode, test};

    use super::*;

    struct Open;

    #[async_trait]
    impl Service for Open {
        fn name(&self) -> &'static str {
            "open"
        }

        fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
            config.route("/known", web::get().to(HttpResponse::Ok));
            config.default_service(web::to(HttpResponse::NotFound));
        }

        async fn ready(&self) -> Result<(), String> {
            Ok(())
        }
    }

    async fn status(path: &str, secret: Option<&str>) -> StatusCode {
        let service = Sealed::new(Arc::new(Open), "s3cret");
        let app = test::init_service(App::new().configure(|config| service.configure(config))).await;
        let mut request = test::TestRequest::get().uri(path);
        if let Some(secret) = secret {
            request = request.insert_header((SECRET_HEADER, secret));
        }
        test::call_service(&app, request.to_request()).await.status()
    }

    #[actix_web::test]
    async fn nothing_is_answered_without_the_secret_and_everything_with_it() {
        for path in ["/known", "/unknown"] {
            for wrong in [None, Some(""), Some("s3cre"), Some("s3cret1"), Some("S3CRET")] {
                assert_eq!(status(path, wrong).await, StatusCode::FORBIDDEN, "{path} {wrong:?}");
            }
        }
        assert_eq!(status("/known", Some("s3cret")).await, StatusCode::OK);
        assert_eq!(status("/unknown", Some("s3cret")).await, StatusCode::NOT_FOUND);
    }
}
