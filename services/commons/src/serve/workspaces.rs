//! The workspace service alone.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use apikeys::HttpApiKeys;
use clap::{Args, ValueEnum};
use dataaccess::HttpDataAccess;
use database::Work;
use executor::Executor;
use executorkubernetes::{Api, Kubernetes, Settings};
use hatchery::Hatchery;
use measures::Measures;
use url::Url;
use workflow::Workflows;
use workspace::{Config, Keeper, Neighbours, Workspaces};

use super::{
    built::{Beside, Built},
    options::{ArboristAt, Database, Listen, Tokens},
};
use crate::{
    http_client::http_client,
    version::{COMMIT, VERSION},
    workflows::WithWorkflows,
    workspaces::{limits, read},
};

/// Options of the workspace service.
#[derive(Debug, Clone, Args)]
pub struct WorkspacesArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// Its database.
    #[command(flatten)]
    pub database: Database,
    /// arborist.
    #[command(flatten)]
    pub arborist: ArboristAt,
    /// Tokens.
    #[command(flatten)]
    pub tokens: Tokens,
    /// fence's address, for API keys.
    #[arg(long, value_name = "URL", env = "FENCE_URL", default_value = "http://fence-service")]
    pub fence_url: String,
    /// Which workspaces are offered: a hatchery.json, as in every Gen3 commons.
    #[arg(long, value_name = "FILE", env = "HATCHERY_CONFIG")]
    pub config: Option<PathBuf>,
    /// What runs workspaces.
    #[arg(long, value_enum, env = "WORKSPACE_EXECUTOR", default_value_t = ExecutorKind::None)]
    pub executor: ExecutorKind,
    /// The URL by which users reach the commons.
    #[arg(long, value_name = "URL", env = "PUBLIC_URL")]
    pub public_url: Url,
    /// What the secrets of workspaces are derived from: 32 characters or more, the same for all replicas.
    #[arg(long, value_name = "SECRET", env = "WORKSPACE_SECRET", hide_env_values = true)]
    pub secret: String,
    /// End a workspace that has not been used for so many minutes; 0 for never. Default: 60.
    #[arg(long, value_name = "MINUTES", env = "WORKSPACE_IDLE")]
    pub idle: Option<u32>,
    /// The namespace of the pods. Default: that of the configuration, or else that of this pod.
    #[arg(long, value_name = "NAME", env = "WORKSPACE_NAMESPACE")]
    pub namespace: Option<String>,
    /// The storage class of users' storage. Default: that of the cluster.
    #[arg(long, value_name = "NAME", env = "WORKSPACE_STORAGE_CLASS")]
    pub storage_class: Option<String>,
    /// Run the sidecar of the configuration, in a privileged container that mounts files by FUSE.
    #[arg(long, env = "WORKSPACE_SIDECAR")]
    pub privileged_sidecar: bool,
    /// Workspaces at once. Default: 100.
    #[arg(
        long,
        value_name = "NUMBER",
        env = "WORKSPACE_MOST",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub most: Option<u32>,
}

/// What runs workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExecutorKind {
    /// Nothing: nothing is offered.
    None,
    /// Pods of the cluster in which this is a pod.
    Kubernetes,
}

/// A shorter secret could be found by trying.
const SHORTEST_SECRET: usize = 32;

pub(super) async fn build(args: &WorkspacesArgs, measures: &Measures) -> anyhow::Result<Built> {
    if args.secret.len() < SHORTEST_SECRET {
        bail!("--secret has less than {SHORTEST_SECRET} characters; make one with `openssl rand -hex 32`");
    }
    let mut config = Config::new(args.public_url.clone(), &args.secret);
    if let Some(file) = &args.config {
        config.hatchery = read(file)?;
    }
    config.limits = limits(args.idle, args.most);
    VERSION.clone_into(&mut config.version);
    COMMIT.clone_into(&mut config.commit);
    let client = http_client()?;
    let neighbours = Neighbours {
        authz: args.arborist.client(&client),
        verifier: args.tokens.verifier(&client, measures)?,
        keys: Arc::new(HttpApiKeys::new(&args.fence_url, client.clone())),
        executor: executor(args, &config.hatchery, &client)?,
    };
    let files = Arc::new(HttpDataAccess::new(&args.fence_url, client.clone()));
    // Tasks are listed here and not run: there is nothing yet that runs them on a cluster.
    let tasks = workflow::Neighbours {
        authz: neighbours.authz.clone(),
        verifier: neighbours.verifier.clone(),
        files,
        executor: None,
    };
    let migrated = args.database.migrated(async |pool| {
        ::workspace::migrate(pool).await?;
        Ok(workflow::migrate(pool).await?)
    });
    migrated.await?;
    let pool = args.database.measured_pool(Work::Small, "workspace", measures).await?;
    let workflows = Workflows::build(workflow::Config::new(args.public_url.clone()), pool.clone(), tasks);
    let workspaces = Workspaces::build(config, pool, neighbours);
    let keeper = Keeper::start(&workspaces);
    let service = Arc::new(WithWorkflows { workspaces, workflows });
    Ok(Built { service, reload: None, beside: Beside { keeper: Some(keeper), ..Beside::default() } })
}

fn executor(
    args: &WorkspacesArgs,
    hatchery: &Hatchery,
    client: &reqwest::Client,
) -> anyhow::Result<Option<Arc<dyn Executor>>> {
    if args.executor == ExecutorKind::None {
        return Ok(None);
    }
    let (api, own) = Api::of_pod().context("--executor kubernetes needs a cluster")?;
    let namespace = args.namespace.clone().filter(|name| !name.is_empty());
    let settings = Settings {
        namespace: namespace.or_else(|| hatchery.namespace.clone()).unwrap_or(own),
        any_node: hatchery.any_node,
        sidecar: args.privileged_sidecar,
        storage_class: args.storage_class.clone().filter(|class| !class.is_empty()),
    };
    Ok(Some(Arc::new(Kubernetes::new(api, settings, client.clone()))))
}
