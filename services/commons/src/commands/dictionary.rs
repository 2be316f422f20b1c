//! `commons dictionary`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::Subcommand;
use dictionary::{Dictionary, Severity};
use serde_json::json;

use super::diff::{self, DiffArgs};
use crate::{
    dictionaries,
    failure::Failure,
    output::tell,
    reload::{self, Outcome},
    state::{State, StateArgs},
};

/// Commands about dictionaries.
#[derive(Debug, Subcommand)]
pub enum DictionaryCommand {
    /// Check a dictionary and print every problem with its file and remedy
    ///
    /// Errors keep a commons from serving it, and make the exit status 4. Warnings do not: they name what is
    /// lost, hidden or refused, and what other tools will not read.
    Check {
        /// A folder of YAML files, a merged JSON file, or the address of one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a dictionary as one merged JSON object, the form in which dictionaries are published
    ///
    /// File names are its keys, and references stay as they are written; `pfb from dict` and the portal read
    /// this form.
    Dump {
        /// A folder of YAML files, a merged JSON file, or the address of one. Default: the built-in one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: Option<String>,
        /// Write to this file in place of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
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
        DictionaryCommand::Dump { source, out } => dump(source.as_deref(), out.as_deref()).await,
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

async fn dump(source: Option<&str>, out: Option<&Path>) -> anyhow::Result<()> {
    let files = dictionaries::files(source).await?;
    let merged = serde_json::to_string_pretty(&files)?;
    match out {
        Some(path) => std::fs::write(path, merged + "\n").with_context(|| path.display().to_string()),
        None => Ok(tell(merged)?),
    }
}

async fn tell_problems(source: &str, json: bool) -> anyhow::Result<()> {
    let sources = dictionary::read(source).await?;
    let problems = dictionary::check_sources(&sources);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    if json {
        tell(json!({ "source": source, "errors": errors, "warnings": warnings, "problems": problems }))?;
    } else {
        for problem in &problems {
            let severity = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            tell(format_args!("{severity}: {problem}"))?;
        }
    }
    let counts = [counted(errors, "error"), counted(warnings, "warning")].join(" and ");
    if errors > 0 {
        return Err(Failure::NotInOrder(format!("{counts} in {source}")).into());
    }
    if !json {
        let node_types = Dictionary::from_files(sources.files)?.nodes.len();
        let found = if warnings == 0 { "no problem found".to_owned() } else { counted(warnings, "warning") };
        tell(format_args!("{source}: {node_types} node types, {found}"))?;
    }
    Ok(())
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
