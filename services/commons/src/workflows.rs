//! Tasks of users (GA4GH TES): what runs them, and a service for them beside that of workspaces.

use std::{path::Path, str::FromStr, sync::Arc};

use actix_web::web::ServiceConfig;
use anyhow::Context as _;
use async_trait::async_trait;
use clap::Args;
use storage::{AwsCredentials, BucketConfig, Buckets, ObjectStore, S3Store};
use url::Url;
use web::Service;
use workflow::{Executor, Limits, Workflows};
use workspace::Workspaces;

use crate::http_client::http_client;

/// The bucket of the embedded store in which each user has a folder.
pub(crate) const BUCKET: &str = "commons-workflows";
/// Name of the object store's keys.
const CREDENTIALS: &str = "embedded";
/// Each task that runs holds a connection to the database.
const MOST_RUNNING: usize = 16;
/// Memory in a gigabyte, as the standard counts it.
const GIGABYTE: f64 = 1e9;

/// What `commons up` is told of tasks.
#[derive(Debug, Clone, Default, Args)]
pub struct WorkflowArgs {
    /// Run tasks of users (GA4GH TES). `local`: processes of this machine behind namespaces of Linux, which
    /// see their own files and the programs of this machine, and no network; their images are NOT USED, and
    /// they are not isolated as in a container of their own.
    #[arg(long, value_name = "local")]
    pub workflows: Option<Runner>,
    /// An image that tasks may name; `*` stands for anything, `{username}` for the user's name. May be given
    /// several times. Without one no task is taken.
    #[arg(long = "workflow-image", value_name = "PATTERN")]
    pub workflow_images: Vec<String>,
    /// Tasks that run at once. Default: one for each processor, and 16
    /// at most.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workflow_most: Option<u32>,
}

/// What runs tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    /// Processes of this machine.
    Local,
}

impl FromStr for Runner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "local" => Ok(Self::Local),
            other => Err(format!("tasks are run by `local`, not by {other:?}")),
        }
    }
}

impl std::fmt::Display for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("local")
    }
}

/// The embedded store, as tasks use it.
pub(crate) struct Store<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    /// Its address for this process.
    pub(crate) url: &'a str,
    /// Its address for users.
    pub(crate) public_url: &'a str,
}

impl WorkflowArgs {
    /// What is allowed, and how much.
    pub(crate) fn config(&self, public_url: &Url, store_url: Option<Url>) -> workflow::Config {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = self.workflow_most.and_then(|most| usize::try_from(most).ok());
        #[expect(clippy::cast_precision_loss, reason = "it is an amount of memory")]
        let memory = resources::memory_limit().bytes as f64 / GIGABYTE;
        let limits = Limits {
            running: most.unwrap_or(processors.min(MOST_RUNNING)),
            machine: (u32::try_from(processors).unwrap_or(u32::MAX), memory),
            ..Limits::default()
        };
        workflow::Config {
            images: workflow::task::Images::new(self.workflow_images.iter().cloned()),
            bucket: self.workflows.map(|_| BUCKET.to_owned()),
            store_url,
            limits,
            version: crate::version::VERSION.to_owned(),
            ..workflow::Config::new(public_url.clone())
        }
    }

    /// What runs tasks, if anything does, with its files in `folder`.
    ///
    /// # Errors
    /// For a store that cannot be used.
    pub(crate) fn executor(&self, folder: &Path, store: &Store<'_>) -> anyhow::Result<Option<Executor>> {
        let Some(Runner::Local) = self.workflows else { return Ok(None) };
        tracing::warn!("tasks are processes of this machine; the images that they name are not used");
        let as_seen = |public: Option<&str>| {
            let keys = AwsCredentials::key(store.access_key, store.secret_key);
            let bucket = BucketConfig {
                cred: CREDENTIALS.to_owned(),
                endpoint_url: Some(store.url.to_owned()),
                public_endpoint_url: public.map(str::to_owned),
                ..BucketConfig::default()
            };
            let buckets =
                Buckets::new([(BUCKET.to_owned(), bucket)].into(), &[(CREDENTIALS.to_owned(), keys)].into());
            let buckets = buckets.context("the bucket of tasks cannot be used")?;
            Ok::<_, anyhow::Error>(Arc::new(S3Store::new(buckets)) as Arc<dyn ObjectStore>)
        };
        Ok(Some(Executor {
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
            inside: as_seen(None)?,
            outside: as_seen(Some(store.public_url))?,
            client: http_client()?,
        }))
    }
}

/// The service of workspaces, which also answers for tasks: they have its database, and its port.
pub(crate) struct WithWorkflows {
    pub(crate) workspaces: Arc<Workspaces>,
    pub(crate) workflows: Arc<Workflows>,
}

#[async_trait]
impl Service for WithWorkflows {
    fn name(&self) -> &'static str {
        self.workspaces.name()
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        self.workflows.clone().configure(config);
        self.workspaces.clone().configure(config);
    }

    async fn ready(&self) -> Result<(), String> {
        self.workspaces.ready().await?;
        self.workflows.ready().await
    }
}
