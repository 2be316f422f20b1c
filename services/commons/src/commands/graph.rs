//! The graph's database of a command: one that is named, or that of a commons on this machine.

use std::{path::Path, sync::Arc};

use clap::Args;
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    state::State,
};

/// Which graph.
#[derive(Debug, Clone, Args)]
pub(crate) struct GraphArgs {
    /// The graph's database, instead of a commons on this machine.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
    /// Data dictionary of the database. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub(crate) dictionary: Option<String>,
}

impl GraphArgs {
    /// Runs `work` with the database that is named, or with that of the commons of `state`, and with where
    /// its dictionary is.
    ///
    /// # Errors
    /// When the database cannot be reached, or no commons ever ran there; and those of `work`.
    pub(crate) async fn with<T>(
        &self,
        state: &Path,
        work: impl AsyncFnOnce(&PgPool, Option<&str>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let named = self.dictionary.as_deref();
        if let Some(url) = &self.database_url {
            // SQLAlchemy's spelling names the driver too.
            let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
            return work(&databases::reached(&url).await?, named).await;
        }
        let bench = Workbench::open(State::existing(state)?).await?;
        bench
            .with(async |bench: Arc<Workbench>| {
                let pool = bench.pool(DatabaseName::Sheepdog)?;
                let done = work(&pool, named.or(bench.run.dictionary.as_deref())).await;
                pool.close().await;
                done
            })
            .await
    }
}
