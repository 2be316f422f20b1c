//! `commons database`.

use crate::{Failure, cli::DatabaseCommand, output::tell, state::State};

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
    let url = run.databases.values().next().and_then(|url| crate::up::databases::renamed(url, &name));
    tell(url.ok_or_else(|| anyhow::anyhow!("run.json names no database"))?)?;
    Ok(())
}
