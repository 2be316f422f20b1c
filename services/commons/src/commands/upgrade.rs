//! `commons upgrade`.

use std::path::Path;

use clap::{Args, Subcommand};

use super::{
    doctor::{
        self,
        existing::{self, ExistingArgs, Urls},
    },
    workbench::Workbench,
};
use crate::{
    databases::DatabaseName,
    state::{State, StateArgs},
};

/// Commands about a change to another version of the program.
#[derive(Debug, Subcommand)]
pub enum UpgradeCommand {
    /// Say what this version of the program would change in the databases, and whether it takes the settings.
    /// Nothing is changed: migrations are tried on copies of the tables without their rows. Exit status 4
    /// when something has to be done first
    Check(CheckArgs),
}

/// Options of `commons upgrade check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Databases that are elsewhere. Default: those of the state folder.
    #[command(flatten)]
    pub existing: ExistingArgs,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

pub(crate) async fn run(command: UpgradeCommand, settings: Option<&Path>) -> anyhow::Result<()> {
    let UpgradeCommand::Check(args) = command;
    let mut findings = vec![doctor::settings_finding(&args.state.folder, settings)];
    if args.existing.database_url.is_some() || !args.existing.databases.is_empty() {
        findings.extend(existing::findings(&args.existing).await);
        return doctor::report(&findings, args.json);
    }
    let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
    let rehearsed = bench
        .with(async |bench| {
            let named = |name: DatabaseName| {
                let url = bench.run.databases.get(name.as_str())?;
                Some((name.as_str(), (name, url.clone())))
            };
            let urls: Urls = DatabaseName::ALL.into_iter().filter_map(named).collect();
            let dictionary = args.existing.dictionary.as_deref().or(bench.run.dictionary.as_deref());
            Ok(existing::rehearsed(&urls, dictionary).await)
        })
        .await?;
    findings.extend(rehearsed);
    doctor::report(&findings, args.json)
}
