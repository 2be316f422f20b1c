//! operations: the recurring work of a commons, asked for, followed and ended over HTTP; and the routes of
//! sower, of argo-wrapper and of SciCat's archiver as other ways to ask for some of it.
//!
//! What can be done are the kinds of the queue (`libs/workqueue`), which whoever builds the service gives:
//! it knows no other service. Runs are started by those with `create` of the service `gen3-ops` on
//! `/services/ops/<kind>`, read with `read` and ended with `update`; some kinds also let users read and end
//! what they have started themselves.
//!
//! Administrators are also told with which settings the commons runs ([`Configuration`]), and where its
//! objects are ([`Storage`]).
//!
//! Layers: `routes` (HTTP) call methods of [`Operations`] (`actions`), which use the queue and `store` (SQL
//! of the archiver's jobs). A run is touched only with a proof of `access`; `survey` keeps what was seen of
//! stores. Pure: `asked` (bodies and queries), `sower`, `argo`, `scicat` and `scicat_told` (their
//! words), `manifest` (orders of what is handed in), `event` (lines of an event stream), `configuration`,
//! `storage`.

pub mod access;
mod actions;
mod argo;
mod asked;
mod config;
mod configuration;
mod event;
pub mod manifest;
mod model;
mod problem;
mod refusal;
mod routes;
mod scicat;
mod scicat_refusal;
mod scicat_told;
mod service;
mod sower;
mod storage;
mod store;
mod survey;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use config::Config;
pub use configuration::{Configuration, Covers, Setting};
pub use problem::Problem;
pub use service::{Health, Looked, Operations, Outputs, Parts};
pub use storage::{Count, Held, Look, Purpose, Reach, Storage, Store, StoreKind, Uncounted};
pub use store::migrate;

impl Operations {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Operations {
    fn name(&self) -> &'static str {
        "operations"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Problem::NotFound("there is nothing at this path").error_response(),
            not_allowed: || Problem::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    async fn ready(&self) -> Result<(), String> {
        self.queue.ready().await?;
        store::ready(&self.pool).await
    }
}
