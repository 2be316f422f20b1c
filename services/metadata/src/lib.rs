//! metadata: a JSON document for each GUID, found by its contents (metadata-service).
//!
//! Anybody reads, unless `FORCE_AUTHZ_CHECK_FOR_METADATA_QUERIES` is set; administrators write: who has one
//! of the basic logins, or `access` to `mds_gateway` on `/mds_gateway`. `/objects` joins documents with the
//! file index and signed URLs; there fence and indexd decide, for the caller whose header is passed on.
//!
//! Layers: `routes` (HTTP) call methods of [`Metadata`] (`actions`), which call `store` (SQL) and the
//! neighbours. Pure: `config`, `document` (JSON within limits), `filters` (the grammar of queries), `input`
//! (bodies), `values` (parameters as the original's web framework reads them).

mod access;
mod actions;
pub mod aggregate;
mod config;
mod document;
mod error;
mod filters;
mod granted;
mod input;
pub mod permits;
mod places;
mod routes;
mod search;
mod service;
mod store;
mod values;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;

pub use config::{Aggregate, Config, ConfigError, Logins, Reading};
pub use error::Error;
pub use routes::endpoints;
pub use service::{Metadata, Neighbours};
pub use store::migrate::migrate;

#[async_trait]
impl web::Service for Metadata {
    fn name(&self) -> &'static str {
        "metadata"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        routes::configure(self, config);
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}
