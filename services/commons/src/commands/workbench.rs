//! What commands use of a commons on this machine, whether it runs or not.

use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use sqlx::PgPool;

use crate::{
    databases::{self, DatabaseName, Databases},
    failure::Failure,
    state::{Lock, Run, State},
};

/// The databases of a commons: those of the running one, or its private server, started for the command.
pub(crate) struct Workbench {
    pub(crate) state: State,
    pub(crate) run: Run,
    databases: Option<(Databases, Lock)>,
}

impl Workbench {
    /// # Errors
    /// When no commons ever ran there, or its databases cannot be started.
    pub(crate) async fn open(state: State) -> anyhow::Result<Self> {
        if let Some(run) = state.running()? {
            return Self { state, run, databases: None }.reached().await;
        }
        let lock = state.lock()?;
        let Some(run) = state.last_run()? else {
            let told = format!(
                "the commons on {} has never been ready; start it with `commons up`",
                state.folder().display()
            );
            return Err(Failure::Prerequisite(told).into());
        };
        if !run.private_databases {
            return Self { state, run, databases: None }.reached().await;
        }
        let databases = Databases::open(&state, &state.secrets()?, None).await?;
        let run = Run { databases: databases.urls()?, ..run };
        Ok(Self { state, run, databases: Some((databases, lock)) })
    }

    /// Makes sure that the databases answer.
    async fn reached(self) -> anyhow::Result<Self> {
        if let Some(url) = self.run.databases.values().next() {
            let told = || format!("the commons on {} has no database now", self.state.folder().display());
            databases::reached(url).await.with_context(told)?;
        }
        Ok(self)
    }

    /// Runs `work` and puts everything back, whether it fails or not.
    pub(crate) async fn with<T, F: Future<Output = anyhow::Result<T>>>(
        self,
        work: impl FnOnce(Arc<Self>) -> F,
    ) -> anyhow::Result<T> {
        let bench = Arc::new(self);
        let done = work(bench.clone()).await;
        if let Some((databases, _lock)) = Arc::into_inner(bench).and_then(|bench| bench.databases) {
            databases.close().await;
        }
        done
    }

    /// Connections to a database.
    pub(crate) fn pool(&self, name: DatabaseName) -> anyhow::Result<PgPool> {
        let url = self.run.databases.get(name.as_str());
        databases::tool_pool(
            url.ok_or_else(|| anyhow::anyhow!("run.json does not name the database {}", name.as_str()))?,
        )
    }
}
