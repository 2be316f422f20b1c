//! The public front of a commons: one origin for all services (the role of Gen3's `revproxy`).
//!
//! Two halves: a table that says which service owns a public path ([`Table`], data in `routes.toml`), and a
//! pipeline that every request goes through. Services in this process are called directly; others are reached
//! over HTTP. Both forms use the same table and the same pipeline.

mod access_log;
pub mod admission;
mod body;
mod config;
mod edge;
mod identity;
mod objects;
mod pages;
mod path;
mod pipeline;
mod proxy;
mod refusal;
mod service;
mod table;

use std::sync::Arc;

use actix_web::{
    body::BoxBody,
    dev::ServiceRequest,
    guard::{self, GuardContext},
    middleware::{Next, from_fn},
    web as actix,
};
use async_trait::async_trait;

pub use config::{Config, Login, ObjectStore};
pub use service::Gateway;
pub use table::{Found, Pattern, Rewrite, Row, Table, TableError, Triple};

use crate::admission::Target;

#[async_trait]
impl web::Service for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    fn configure(self: Arc<Self>, config: &mut actix::ServiceConfig) {
        if let Some(store) = self.config.object_store.clone() {
            let is_meant = guard::fn_guard(move |context| store.has(context.head().uri.path()));
            let objects = actix::resource("/{object:.*}").guard(is_meant);
            config.service(objects.app_data(actix::Data::from(self.clone())).to(objects::forward));
        }
        let gateway = self.clone();
        let enter =
            move |request: ServiceRequest, next: Next<BoxBody>| pipeline::run(gateway.clone(), request, next);
        let scope = actix::scope("").app_data(actix::Data::from(self.clone())).wrap(from_fn(enter));
        let scope = scope.configure(|config| {
            for service in &self.services {
                let name = service.name();
                let is_meant = move |context: &GuardContext<'_>| {
                    context.req_data().get::<Target>().is_some_and(|target| target.service == name)
                };
                web::mount(config, service.clone(), guard::fn_guard(is_meant));
            }
        });
        config.service(scope.default_service(actix::to(proxy::forward)));
    }

    /// What must not be dropped is kept by [`web::mount`] in this process, and by its own server elsewhere.
    fn may_be_dropped(&self) -> bool {
        true
    }

    async fn ready(&self) -> Result<(), String> {
        let states = self.states().await;
        let waiting = states.into_iter().find_map(|(name, state)| Some(format!("{name}: {}", state.err()?)));
        waiting.map_or(Ok(()), Err)
    }

    async fn checks(&self) -> Vec<web::Check> {
        let states = self.states().await.into_iter();
        states.map(|(name, state)| web::Check::new(name, state)).collect()
    }
}
