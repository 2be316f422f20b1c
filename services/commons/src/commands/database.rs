//! `commons database`.

use clap::Subcommand;

use super::check::{self, CheckArgs};
use crate::{
    databases,
    failure::Failure,
    output::tell,
    state::{State, StateArgs},
};

/// Commands about databases.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Look for what does not agree in the graph and the file index: transactions that nobody ends, files
    /// without a record, records without a file; and for names of programs and projects that cannot be used
    /// or are taken for one another. Exit status 4 when there is something
    Check(CheckArgs),
    /// Print the connection URL of a database of the commons that runs on this state folder (it holds a
    /// password)
    Url {
        /// `fence`, `arborist`, `indexd`, `sheepdog`, or any other on the same server.
        name: String,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

pub(crate) async fn run(command: DatabaseCommand) -> anyhow::Result<()> {
    match command {
        DatabaseCommand::Check(args) => check::run(args).await,
        DatabaseCommand::Url { name, state } => url(&name, &state).await,
    }
}

async fn url(name: &str, state: &StateArgs) -> anyhow::Result<()> {
    let state = State::existing(&state.folder)?;
    let Some(run) = state.running()? else {
        let told = format!(
            "no commons runs on {}, and its databases run with it; start it with `commons up`",
            state.folder().display()
        );
        return Err(Failure::Prerequisite(told).into());
    };
    let Some(first) = run.databases.values().next() else { anyhow::bail!("run.json names no database") };
    if !run.databases.contains_key(name) {
        let there = on_server(first).await?;
        if !there.iter().any(|there| there == name) {
            let told = format!("there is no database {name}; there are {}", there.join(", "));
            return Err(Failure::NotInOrder(told).into());
        }
    }
    let url = run.databases.get(name).cloned().or_else(|| databases::renamed(first, name));
    tell(url.ok_or_else(|| anyhow::anyhow!("run.json has a malformed URL"))?)?;
    Ok(())
}

/// The names of the databases on the server of `url`.
async fn on_server(url: &str) -> anyhow::Result<Vec<String>> {
    let pool = databases::reached(url).await?;
    let names = "select datname from pg_database where datallowconn and not datistemplate order by datname";
    let names = sqlx::query_scalar(names).fetch_all(&pool).await?;
    pool.close().await;
    Ok(names)
}
