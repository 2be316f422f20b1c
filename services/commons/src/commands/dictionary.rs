//! `commons dictionary`.

use std::{path::Path, time::Duration};

use dictionary::{Dictionary, LoadError, Problem};
use serde_json::json;

use super::diff;
use crate::{
    Failure,
    cli::DictionaryCommand,
    output::tell,
    reload::{self, Outcome},
    state::State,
};

pub(crate) async fn run(command: DictionaryCommand) -> anyhow::Result<()> {
    match command {
        DictionaryCommand::Check { source, json } => tell_problems(&source, json).await,
        DictionaryCommand::Examples { source, project, json } => tell_examples(&source, &project, json).await,
        DictionaryCommand::Diff(args) => diff::run(args).await,
        DictionaryCommand::Reload { timeout, json, state } => {
            reload_running(&state.folder, Duration::from_secs(timeout), json).await
        }
    }
}

async fn reload_running(folder: &Path, patience: Duration, json: bool) -> anyhow::Result<()> {
    let state = State::existing(folder)?;
    let Some(run) = state.running()? else {
        let told = format!("no commons runs on {}; start it with `commons up`", state.folder().display());
        return Err(Failure::Prerequisite(told).into());
    };
    let report = reload::ask(&state, &run, patience).await?;
    if json {
        tell(serde_json::to_string(&report)?)?;
    }
    let served = format!("dictionary {} ({} node types)", report.digest, report.node_types);
    let text = match report.outcome {
        Outcome::Unchanged => format!("unchanged: {served}"),
        Outcome::Replaced { breaking: 0 } => format!("serving {served}"),
        Outcome::Replaced { breaking } => {
            format!(
                "serving {served}; {breaking} of its changes break something, as the log of the commons says"
            )
        }
        Outcome::Failed { error } => {
            let told = format!("the commons goes on with {served}, for the new one failed: {error}");
            return Err(Failure::NotInOrder(told).into());
        }
    };
    if !json {
        tell(text)?;
    }
    Ok(())
}

async fn tell_examples(source: &str, project: &str, json: bool) -> anyhow::Result<()> {
    let examples = dictionary::examples(&Dictionary::load(source).await?, project);
    if json {
        return Ok(tell(serde_json::to_string(&examples)?)?);
    }
    let queries: Vec<&str> = examples.iter().map(|example| example.query.as_str()).collect();
    Ok(tell(queries.join("\n").trim_end())?)
}

async fn tell_problems(source: &str, json: bool) -> anyhow::Result<()> {
    let (problems, node_types) = check(source).await?;
    if json {
        tell(json!({ "source": source, "problems": problems }))?;
    } else {
        for problem in &problems {
            tell(problem)?;
        }
    }
    match problems.len() {
        0 if json => Ok(()),
        0 => {
            tell(format_args!("{source}: {node_types} node types, no problem found"))?;
            Ok(())
        }
        count => Err(Failure::NotInOrder(format!("{count} problems in {source}")).into()),
    }
}

/// Every rule of a published dictionary, not only those without which it does not load; and how many node types
/// there are when it does.
async fn check(source: &str) -> Result<(Vec<Problem>, usize), LoadError> {
    let files = match dictionary::read_files(source).await {
        Ok(files) => files,
        Err(LoadError::Invalid(problems)) => return Ok((problems, 0)),
        Err(unreadable) => return Err(unreadable),
    };
    let problems = dictionary::check(&files);
    Ok((problems, Dictionary::from_files(files).map_or(0, |dictionary| dictionary.nodes.len())))
}
