//! Building the small services, and how the others reach what they give.

use std::sync::Arc;

use anyhow::Context as _;
use apikeys::{ApiKeys, HttpApiKeys};
use arborist::Arborist;
use audit::Audit;
use auditlog::{AuditLog, HttpAuditLog};
use authz::{Authz, HttpAuthz};
use dataaccess::{DataAccess, HttpDataAccess};
use fence::Fence;
use library::Library;
use policystore::{HttpPolicies, PolicyStore, TimedStore};
use requestor::Requestor;
use reqwest::Client;
use serde_json::Value;
use sqlx::PgPool;
use tokens::Verifier;
use workspace::{Keeper, Workspaces};

use super::ground::Ground;
use crate::{
    state::State,
    version::{COMMIT, VERSION},
};

/// What requestor asks and calls.
pub(super) struct Asks {
    pub(super) authz: Arc<dyn Authz>,
    pub(super) policies: Arc<dyn PolicyStore>,
    /// For other systems.
    pub(super) client: Client,
}

/// Requests for access.
///
/// # Errors
/// For a configuration that it refuses.
pub(super) fn requestor(
    ground: &Ground,
    pool: PgPool,
    asks: Asks,
    verifier: Arc<Verifier>,
) -> anyhow::Result<Arc<Requestor>> {
    let document = ground.requestor_config.as_ref().unwrap_or(&Value::Null);
    let mut config =
        requestor::Config::from_document(document).context("--requestor-config cannot be used")?;
    VERSION.clone_into(&mut config.version);
    Ok(Requestor::build(config, pool, asks.authz, asks.policies, verifier, asks.client))
}

/// Workspaces of users, and what looks after them.
///
/// # Errors
/// For a configuration that is refused.
pub(super) fn workspaces(
    state: &State,
    ground: &Ground,
    pool: PgPool,
    neighbours: workspace::Neighbours,
) -> anyhow::Result<(Arc<Workspaces>, Keeper)> {
    let hatchery = ground.workspaces.hatchery()?;
    let executor = ground.workspaces.executor(state, &ground.public_url)?;
    let mut config = workspace::Config::new(ground.public_url.clone(), &ground.secrets.service_secret);
    config.hatchery = hatchery;
    config.limits = ground.workspaces.limits();
    VERSION.clone_into(&mut config.version);
    COMMIT.clone_into(&mut config.commit);
    let neighbours = workspace::Neighbours { executor, ..neighbours };
    let service = Workspaces::build(config, pool, neighbours);
    let keeper = Keeper::start(&service);
    Ok((service, keeper))
}

/// Where keys of workspaces are made.
pub(super) fn api_keys(ground: &Ground, fence: &Arc<Fence>, neighbour: &Client) -> Arc<dyn ApiKeys> {
    if ground.remote_calls {
        Arc::new(HttpApiKeys::new(&ground.address_of("fence"), neighbour.clone()))
    } else {
        fence.clone()
    }
}

/// What happened.
pub(super) fn audit(pool: PgPool, authz: Arc<dyn Authz>) -> Arc<Audit> {
    let config = audit::Config { version: VERSION.into(), ..audit::Config::default() };
    Audit::build(config, pool, authz)
}

/// Saved lists.
pub(super) fn library(pool: PgPool, authz: Arc<dyn Authz>, verifier: Arc<Verifier>) -> Arc<Library> {
    let config = library::Config { version: VERSION.into(), ..library::Config::default() };
    Library::build(config, pool, authz, verifier)
}

/// Where fence writes down what happened.
pub(super) fn audit_log(ground: &Ground, audit: &Arc<Audit>, neighbour: &Client) -> Arc<dyn AuditLog> {
    if ground.remote_calls {
        Arc::new(HttpAuditLog::new(&ground.address_of("audit"), neighbour.clone()))
    } else {
        audit.clone()
    }
}

/// Who says who may do what.
pub(super) fn authz(ground: &Ground, arborist: &Arc<Arborist>, neighbour: &Client) -> Arc<dyn Authz> {
    if ground.remote_calls {
        Arc::new(HttpAuthz::new(&ground.address_of("arborist"), neighbour.clone()))
    } else {
        arborist.clone()
    }
}

/// Where rights are kept that fence and requestor give.
pub(super) fn rights(ground: &Ground, arborist: &Arc<Arborist>, neighbour: &Client) -> Arc<dyn TimedStore> {
    if ground.remote_calls {
        Arc::new(HttpPolicies::new(&ground.address_of("arborist"), neighbour.clone()))
    } else {
        arborist.clone()
    }
}

/// Where the metadata service gets the bytes of files.
pub(super) fn data_access(ground: &Ground, fence: &Arc<Fence>, neighbour: &Client) -> Arc<dyn DataAccess> {
    if ground.remote_calls {
        Arc::new(HttpDataAccess::new(&ground.address_of("fence"), neighbour.clone()))
    } else {
        fence.clone()
    }
}
