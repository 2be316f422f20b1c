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
use indexclient::IndexClient;
use library::Library;
use policystore::{HttpPolicies, PolicyStore, TimedStore};
use requestor::Requestor;
use reqwest::Client;
use serde_json::Value;
use sqlx::PgPool;
use tokens::Verifier;
use url::Url;
use workflow::Workflows;
use workspace::{Keeper, Workspaces};
use wts::Wts;

use super::{
    ground::Ground,
    pools::Pools,
    wts::{WtsClient, service as wts_service},
};
use crate::{
    state::State,
    version::{COMMIT, VERSION},
    workflows::Store,
};

/// How the services ask each other: directly or over HTTP.
pub(super) struct Neighbours {
    pub(super) authz: Arc<dyn Authz>,
    pub(super) index: Arc<dyn IndexClient>,
    pub(super) verifier: Arc<Verifier>,
}

/// What the small services are built of.
pub(super) struct Around<'a> {
    pub(super) ground: &'a Ground,
    pub(super) pools: &'a Pools,
    pub(super) neighbours: &'a Neighbours,
    /// For other systems.
    pub(super) client: &'a Client,
}

impl Around<'_> {
    fn authz(&self) -> Arc<dyn Authz> {
        self.neighbours.authz.clone()
    }

    fn verifier(&self) -> Arc<Verifier> {
        self.neighbours.verifier.clone()
    }

    /// Requests for access.
    ///
    /// # Errors
    /// For a configuration that it refuses.
    pub(super) fn requestor(&self, policies: Arc<dyn PolicyStore>) -> anyhow::Result<Arc<Requestor>> {
        let document = self.ground.requestor_config.as_ref().unwrap_or(&Value::Null);
        let mut config =
            requestor::Config::from_document(document).context("--requestor-config cannot be used")?;
        VERSION.clone_into(&mut config.version);
        let (pool, client) = (self.pools.requestor.clone(), self.client.clone());
        Ok(Requestor::build(config, pool, self.authz(), policies, self.verifier(), client))
    }

    /// Saved lists.
    pub(super) fn library(&self) -> Arc<Library> {
        let config = library::Config { version: VERSION.into(), ..library::Config::default() };
        Library::build(config, self.pools.library.clone(), self.authz(), self.verifier())
    }

    /// Tokens of other commons.
    ///
    /// # Errors
    /// For a configuration that it refuses.
    pub(super) fn wts(&self, own: Option<&WtsClient>) -> anyhow::Result<Arc<Wts>> {
        let (pool, client) = (self.pools.wts.clone(), self.client.clone());
        wts_service(self.ground, own, pool, self.authz(), self.verifier(), client)
    }

    /// Workspaces of users, and what looks after them.
    ///
    /// # Errors
    /// For a configuration that is refused.
    pub(super) fn workspaces(
        &self,
        state: &State,
        keys: Arc<dyn ApiKeys>,
    ) -> anyhow::Result<(Arc<Workspaces>, Keeper)> {
        let ground = self.ground;
        let mut config = workspace::Config::new(ground.public_url.clone(), &ground.secrets.service_secret);
        config.hatchery = ground.workspaces.hatchery()?;
        config.limits = ground.workspaces.limits();
        VERSION.clone_into(&mut config.version);
        COMMIT.clone_into(&mut config.commit);
        let executor = ground.workspaces.executor(state, &ground.public_url)?;
        let neighbours =
            workspace::Neighbours { authz: self.authz(), verifier: self.verifier(), keys, executor };
        let service = Workspaces::build(config, self.pools.workspace.clone(), neighbours);
        let keeper = Keeper::start(&service);
        Ok((service, keeper))
    }

    /// Tasks of users, and what runs them.
    ///
    /// # Errors
    /// For a store that cannot be used.
    pub(super) fn workflows(
        &self,
        state: &State,
        files: Arc<dyn DataAccess>,
    ) -> anyhow::Result<(Arc<Workflows>, workflow::Keeper)> {
        let ground = self.ground;
        let store_url = Url::parse(&ground.public_object_store_url).ok();
        let config = ground.workflows.config(&ground.public_url, store_url);
        let store = Store {
            access_key: &ground.secrets.store_access_key,
            secret_key: &ground.secrets.store_secret_key,
            url: &ground.object_store_url,
            public_url: &ground.public_object_store_url,
        };
        let executor = ground.workflows.executor(&state.path("workflows"), &store)?;
        let neighbours =
            workflow::Neighbours { authz: self.authz(), verifier: self.verifier(), files, executor };
        let service = Workflows::build(config, self.pools.workspace.clone(), neighbours);
        let keeper = workflow::Keeper::start(&service);
        Ok((service, keeper))
    }
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
