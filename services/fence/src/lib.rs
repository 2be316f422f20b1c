//! fence: users, sessions, API keys, and signed URLs for files.
//!
//! What it answers is what the original answers (fence 13.3), statuses exactly; where we differ on purpose is
//! told in `docs/quirks/fence.md`.
//!
//! Layers: `routes` (HTTP) get the proof that the caller may ([`files::access`], [`identity::permits`]) and
//! call methods of [`Fence`] (`actions`: the order of the steps, transactions), which call `store` (SQL) and
//! the neighbours. The rooms beside them decide and make, each its own subject:
//!
//! - `identity`: callers, sessions, tokens, and where a login may lead.
//! - `provider`: fence as an OpenID provider: clients and what they ask for (pure).
//! - `providers`: logging in through other issuers of OpenID Connect.
//! - `local`: passwords, one-time codes, and how guessing is made slow (pure).
//! - `files`: records, who may read or write their bytes, and where the bytes are or go.
//! - `pages`: the few HTML pages.
//! - `passports`: what other issuers say of whose data somebody may read.
//! - `sync`: brings a user.yaml into the database.
//! - `operator`: users, clients and keys for the program's command line, where nobody calls.
//! - `housekeeping`: forgets revoked tokens that are over, in the background.
//! - `upload_events`: what stores tell of uploads (pure).
//! - `upload_indexing`: fills the records of uploaded files in the background.

mod actions;
mod clock;
mod config;
mod counting;
mod data_access;
mod error;
pub mod files;
mod housekeeping;
pub mod identity;
mod local;
mod middleware;
mod operator;
mod pages;
mod passports;
mod permissions;
pub mod provider;
mod providers;
mod recording;
mod routes;
mod service;
mod store;
pub mod sync;
mod upload_events;
pub mod upload_indexing;

pub use actions::{Entered, Invitation, Invite, InviteMode, VisaUpdates};
pub use config::{
    AuditLogs, CirrusConfig, ClientArguments, ClientSecret, Config, ConfigError, ConnectionString,
    EnabledProviders, Endpoints, EventSecret, GroupsSync, IdpDiscovery, LocalAccounts, LoginCode,
    LoginOption, MetadataSettings, ParseVisas, Provider, PubsubSettings, QueueSettings, SecondFactorClaim,
    ShibbolethSettings, Switch, SynapseSettings, TokenSettings, UploadIndexingSettings, Upstreams, UserSync,
    VisaFields, VisaSettings,
};
pub use error::Error;
pub use housekeeping::{Housekeeping, forget_tokens};
pub use operator::{clients, credentials, local_accounts, users, visas};
pub use providers::ProviderError;
pub use routes::endpoints;
pub use service::Fence;
pub use store::migrate;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use async_trait::async_trait;

#[async_trait]
impl web::Service for Fence {
    fn name(&self) -> &'static str {
        "fence"
    }

    fn configure(self: Arc<Self>, cfg: &mut ServiceConfig) {
        routes::configure(self, cfg);
    }

    async fn ready(&self) -> Result<(), String> {
        let tables = ["\"User\"", "client", "commons_local_account", "commons_upload", "ga4gh_visa_v1"];
        database::ready(&self.pool, "fence's database", &tables).await
    }
}
