//! sheepdog: validated writes to the graph.
//!
//! A submission goes through pure steps with one lookup between each two: the body becomes documents
//! (`libs/documents`), documents become entities (`rules::classify`), the answers of the database turn them
//! into writes or errors (the other `rules`, in the order of `submission::decide`), and `submission::write`
//! writes them set by set. One request is one transaction. What does not fit into one batch waits in
//! temporary files between the steps (`runtime`).
//!
//! What is decided without I/O stands in `rules`, how records are written down in `forms`, and SQL in
//! `store`.

mod answer;
pub mod auth;
pub mod check;
mod config;
pub mod deletion;
mod error;
pub mod export;
mod forms;
mod model;
mod outbox;
pub mod projects;
pub mod reassignment;
mod replay;
mod routes;
mod rules;
mod runtime;
mod service;
mod store;
mod submission;
#[cfg(test)]
mod testing;
mod transaction;
mod utf8;

use std::sync::Arc;

use actix_web::{middleware::from_fn, web};
use async_trait::async_trait;

pub use config::Config;
pub use error::Error;
pub use service::Sheepdog;
pub use transaction::Mode;

/// The endpoints of the service, for tests and tools.
pub fn endpoints() -> Vec<::web::Endpoint> {
    ::web::endpoints(routes::routes)
}

#[async_trait]
impl ::web::Service for Sheepdog {
    fn name(&self) -> &'static str {
        "sheepdog"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("").app_data(web::Data::from(self)).configure(<Self as ::web::Replaceable>::routes),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        let migrated = async { store::probe::migrated(&mut *self.pool.acquire().await?).await };
        database::promptly(migrated).await.map_err(|error| unready(&error))
    }

    fn dictionary(&self) -> Option<String> {
        Some(self.dictionary.digest.clone())
    }
}

/// PostgreSQL's `undefined_table`.
const NO_SUCH_TABLE: &str = "42P01";

fn unready(error: &sqlx::Error) -> String {
    match error.as_database_error().and_then(|error| error.code()).as_deref() {
        Some(NO_SUCH_TABLE) => format!("the graph database is not migrated: {error}"),
        _ => format!("the graph database does not answer: {error}"),
    }
}

impl ::web::Replaceable for Sheepdog {
    fn routes(cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("")
                .wrap(from_fn(::web::trim_trailing_slash))
                .configure(|cfg| ::web::register(cfg, routes::not_allowed, routes::routes))
                .default_service(web::to(routes::not_found)),
        );
    }
}
