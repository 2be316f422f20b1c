//! manifests: each user's own lists of files, cohorts and exported metadata, as objects in a bucket
//! (manifestservice).
//!
//! A user's folder is `user-<id>/`, with `cohorts/` and `exported-metadata/` in it. A valid token of a user
//! is all that is needed, and leads to this user's folder only.
//!
//! Layers: `routes` (HTTP) call methods of [`Manifests`] (`actions`), which call `folder` (the object store).
//! Pure: `input` (bodies), `names` (keys and names of files).

pub mod access;
mod actions;
mod config;
mod error;
pub mod folder;
mod input;
mod names;
mod routes;
mod service;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use config::Config;
pub use error::Error;
pub use service::Manifests;

impl Manifests {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Manifests {
    fn name(&self) -> &'static str {
        "manifests"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Error::NotFound("there is nothing at this path").error_response(),
            not_allowed: || Error::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    /// The bucket is asked when somebody wants something of it.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
