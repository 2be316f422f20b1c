//! In whose name tokens are made on the command line, and which keys sign them.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use authz::HttpAuthz;
use clap::Args;
use fence::{Config, Fence};
use indexclient::HttpIndex;
use sqlx::PgPool;
use storage::{Buckets, S3Store};
use tokens::SigningKeys;

use super::target::TargetArgs;
use crate::{documents, failure::Failure, http_client::http_client, state::State};

/// Who issues tokens.
#[derive(Debug, Clone, Args)]
pub struct IssuerArgs {
    /// fence-config.yaml, whose `BASE_URL` issues the token. Default: the address of the commons of the state
    /// folder.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// The keys folder. Default: that of the state folder.
    #[arg(long, value_name = "DIR", env = "FENCE_KEYS")]
    pub keys: Option<PathBuf>,
}

/// Who issues tokens, once it is known.
pub(crate) struct Issuer {
    /// fence's configuration; the default one with the address, where there is no file.
    pub(crate) config: Config,
    pub(crate) keys: Arc<SigningKeys>,
}

impl IssuerArgs {
    /// # Errors
    /// When `target` is no state folder and what that would say is not given, or the keys cannot be read.
    pub(crate) fn read(&self, target: &TargetArgs) -> anyhow::Result<Issuer> {
        let state = || State::existing(&target.state.folder);
        let missing = |what: &str, option: &str| {
            Failure::Prerequisite(format!("{what} not known: name {option}")).into()
        };
        let config = match &self.fence_config {
            Some(file) => {
                let told = || format!("{} cannot be used", file.display());
                Config::from_document(&documents::yaml(file)?).with_context(told)?
            }
            None if target.by_url() => {
                return Err(missing("the issuer is", "fence-config.yaml by --fence-config"));
            }
            None => {
                let state = state()?;
                let folder = state.folder().display();
                let told =
                    format!("the commons on {folder} has never been ready; start it with `commons up`");
                let run = state.last_run()?.ok_or(Failure::Prerequisite(told))?;
                Config { base_url: run.issuer(), ..Config::default() }
            }
        };
        let keys = match &self.keys {
            Some(folder) => SigningKeys::load(folder)?,
            None if target.by_url() => return Err(missing("the signing keys are", "their folder by --keys")),
            None => state()?.signing_keys()?,
        };
        Ok(Issuer { config, keys: Arc::new(keys) })
    }
}

impl Issuer {
    /// A fence that makes tokens and keys, asks nobody and serves no requests.
    ///
    /// # Errors
    /// For a configuration with which fence would not start.
    pub(crate) fn fence(self, pool: PgPool) -> anyhow::Result<Arc<Fence>> {
        const NOBODY: &str = "http://localhost";
        let client = http_client()?;
        let authz = Arc::new(HttpAuthz::new(NOBODY, client.clone()));
        let index = Arc::new(HttpIndex::new(NOBODY, "", "", client.clone()));
        let store = S3Store::new(Buckets::new(Default::default(), &Default::default())?);
        Ok(Fence::build(self.config, pool, self.keys, authz, index, Arc::new(store), &client)?)
    }
}
