//! `commons dictionary`.

use std::{path::Path, time::Duration};

use clap::Subcommand;
use dictionary::{Dictionary, LoadError, Problem};
use serde_json::json;

use super::diff::{self, DiffArgs};
use crate::{
    failure::Failure,
    output::tell,
    reload::{self, Outcome},
    state::{State, StateArgs},
};

/// Commands about dictionaries.
#[derive(Debug, Subcommand)]
pub enum DictionaryCommand {
    /// Check a dictionary and print every problem with its file and remedy
    Check {
        /// A folder of YAML files, a merged JSON file, or the address of one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print example queries for a dictionary
    Examples {
        /// A folder of YAML files, a merged JSON file, or the address of one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: String,
        /// The project that they are about.
        #[arg(long, value_name = "PROGRAM-PROJECT", default_value = "PROGRAM-PROJECT")]
        project: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what is different in a new dictionary, and what it breaks
    ///
    /// The exit status is 0 when nothing breaks, and 4 when a change breaks stored records, submissions of
    /// today's files or queries, or hides what is stored. With a database, the stored records that it breaks
    /// are counted.
    Diff(DiffArgs),
    /// Make the commons that runs on this state folder load its dictionary again, and wait until it serves it
    ///
    /// The same happens when the commons gets SIGHUP, and when the files of its dictionary change. No request
    /// fails meanwhile. A dictionary that cannot be used changes nothing (exit status 4).
    Reload {
        /// Seconds to wait.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

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

/// The problems by every rule of a published dictionary, not only those that keep it from loading; and the
/// number of its node types when it loads.
async fn check(source: &str) -> Result<(Vec<Problem>, usize), LoadError> {
    let files = match dictionary::read_files(source).await {
        Ok(files) => files,
        Err(LoadError::Invalid(problems)) => return Ok((problems, 0)),
        Err(unreadable) => return Err(unreadable),
    };
    let problems = dictionary::check(&files);
    Ok((problems, Dictionary::from_files(files).map_or(0, |dictionary| dictionary.nodes.len())))
}
