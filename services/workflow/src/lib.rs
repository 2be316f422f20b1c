//! Tasks by the Task Execution Service of GA4GH, version 1.1, at the paths and with the rights of
//! gen3-workflow.
//!
//! A task is commands that run one after the other, with the files that they read and those that are kept
//! of them. What becomes of it is decided by [`life`], which is pure; the wish stands in PostgreSQL before
//! anything is done about it, so that a process which ends at any moment leaves neither a task that never
//! ends nor a program of one.

pub mod access;
mod actions;
mod config;
mod error;
mod keeper;
pub mod life;
mod model;
mod routes;
mod runner;
mod service;
mod store;
pub mod task;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, scope, to},
};
use web::Endpoint;

pub use config::{Config, Limits};
pub use keeper::Keeper;
pub use runner::Executor;
pub use service::{Neighbours, Workflows};
pub use store::migrate::migrate;

use crate::error::Error;

/// Below which path everything is.
pub const PREFIX: &str = "/ga4gh/tes/v1";

impl Workflows {
    /// Every endpoint, for tests and tools.
    pub fn endpoints() -> Vec<Endpoint> {
        web::endpoints(|routes| routes.below(PREFIX, routes::routes))
    }

    /// Whether its table can be used.
    ///
    /// # Errors
    /// What is wrong, for who asks whether the service is ready.
    pub async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }

    /// Registers the endpoints, below [`PREFIX`] and nowhere else, in a service that has others, too.
    pub fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        config.service(
            scope(PREFIX)
                .app_data(Data::from(self))
                .configure(|config| web::register(config, not_allowed, routes::routes))
                .default_service(to(not_found)),
        );
    }
}

fn not_allowed() -> HttpResponse {
    HttpResponse::from_error(Error::MethodNotAllowed)
}

async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound)
}
