//! `commons status`.

use std::time::Duration;

use clap::Args;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    explorer::{Ask, ask},
    failure::Failure,
    output::tell,
    state::{Run, State, StateArgs},
    style::{self, Stream},
    version::{COMMIT, VERSION},
};

/// A commons that is well answers within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Options of `commons status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

/// What the gateway says of the services.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    #[serde(default)]
    pub(super) services: IndexMap<String, Value>,
}

/// The command. The exit status is 0 if the commons is ready, 3 if none runs, and 4 if it is not ready.
pub(crate) async fn run(args: StatusArgs) -> anyhow::Result<()> {
    let state = State::existing(&args.state.folder)?;
    let Some(run) = state.running()? else {
        if args.json {
            tell(json!({ "running": false, "ready": false, "state": state.folder() }))?;
        }
        let told = format!("no commons runs on {}; start it with `commons up`", state.folder().display());
        return Err(Failure::Prerequisite(told).into());
    };
    let asked = readiness(&run).await;
    let (readiness, silence) = match asked {
        Ok(readiness) => (readiness, None),
        Err(error) => (Readiness::default(), Some(format!("{error:#}"))),
    };
    let explorer = if silence.is_none() { explorer(&state).await } else { Value::Null };
    if args.json {
        tell(json!({
            "running": true,
            "ready": readiness.ready,
            "services": readiness.services,
            "explorer": explorer,
            "url": run.url,
            "pid": run.pid,
            "state": state.folder(),
            "dictionary": run.dictionary,
            "private_databases": run.private_databases,
            "version": VERSION,
            "commit": COMMIT,
        }))?;
    } else {
        tell(describe(&state, &run, &readiness, &explorer))?;
    }
    match (readiness.ready, silence) {
        (true, _) => Ok(()),
        (false, Some(silence)) => {
            Err(Failure::NotInOrder(format!("the commons runs but does not answer: {silence}")).into())
        }
        (false, None) => Err(Failure::NotInOrder("the commons is not ready".to_owned()).into()),
    }
}

/// Asks the gateway.
///
/// # Errors
/// When it does not answer.
pub(super) async fn readiness(run: &Run) -> anyhow::Result<Readiness> {
    // Nothing secret is asked or told, and its own certificate is for the public name.
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .tls_danger_accept_invalid_certs(true)
        .build()?;
    let answer = client.get(format!("{}/_ready", run.local_address())).send().await?;
    Ok(answer.json().await?)
}

/// What the explorer has: its indices with their documents, or null if it does not say in time, as while it
/// makes all of them anew.
async fn explorer(state: &State) -> Value {
    let asked = tokio::time::timeout(PATIENCE, ask(state, Ask::Status)).await;
    asked.ok().and_then(Result::ok).unwrap_or_default()
}

/// A line for each index.
fn indices(explorer: &Value) -> Vec<String> {
    let Some(indices) = explorer["indices"].as_array() else {
        return vec!["explorer    is at work, and does not say what it has".to_owned()];
    };
    let said = |index: &Value| {
        let name = index["name"].as_str().unwrap_or_default();
        match (index["index"].as_str(), index["as_of"].as_str()) {
            (None, _) => format!("explorer    {name}: not there yet"),
            (Some(_), None) => format!("explorer    {name}: {} documents", index["documents"]),
            (Some(_), Some(time)) => {
                format!("explorer    {name}: {} documents as of {time}", index["documents"])
            }
        }
    };
    indices.iter().map(said).collect()
}

fn describe(state: &State, run: &Run, readiness: &Readiness, explorer: &Value) -> String {
    let word = if readiness.ready {
        style::green(Stream::Output, "ready")
    } else {
        style::red(Stream::Output, "not ready")
    };
    let mut lines = vec![
        format!("commons     {} ({word})", style::bold(Stream::Output, &run.url)),
        format!("process     {}", run.pid),
        format!("state       {}", state.folder().display()),
        format!("dictionary  {}", run.dictionary.as_deref().unwrap_or("built-in")),
        format!(
            "databases   {}",
            if run.private_databases { "private PostgreSQL" } else { "given PostgreSQL" }
        ),
    ];
    for (name, said) in &readiness.services {
        let said = said.as_str().map_or_else(|| said.to_string(), str::to_owned);
        lines.push(format!("{name:<11} {said}"));
    }
    lines.extend(indices(explorer));
    lines.join("\n")
}
