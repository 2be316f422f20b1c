//! The commands beside `up` and `serve`.

pub(crate) mod archive;
pub(crate) mod authz;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod database;
pub(crate) mod detach;
pub(crate) mod dictionary;
mod diff;
pub(crate) mod doctor;
mod environment;
pub(crate) mod etl;
mod fence_clients;
pub(crate) mod fence_create;
mod graph;
pub(crate) mod helm;
pub(crate) mod index;
pub(crate) mod init;
mod issuer;
pub(crate) mod keys;
pub(crate) mod life;
pub(crate) mod logs;
pub(crate) mod metadata;
pub(crate) mod migrate;
pub(crate) mod objects;
pub(crate) mod op;
pub(crate) mod pfb;
pub(crate) mod placed;
mod rehearsal;
pub(crate) mod restore;
pub(crate) mod search;
pub(crate) mod size;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod transfer;
pub(crate) mod upgrade;
pub(crate) mod user;
mod workbench;

use std::time::Duration;

use anyhow::Context as _;
use clap::CommandFactory as _;
use serde_json::json;
use url::Url;

use crate::{
    cli::Cli,
    failure::Failure,
    output::tell,
    version::{COMMIT, VERSION},
};

pub(crate) fn version(as_json: bool) -> anyhow::Result<()> {
    let postgresql = postgresql();
    if as_json {
        tell(json!({ "version": VERSION, "commit": COMMIT, "postgresql": postgresql }))?;
    } else {
        tell(format_args!("commons {VERSION} ({COMMIT})"))?;
        tell(postgresql.as_deref().unwrap_or("no PostgreSQL found; `commons up` needs one"))?;
    }
    Ok(())
}

/// What the PostgreSQL that `commons up` would start says of itself.
fn postgresql() -> Option<String> {
    let program = postgres::Programs::find().ok()?.folder.join("postgres");
    let said = std::process::Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned()).filter(|said| !said.is_empty())
}

pub(crate) fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "commons", &mut script);
    Ok(tell(String::from_utf8_lossy(&script).trim_end())?)
}

pub(crate) async fn healthcheck(url: Url, timeout_seconds: u64) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(timeout_seconds)).build()?;
    let answer = client.get(url.clone()).send().await.with_context(|| format!("{url} does not answer"));
    let status = answer.map_err(|error| Failure::NotInOrder(format!("{error:#}")))?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(Failure::NotInOrder(format!("{url} answers {status}")).into())
    }
}
