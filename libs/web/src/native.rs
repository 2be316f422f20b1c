//! A service whose endpoints lie at their native paths.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{Data, ServiceConfig, scope, to},
};

use crate::{Routes, register, trim_trailing_slash};

/// What a service answers where it has no endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Otherwise {
    /// For a path that is none of its paths.
    pub not_found: fn() -> HttpResponse,
    /// For another method of one of its paths.
    pub not_allowed: fn() -> HttpResponse,
}

/// Registers all endpoints of `service`, each with and without a slash at its end; handlers get the service
/// as [`Data`].
pub fn configure<S: 'static>(
    config: &mut ServiceConfig,
    service: Arc<S>,
    otherwise: Otherwise,
    routes: impl FnOnce(&mut Routes<'_>),
) {
    let not_found = otherwise.not_found;
    config.service(
        scope("")
            .wrap(from_fn(trim_trailing_slash))
            .app_data(Data::from(service))
            .configure(|config| register(config, otherwise.not_allowed, routes))
            .default_service(to(move || async move { not_found() })),
    );
}

#[cfg(test)]
mod tests {
    use actix_web::{App, http::Method, test as client};

    use super::*;

    async fn shown(text: Data<String>) -> String {
        text.to_string()
    }

    #[actix_web::test]
    async fn both_spellings_of_a_path_are_answered_and_everything_else_is_refused() {
        let otherwise = Otherwise {
            not_found: || HttpResponse::NotFound().finish(),
            not_allowed: || HttpResponse::MethodNotAllowed().finish(),
        };
        let app = client::init_service(App::new().configure(|config| {
            configure(config, Arc::new("here".to_owned()), otherwise, |routes| {
                routes.resource("/a/b", |methods| methods.get(shown));
            });
        }))
        .await;
        for (method, path, status) in [
            (Method::GET, "/a/b", 200),
            (Method::GET, "/a/b/?c=d", 200),
            (Method::POST, "/a/b", 405),
            (Method::GET, "/a", 404),
        ] {
            let request = client::TestRequest::default().method(method.clone()).uri(path).to_request();
            assert_eq!(client::call_service(&app, request).await.status(), status, "{method} {path}");
        }
    }
}
