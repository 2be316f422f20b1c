//! The gateway and what it answers by itself.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use crate::{config::Config, edge::Edge};

/// The gateway with the services that run in this process.
pub struct Gateway {
    pub(crate) config: Config,
    pub(crate) services: Vec<Arc<dyn web::Service>>,
}

impl Gateway {
    /// A gateway before `services`; the table's other services are reached at the configured addresses.
    pub fn build(config: Config, services: Vec<Arc<dyn web::Service>>) -> Arc<Self> {
        Arc::new(Self { config, services })
    }

    pub(crate) async fn own_answer(&self, path: &str, edge: &Edge) -> Option<HttpResponse> {
        match path {
            "/_status" => {
                // The portal and other clients fetch the CSRF token here.
                let body = format!(r#"{{ "message": "Feelin good!", "csrf": "{}" }}"#, edge.csrf_token);
                Some(HttpResponse::Ok().content_type("application/json").body(body))
            }
            "/_ready" => Some(self.readiness().await),
            _ => None,
        }
    }

    /// Each service with `ready` or what it waits for, and the digests of the dictionaries that are served;
    /// 503 until all are ready.
    async fn readiness(&self) -> HttpResponse {
        let mut services = Map::new();
        let mut dictionaries = Map::new();
        let mut ready = true;
        for service in &self.services {
            let state = service.ready().await;
            if let Some(digest) = service.dictionary() {
                dictionaries.insert(service.name().to_owned(), Value::String(digest));
            }
            ready &= state.is_ok();
            let state = state.map_or_else(|why| why, |()| "ready".into());
            services.insert(service.name().to_owned(), Value::String(state));
        }
        let mut body = json!({ "ready": ready, "services": services });
        if !dictionaries.is_empty() {
            body["dictionaries"] = Value::Object(dictionaries);
        }
        if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
    }
}
