//! Workspaces: programs such as JupyterLab that a user of a commons works with, next to the data.
//!
//! The heir of hatchery, with its configuration, its API below `/lw-workspace/`, and its names. A user has
//! one workspace at most. What becomes of it is decided by [`life`], which is pure; the wish stands in
//! PostgreSQL before anything is done about it, so that a process which ends at any moment leaves nothing
//! behind that is not cleared away: no program without an owner, and no API key that lives longer than its
//! workspace.

pub mod access;
mod actions;
mod config;
mod error;
mod keeper;
pub mod life;
mod model;
mod proxy;
mod routes;
mod secrets;
mod service;
mod store;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, scope, to},
};
use async_trait::async_trait;
use web::Endpoint;

pub use config::{Config, Limits};
pub use keeper::Keeper;
pub use service::{Neighbours, Workspaces};
pub use store::migrate::migrate;

use crate::error::Error;

impl Workspaces {
    /// Every endpoint, for tests and tools.
    pub fn endpoints() -> Vec<Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Workspaces {
    fn name(&self) -> &'static str {
        "workspace"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        config.service(
            scope("")
                .app_data(Data::from(self))
                .configure(|config| web::register(config, not_allowed, routes::routes))
                .default_service(to(not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}

fn not_allowed() -> HttpResponse {
    HttpResponse::from_error(Error::MethodNotAllowed)
}

async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound("404 page not found".into()))
}
