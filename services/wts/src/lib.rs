//! wts: access tokens for programs that work for a user elsewhere (workspace-token-service 0.5).
//!
//! It is an OAuth client of the commons' own fence, which is the identity provider `default`, and of other
//! commons. A user logs in there once; the refresh token is kept, encrypted, and from then on whoever can
//! show an access token of the user gets one of the other commons.
//!
//! Layers: `routes` (HTTP) call methods of [`Wts`] (`actions`), which call `store` (SQL) and `peer` (the
//! token endpoints of the providers). Pure: `config`, `fernet`, `login` (what the cookie of a login holds),
//! `redirect`, `remaining` (how long a token lives, in words) and `issued` (what a provider has issued).

mod access;
mod actions;
mod clock;
mod config;
mod error;
mod fernet;
mod issued;
mod login;
mod peer;
pub mod permits;
mod redirect;
mod remaining;
mod routes;
mod service;
mod store;

use std::sync::Arc;

use actix_web::{ResponseError as _, web::ServiceConfig};
use async_trait::async_trait;
use web::Otherwise;

pub use config::{Config, ConfigError, SETTINGS};
pub use error::Error;
pub use fernet::{FernetError, FernetKey};
pub use service::Wts;
pub use store::migrate::migrate;

impl Wts {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Wts {
    fn name(&self) -> &'static str {
        "wts"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        let otherwise = Otherwise {
            not_found: || Error::NotFound("nothing is served at this path").error_response(),
            not_allowed: || Error::MethodNotAllowed.error_response(),
        };
        web::configure(config, self, otherwise, routes::routes);
    }

    async fn ready(&self) -> Result<(), String> {
        store::migrate::ready(&self.pool).await
    }
}
