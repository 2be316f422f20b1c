//! library: saved cohorts and lists of files, each user's own (gen3-user-data-library 1.0).
//!
//! A list has a name, which is unique for its user, and items: what each is stands in its `type`. A valid
//! token of a user is all that is needed, and leads to this user's lists only.
//!
//! Layers: `routes` (HTTP) call methods of [`Library`] (`actions`), which call `store` (SQL). Pure: `input`
//! (bodies and the rules of items).

pub mod access;
mod actions;
mod config;
mod error;
mod input;
mod model;
mod routes;
mod service;
mod store;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use config::Config;
pub use error::Error;
pub use service::Library;
pub use store::migrate::migrate;

impl Library {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Library {
    fn name(&self) -> &'static str {
        "library"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Error::NotFound("Not Found").error_response(),
            not_allowed: || Error::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}
