//! The public front of a commons: one origin for all services (the role of Gen3's `revproxy`).
//!
//! Two halves: a table that says which service owns a public path ([`Table`], data in `routes.toml`), and a pipeline
//! that every request goes through. Services in this process are called directly; others are reached over HTTP. Both
//! forms use the same table and the same pipeline.

mod body;
mod config;
mod edge;
mod identity;
mod path;
mod pipeline;
mod proxy;
mod table;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    body::BoxBody,
    dev::ServiceRequest,
    guard::{self, GuardContext},
    middleware::{Next, from_fn},
    web as actix,
};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

pub use config::{Config, Login, is_loopback};
pub use table::{Found, Pattern, Rewrite, Row, Table, TableError, Triple};

use crate::{edge::Edge, pipeline::Target};

/// The gateway with the services that run in this process.
pub struct Gateway {
    config: Config,
    services: Vec<Arc<dyn web::Service>>,
}

impl Gateway {
    /// A gateway before `services`; the table's other services are reached at the configured addresses.
    pub fn build(config: Config, services: Vec<Arc<dyn web::Service>>) -> Arc<Self> {
        Arc::new(Self { config, services })
    }

    /// What the gateway answers by itself.
    async fn own_answer(&self, path: &str, edge: &Edge) -> Option<HttpResponse> {
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

    /// Each service with `ready` or what it waits for, and the digests of the dictionaries that are served; 503
    /// until all are ready.
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
            services.insert(
                service.name().to_owned(),
                Value::String(state.map_or_else(|why| why, |()| "ready".into())),
            );
        }
        let mut body = json!({ "ready": ready, "services": services });
        if !dictionaries.is_empty() {
            body["dictionaries"] = Value::Object(dictionaries);
        }
        if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
    }
}

#[async_trait]
impl web::Service for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    fn configure(self: Arc<Self>, cfg: &mut actix::ServiceConfig) {
        let gateway = self.clone();
        let enter = move |req: ServiceRequest, next: Next<BoxBody>| pipeline::run(gateway.clone(), req, next);
        let scope = actix::scope("").app_data(actix::Data::from(self.clone())).wrap(from_fn(enter));
        let scope = scope.configure(|cfg| {
            for service in &self.services {
                let name = service.name();
                let meant = move |ctx: &GuardContext<'_>| {
                    ctx.req_data().get::<Target>().is_some_and(|target| target.service == name)
                };
                web::mount(cfg, service.clone(), guard::fn_guard(meant));
            }
        });
        cfg.service(scope.default_service(actix::to(proxy::forward)));
    }

    /// What is behind it sees to itself: [`web::mount`] here, its own server elsewhere.
    fn may_be_dropped(&self) -> bool {
        true
    }

    async fn ready(&self) -> Result<(), String> {
        for service in &self.services {
            service.ready().await.map_err(|why| format!("{}: {why}", service.name()))?;
        }
        Ok(())
    }
}
