//! audit: who logged in, and who got a signed URL of which file (audit-service 2.1).
//!
//! fence writes the records, over HTTP or in the same process through [`auditlog::AuditLog`]; whoever may
//! `read` the service `audit` on `/services/audit/{category}` queries them. As with the original, **writing
//! has no authorisation of its own**: those routes must be reachable for the other services alone, and a
//! gateway passes on GET only.
//!
//! Layers: `routes` (HTTP) call methods of [`Audit`] (`actions`), which call `store` (SQL). Pure: `input`
//! (the records that are posted) and `query` (what is asked for).

mod access;
mod actions;
mod config;
mod error;
mod input;
mod query;
mod routes;
mod service;
mod store;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use access::MayRead;
pub use config::Config;
pub use error::Error;
pub use query::Query;
pub use service::Audit;
pub use store::migrate::migrate;
#[doc(hidden)]
pub use store::read::page;

impl Audit {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Error::NotFound.error_response(),
            not_allowed: || Error::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}
