//! `commons dictionary diff`: shows what is different, and what it breaks.

mod stored;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use dictionary::{Change, Dictionary};
use serde_json::json;
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    dictionaries,
    failure::Failure,
    output::tell,
    state::State,
};
use stored::{Finding, Look};

/// Options of `commons dictionary diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The dictionary of today: a folder, a merged JSON file, its address, or `built-in`.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The dictionary of tomorrow, likewise.
    #[arg(value_name = "NEW")]
    pub new: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Also count what breaks in this graph database; nothing is changed in it.
    #[arg(long, value_name = "URL", conflicts_with = "state")]
    pub database_url: Option<String>,
    /// Also count what breaks in the graph database of the commons on this state folder.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Show the ids of at most N records for each reason.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub examples: u32,
}

pub(crate) async fn run(args: DiffArgs) -> anyhow::Result<()> {
    let old = load(&args.old).await.context("the old dictionary")?;
    let new = load(&args.new).await.context("the new dictionary")?;
    let changes = dictionary::compare(&old, &new);
    let stored = match (&args.database_url, &args.state) {
        (Some(url), _) => Some(look(&databases::reached(url).await?, &args, &old, &new, &changes).await?),
        (None, Some(state)) => Some(look_on(state, &args, &old, &new, &changes).await?),
        (None, None) => None,
    };
    if args.json {
        tell(json!({
            "old": { "source": args.old, "digest": old.digest },
            "new": { "source": args.new, "digest": new.digest },
            "changes": changes,
            "stored": stored,
        }))?;
    } else {
        tell_people(&args, &changes, stored.as_ref())?;
    }
    match changes.iter().filter(|change| change.breaks()).count() {
        0 => Ok(()),
        1 => Err(Failure::NotInOrder("1 change breaks something".to_owned()).into()),
        count => Err(Failure::NotInOrder(format!("{count} changes break something")).into()),
    }
}

async fn load(source: &str) -> anyhow::Result<Dictionary> {
    dictionaries::load((source != dictionaries::BUILT_IN).then_some(source)).await
}

async fn look(
    pool: &PgPool,
    args: &DiffArgs,
    old: &Dictionary,
    new: &Dictionary,
    changes: &[Change],
) -> anyhow::Result<Look> {
    let looked = stored::look(pool, args.examples, old, new, changes).await;
    looked.context("the stored records cannot be looked at")
}

/// As [`look`], on the databases of a commons of this machine, whether it runs or not.
async fn look_on(
    folder: &Path,
    args: &DiffArgs,
    old: &Dictionary,
    new: &Dictionary,
    changes: &[Change],
) -> anyhow::Result<Look> {
    let bench = Workbench::open(State::existing(folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let pool = bench.pool(DatabaseName::Sheepdog)?;
            let looked = look(&pool, args, old, new, changes).await;
            pool.close().await;
            looked
        })
        .await
}

fn tell_people(args: &DiffArgs, changes: &[Change], stored: Option<&Look>) -> anyhow::Result<()> {
    if changes.is_empty() {
        tell(format_args!("{} and {} are the same but for descriptions", args.old, args.new))?;
    }
    let (breaking, compatible): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.breaks());
    for change in breaking.iter().chain(&compatible) {
        tell(change)?;
    }
    let Some(look) = stored else { return Ok(()) };
    tell(format_args!("\nStored records: {} looked at, of the types that they may break", look.records))?;
    if look.findings.is_empty() {
        tell("None of them is broken or hidden by the new dictionary")?;
    }
    for finding in &look.findings {
        tell(line(finding))?;
    }
    Ok(())
}

fn line(finding: &Finding) -> String {
    let Finding { node, property, count, examples, .. } = finding;
    let what = property.as_ref().map_or_else(|| node.clone(), |property| format!("{node}.{property}"));
    let examples =
        if examples.is_empty() { String::new() } else { format!(", for example {}", examples.join(", ")) };
    format!("{what}: {count} × {}{examples}", finding.meaning())
}
