//! `commons index migrate`.

use std::{io::IsTerminal as _, sync::Arc};

use clap::{Args, ValueEnum};
use indexd::{Layout, TransferError, TransferMode, TransferOptions, Transferred};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sqlx::PgPool;

use crate::{
    commands::workbench::Workbench,
    databases::{self, DatabaseName},
    failure::Failure,
    index_options::layout_setting,
    output::tell,
    state::{State, StateArgs},
};

const TEMPLATE: &str = "records {wide_bar} {pos}/{len} {per_sec} {eta}";

/// Options of `commons index migrate`.
#[derive(Debug, Args)]
pub struct IndexMigrateArgs {
    /// The layout that has the records. Default: the one that `USE_SINGLE_TABLE` or the database names. It
    /// has to be named where both have records and nothing says which of them count, or where these two say
    /// the contrary.
    #[arg(long, value_name = "LAYOUT")]
    pub from: Option<To>,
    /// The layout to move the records to. Default: the one that they are not in.
    #[arg(long, value_name = "LAYOUT")]
    pub to: Option<To>,
    /// Remove records of the new layout that the old one lacks or has in an older state. Without it nothing
    /// is moved where there are some.
    #[arg(long)]
    pub overwrite: bool,
    /// Compare the layouts and say what would be written; nothing is changed.
    #[arg(long)]
    pub dry_run: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// indexd's database. Default: that of the state folder.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// A layout of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum To {
    /// `index_record`, with a table for each list and map of a record.
    Multi,
    /// `record`, a row for each record.
    Single,
}

impl From<To> for Layout {
    fn from(to: To) -> Self {
        match to {
            To::Multi => Self::Multi,
            To::Single => Self::Single,
        }
    }
}

pub(super) async fn run(args: IndexMigrateArgs) -> anyhow::Result<()> {
    if let Some(url) = &args.database_url {
        return transfer(&args, &databases::reached(url).await?).await;
    }
    let state = State::existing(&args.state.folder)?;
    if !args.dry_run && state.running()?.is_some() {
        let told = format!(
            "a commons runs on {} and writes to its index; stop it with `commons stop` first",
            state.folder().display()
        );
        return Err(Failure::Prerequisite(told).into());
    }
    let bench = Workbench::open(state).await?;
    bench.with(async |bench: Arc<Workbench>| transfer(&args, &bench.pool(DatabaseName::Indexd)?).await).await
}

async fn transfer(args: &IndexMigrateArgs, pool: &PgPool) -> anyhow::Result<()> {
    let mode = if args.dry_run { TransferMode::DryRun } else { TransferMode::Real };
    if mode == TransferMode::Real {
        let others = indexd::other_connections(pool).await?;
        if others > 0 {
            let told = format!(
                "{others} other connections to the database of the index are open; stop indexd and whatever \
                 else uses the database first"
            );
            return Err(Failure::Prerequisite(told).into());
        }
    }
    let options = TransferOptions {
        from: args.from.map(Into::into),
        to: args.to.map(Into::into),
        setting: layout_setting(args.database_url.as_deref())?,
        mode,
        overwrite: args.overwrite,
    };
    let bar = bar(args.json)?;
    let done = indexd::transfer(pool, options, |done, all| {
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .await;
    bar.finish_and_clear();
    let done = done.map_err(|error| match error {
        TransferError::Failed(error) => error.into(),
        // What the caller can mend.
        refused => anyhow::Error::from(Failure::Prerequisite(refused.to_string())),
    })?;
    if args.json {
        let mut told = serde_json::to_value(&done)?;
        told["dry_run"] = args.dry_run.into();
        tell(told)?;
        return Ok(());
    }
    show(&done, mode)
}

fn bar(is_quiet: bool) -> anyhow::Result<ProgressBar> {
    let is_seen = !is_quiet && std::io::stderr().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    Ok(ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::with_template(TEMPLATE)?))
}

fn show(done: &Transferred, mode: TransferMode) -> anyhow::Result<()> {
    let Transferred { from, to, records, written, unchanged, removed, stray_facts, .. } = done;
    if from == to {
        return Ok(tell(format_args!("the {records} records are in the {to} layout already"))?);
    }
    let would = if mode == TransferMode::DryRun { "would be " } else { "" };
    tell(format_args!("from the {from} layout to the {to} layout"))?;
    tell(format_args!("{written} of {records} records {would}written, {unchanged} are equal in both"))?;
    if *removed > 0 {
        tell(format_args!("{removed} rows of an older state {would}removed from the new layout"))?;
    }
    if done.only_in_new + done.newer_in_new > 0 && mode == TransferMode::DryRun {
        tell(format_args!(
            "of these, {} are not in the old layout and {} were changed later than there: that needs \
             --overwrite",
            done.only_in_new, done.newer_in_new
        ))?;
    }
    if *stray_facts > 0 {
        tell(format_args!("metadata of {stray_facts} urls {would}left behind: no record has these urls"))?;
    }
    if mode == TransferMode::Real {
        tell(format_args!(
            "the {to} layout counts from now on; the rows of the old one are still there. Where \
             USE_SINGLE_TABLE is set for indexd, it has to be {}",
            *to == Layout::Single
        ))?;
    }
    Ok(())
}
