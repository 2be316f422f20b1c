//! The gateway and what it answers by itself.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    http::{Method, header::HeaderMap},
};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use crate::{
    config::Config,
    edge::Edge,
    pages::{self, Pages},
    table::Found,
};

/// A service that does not say within this time whether it is ready is not.
/// The whole process has two seconds.
const PROBE: Duration = Duration::from_millis(1800);

/// The gateway with the services that run in this process.
pub struct Gateway {
    pub(crate) config: Config,
    pub(crate) services: Vec<Arc<dyn web::Service>>,
    pub(crate) pages: Pages,
}

impl Gateway {
    /// A gateway before `services`; the table's other services are reached at the configured addresses.
    pub fn build(config: Config, services: Vec<Arc<dyn web::Service>>) -> Arc<Self> {
        let here = services.iter().map(|service| service.name());
        let pages = Pages::of(&config, here);
        Arc::new(Self { config, services, pages })
    }

    pub(crate) async fn own_answer(
        &self,
        path: &str,
        edge: &Edge,
        headers: &HeaderMap,
    ) -> Option<HttpResponse> {
        match path {
            "/_status" => {
                // The portal and other clients fetch the CSRF token here.
                let body = format!(r#"{{ "message": "Feelin good!", "csrf": "{}" }}"#, edge.csrf_token);
                Some(HttpResponse::Ok().content_type("application/json").body(body))
            }
            "/_ready" => Some(self.readiness().await),
            // The server answers them before they come here; what is left is another spelling or a proxy's.
            path if web::is_probe(path) => Some(HttpResponse::NotFound().finish()),
            "/" if matches!(edge.method, Method::GET | Method::HEAD) => {
                let table = &self.config.table;
                let has_page = table.page(path, None).is_some();
                let is_page = has_page && pages::may_be_page(path, &edge.method, headers);
                let is_elsewhere = matches!(table.find(path, None), Found::Row(..));
                (!is_page && !is_elsewhere).then(|| self.pages.first(headers))
            }
            _ => None,
        }
    }

    /// What each service in this process says of itself. All are asked at the same time, and none for longer
    /// than a probe waits.
    pub(crate) async fn states(&self) -> Vec<(&'static str, Result<(), String>)> {
        let asked = self.services.iter().map(|service| async {
            let state = tokio::time::timeout(PROBE, service.ready()).await;
            (service.name(), state.unwrap_or_else(|_| Err("does not answer".into())))
        });
        join_all(asked).await
    }

    /// Each service with `ready` or what it waits for, and the digests of the dictionaries that are served;
    /// 503 until all are ready.
    async fn readiness(&self) -> HttpResponse {
        let states = self.states().await;
        let ready = states.iter().all(|(_, state)| state.is_ok());
        let word =
            |state: Result<(), String>| Value::String(state.map_or_else(|why| why, |()| "ready".into()));
        let services: Map<_, _> =
            states.into_iter().map(|(name, state)| (name.to_owned(), word(state))).collect();
        let digest = |service: &Arc<dyn web::Service>| {
            Some((service.name().to_owned(), Value::String(service.dictionary()?)))
        };
        let dictionaries: Map<_, _> = self.services.iter().filter_map(digest).collect();
        let mut body = json!({ "ready": ready, "services": services });
        if !dictionaries.is_empty() {
            body["dictionaries"] = Value::Object(dictionaries);
        }
        if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
    }
}
