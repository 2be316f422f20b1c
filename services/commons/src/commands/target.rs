//! Which databases a command works on: those of a state folder, or others by their URLs.

use std::{future::Future, sync::Arc};

use clap::Args;
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    failure::Failure,
    state::{State, StateArgs},
};

/// The databases of users and their rights, by their URLs.
#[derive(Debug, Clone, Default, Args)]
pub struct IdentityDatabases {
    /// fence's database.
    #[arg(long, value_name = "URL", env = "FENCE_DATABASE_URL", hide_env_values = true)]
    pub fence_database: Option<String>,
    /// arborist's database.
    #[arg(long, value_name = "URL", env = "ARBORIST_DATABASE_URL", hide_env_values = true)]
    pub arborist_database: Option<String>,
}

/// The databases of identity: a state folder has both, and URLs name them anywhere else, as in a cluster.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("fence_database", |arg| arg.help("fence's database, if there is no state folder")),
    mut_arg("arborist_database", |arg| arg.help("arborist's database, if there is no state folder"))
)]
pub struct TargetArgs {
    /// Them, if there is no state folder.
    #[command(flatten)]
    pub databases: IdentityDatabases,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

impl TargetArgs {
    /// Whether the databases are given by URLs, so that no state folder is looked at.
    pub(crate) fn by_url(&self) -> bool {
        self.databases.fence_database.is_some() || self.databases.arborist_database.is_some()
    }

    /// # Errors
    /// When a database does not answer, or there is no commons in the state folder.
    pub(crate) async fn open(&self) -> anyhow::Result<Target> {
        if !self.by_url() {
            return Ok(Target::Bench(Box::new(Workbench::open(State::existing(&self.state.folder)?).await?)));
        }
        Ok(Target::Urls {
            fence: reached(self.databases.fence_database.as_deref()).await?,
            arborist: reached(self.databases.arborist_database.as_deref()).await?,
        })
    }
}

async fn reached(url: Option<&str>) -> anyhow::Result<Option<PgPool>> {
    let Some(url) = url else { return Ok(None) };
    // SQLAlchemy's spelling names the driver too.
    let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
    Ok(Some(databases::reached(&url).await?))
}

/// The databases of a command.
pub(crate) enum Target {
    /// Those of a state folder.
    Bench(Box<Workbench>),
    /// Those of URLs.
    Urls { fence: Option<PgPool>, arborist: Option<PgPool> },
}

impl Target {
    /// Runs `work` and puts everything back, whether it fails or not.
    pub(crate) async fn with<T, F: Future<Output = anyhow::Result<T>>>(
        self,
        work: impl FnOnce(Arc<Pools>) -> F,
    ) -> anyhow::Result<T> {
        match self {
            Self::Bench(bench) => {
                bench
                    .with(async |bench: Arc<Workbench>| {
                        let pools = Pools {
                            fence: Some(bench.pool(DatabaseName::Fence)?),
                            arborist: Some(bench.pool(DatabaseName::Arborist)?),
                        };
                        let pools = Arc::new(pools);
                        let done = work(pools.clone()).await;
                        pools.close().await;
                        done
                    })
                    .await
            }
            Self::Urls { fence, arborist } => {
                let pools = Arc::new(Pools { fence, arborist });
                let done = work(pools.clone()).await;
                pools.close().await;
                done
            }
        }
    }
}

/// Connections to the databases of a command.
pub(crate) struct Pools {
    fence: Option<PgPool>,
    arborist: Option<PgPool>,
}

impl Pools {
    /// # Errors
    /// When only the other database was given.
    pub(crate) fn fence(&self) -> anyhow::Result<PgPool> {
        given(self.fence.as_ref(), "fence's", "--fence-database URL (or FENCE_DATABASE_URL)")
    }

    /// # Errors
    /// When only the other database was given.
    pub(crate) fn arborist(&self) -> anyhow::Result<PgPool> {
        given(self.arborist.as_ref(), "arborist's", "--arborist-database URL (or ARBORIST_DATABASE_URL)")
    }

    async fn close(&self) {
        for pool in self.fence.iter().chain(&self.arborist) {
            pool.close().await;
        }
    }
}

fn given(pool: Option<&PgPool>, whose: &str, option: &str) -> anyhow::Result<PgPool> {
    let told = || Failure::Prerequisite(format!("{whose} database is needed as well: name it by {option}"));
    Ok(pool.ok_or_else(told)?.clone())
}
