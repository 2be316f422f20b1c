//! `commons upgrade`.

use std::path::Path;

use super::{
    doctor::{
        self,
        existing::{self, Urls},
    },
    workbench::Workbench,
};
use crate::{
    cli::{CheckArgs, UpgradeCommand},
    databases::DatabaseName,
    state::State,
};

pub(crate) async fn run(command: UpgradeCommand, settings: Option<&Path>) -> anyhow::Result<()> {
    let UpgradeCommand::Check(CheckArgs { state, existing: databases, json }) = command;
    let mut findings = vec![doctor::settings_finding(&state.folder, settings)];
    if databases.database_url.is_some() || !databases.databases.is_empty() {
        findings.extend(existing::findings(&databases).await);
        return doctor::report(&findings, json);
    }
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let rehearsed = bench
        .with(async |bench| {
            let named = |name: DatabaseName| {
                let url = bench.run.databases.get(name.as_str())?;
                Some((name.as_str(), (name, url.clone())))
            };
            let urls: Urls = DatabaseName::ALL.into_iter().filter_map(named).collect();
            let dictionary = databases.dictionary.as_deref().or(bench.run.dictionary.as_deref());
            Ok(existing::rehearsed(&urls, dictionary).await)
        })
        .await?;
    findings.extend(rehearsed);
    doctor::report(&findings, json)
}
