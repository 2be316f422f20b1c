//! `commons database`.

use clap::Subcommand;

use crate::{
    databases,
    failure::Failure,
    output::tell,
    state::{State, StateArgs},
};

/// Commands about databases.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
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

pub(crate) fn run(command: DatabaseCommand) -> anyhow::Result<()> {
    let DatabaseCommand::Url { name, state } = command;
    let state = State::existing(&state.folder)?;
    let Some(run) = state.running()? else {
        let told = format!(
            "no commons runs on {}, and its databases run with it; start it with `commons up`",
            state.folder().display()
        );
        return Err(Failure::Prerequisite(told).into());
    };
    let url = run.databases.values().next().and_then(|url| databases::renamed(url, &name));
    tell(url.ok_or_else(|| anyhow::anyhow!("run.json names no database"))?)?;
    Ok(())
}
