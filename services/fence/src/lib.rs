//! fence: users, sessions, API keys, and signed URLs for files.
//!
//! What it answers is what the original answers (fence 13.3), statuses exactly; where we differ on purpose is
//! told in `docs/quirks/fence.md`.

mod access;
mod bulk;
mod caller;
pub mod clients;
mod config;
pub mod credentials;
mod downloads;
mod error;
mod issue;
mod login;
mod middleware;
mod pages;
mod permissions;
mod redirects;
mod routes;
mod session;
mod store;
pub mod upload_indexing;
mod uploads;
pub mod users;

use std::sync::Arc;

use actix_web::{middleware::from_fn, web};
use async_trait::async_trait;
use authz::Authz;
use indexclient::IndexClient;
use sqlx::PgPool;
use storage::ObjectStore;
use tokens::{SigningKeys, Verifier};

pub use config::{Config, ConfigError, LoginOption, Provider};
pub use error::FenceError;
pub use store::migrate;

/// The longest request body: nothing that fence takes is big.
const LONGEST_BODY: usize = 2 * 1024 * 1024;

/// The service, built once.
pub struct Fence {
    config: Config,
    checked: config::Checked,
    pool: PgPool,
    keys: Arc<SigningKeys>,
    verifier: Arc<Verifier>,
    issuer: issue::Issuer,
    authz: Arc<dyn Authz>,
    index: Arc<dyn IndexClient>,
    storage: Arc<dyn ObjectStore>,
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence").field("base_url", &self.config.base_url).finish_non_exhaustive()
    }
}

impl Fence {
    /// Builds the service on a migrated database. `storage` is usually [`storage::S3Store`] over
    /// [`Config::buckets`].
    ///
    /// # Errors
    /// For a configuration with which fence must not start; the message names the setting.
    pub fn build(
        config: Config,
        pool: PgPool,
        keys: Arc<SigningKeys>,
        authz: Arc<dyn Authz>,
        index: Arc<dyn IndexClient>,
        storage: Arc<dyn ObjectStore>,
    ) -> Result<Arc<Self>, ConfigError> {
        let checked = config.check()?;
        let verifier = Arc::new(Verifier::local(&keys, vec![config.base_url.clone()]));
        let issuer = issue::Issuer::new(keys.clone(), &config.base_url);
        Ok(Arc::new(Self { config, checked, pool, keys, verifier, issuer, authz, index, storage }))
    }
}

#[async_trait]
impl ::web::Service for Fence {
    fn name(&self) -> &'static str {
        "fence"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        let (for_session, for_pages) = (self.clone(), self.clone());
        cfg.service(
            web::scope("")
                .wrap(from_fn(move |request, next| middleware::session(for_session.clone(), request, next)))
                .wrap(from_fn(move |request, next| middleware::error_pages(for_pages.clone(), request, next)))
                .wrap(from_fn(middleware::cors))
                .wrap(from_fn(::web::trim_trailing_slash))
                .app_data(web::Data::from(self))
                .app_data(web::PayloadConfig::new(LONGEST_BODY))
                .configure(routes::configure)
                .default_service(web::to(routes::not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        let answer = sqlx::query("select 1").execute(&self.pool).await;
        answer.map(drop).map_err(|error| format!("the database does not answer: {error}"))
    }
}
