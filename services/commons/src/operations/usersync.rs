//! The operation `usersync`.

use std::{path::PathBuf, sync::Arc};

use arborist::sync::HeavyLoss;
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use workqueue::{Failed, Form, Kind, Parameter, Work};

use super::params::{flag, only};
use crate::{
    failure::message,
    problems,
    up::{Loading, load_users, with_administrator},
};

/// Changes that a log names.
const NAMED: usize = 1_000;

/// Brings the users of the configured user.yaml into the databases. The file is the operator's choice: a
/// request says no path and no address.
pub(crate) struct Usersync {
    pub(crate) file: PathBuf,
    pub(crate) fence: PgPool,
    pub(crate) arborist: PgPool,
}

impl Usersync {
    async fn sync(&self, work: &Work) -> anyhow::Result<Value> {
        let dry_run = flag(work.params(), "dry_run").unwrap_or(false);
        let users = problems::parse(&tokio::fs::read_to_string(&self.file).await?)?;
        for problem in &users.warnings {
            work.log(problem.to_string());
        }
        let users = with_administrator(users);
        // Who wants to take away more than half of all rights says so at a command line.
        let loading = Loading { heavy_loss: HeavyLoss::Refused, most_losers: None, dry_run };
        let changes = load_users(&self.fence, &self.arborist, &users, loading).await?;
        let accounts = changes.accounts.changes.iter().map(|change| (change.kind.text(), &change.what));
        let rights = changes.rights.changes.iter().map(|change| (change.kind.text(), &change.what));
        let count = changes.accounts.changes.len() + changes.rights.changes.len();
        for (what, name) in accounts.chain(rights).take(NAMED) {
            work.log(format!("{what} {name}"));
        }
        Ok(json!({ "dry_run": dry_run, "changes": count, "lose_all_rights": changes.rights.losers.len() }))
    }
}

#[async_trait]
impl Kind for Usersync {
    fn name(&self) -> &'static str {
        "usersync"
    }

    fn purpose(&self) -> &'static str {
        "Bring users, groups, clients and rights of the user.yaml into the databases"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("dry_run", Form::Flag, "Say what would change, and change nothing")] }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["dry_run"])?;
        flag(params, "dry_run").map(drop)
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        self.sync(work).await.map_err(|error| Failed::ForGood(message(&error)))
    }
}
