//! requestor: asking for access, and giving it (requestor 1.9).
//!
//! A request is about a policy of arborist and a user. Whoever may `update` the service `requestor` on the
//! policy's resources moves it from status to status; with some of them (`SIGNED`) the user gets the
//! policy, or loses it if that was requested.
//!
//! Layers: `routes` (HTTP) call methods of [`Requestor`] (`actions`), which call `store` (SQL). Pure:
//! `config`, `input` (bodies and filters), `policy` (names of policies, paths below paths) and `redirect`.

mod access;
mod actions;
mod calls;
mod config;
mod error;
mod input;
mod model;
pub mod permits;
mod policy;
mod redirect;
mod routes;
mod service;
mod store;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use config::{Config, ConfigError};
pub use error::Error;
pub use service::Requestor;
pub use store::migrate::migrate;

impl Requestor {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Requestor {
    fn name(&self) -> &'static str {
        "requestor"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Error::NoSuchPath.error_response(),
            not_allowed: || Error::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}
