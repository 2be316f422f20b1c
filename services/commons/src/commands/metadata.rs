//! `commons metadata`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use metadata::aggregate::{CommonsReport, Mode, Progress, SyncConfig, SyncReport, parse, sync};
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    failure::{Failure, warn},
    output::{remark, tell},
    state::{State, StateArgs},
};

const TEMPLATE: &str = "commons {wide_bar} {pos}/{len} {msg}";
/// Largest configuration in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Commands about metadata.
#[derive(Debug, Subcommand)]
pub enum MetadataCommand {
    /// Bring the studies of other commons into the aggregate; those of a commons that is away stay
    Sync(SyncArgs),
}

/// Options of `commons metadata sync`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// What to pull: the original's aggregate_config.json
    #[arg(value_name = "CONFIG.json", env = "AGG_MDS_CONFIG")]
    pub(crate) config: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The metadata service's database, if there is no state folder.
    #[arg(long, value_name = "URL", env = "METADATA_DATABASE_URL", hide_env_values = true)]
    pub(crate) metadata_database: Option<String>,
    /// Where everything is kept.
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

pub(crate) async fn run(command: MetadataCommand) -> anyhow::Result<()> {
    match command {
        MetadataCommand::Sync(args) => synchronise(args).await,
    }
}

/// What to pull.
///
/// # Errors
/// When the file cannot be read, or says nothing that can be pulled.
pub(crate) fn read_config(file: &Path) -> anyhow::Result<SyncConfig> {
    let shown = file.display();
    let missing = |told: String| anyhow::Error::from(Failure::Prerequisite(told));
    let found = fs::metadata(file).map_err(|error| missing(format!("cannot read {shown}: {error}")))?;
    if found.len() > MAX_BYTES {
        return Err(missing(format!("{shown} has more than {MAX_BYTES} bytes")));
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    parse(&text).map_err(|error| Failure::NotInOrder(format!("{shown}: {error}")).into())
}

async fn synchronise(args: SyncArgs) -> anyhow::Result<()> {
    let config = read_config(&args.config)?;
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Write };
    let bar = Bar::new(!args.json);
    let work = async |pool: PgPool| -> anyhow::Result<SyncReport> {
        if mode == Mode::Write {
            metadata::migrate(&pool).await?;
        }
        let report = sync(&pool, &config, mode, &bar).await?;
        pool.close().await;
        Ok(report)
    };
    let report = match &args.metadata_database {
        Some(url) => {
            let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
            work(databases::reached(&url).await?).await?
        }
        None => {
            let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
            bench.with(async |bench: Arc<Workbench>| work(bench.pool(DatabaseName::Metadata)?).await).await?
        }
    };
    bar.0.finish_and_clear();
    if args.json {
        tell(serde_json::to_string(&report)?)?;
    } else {
        for line in in_words(&report, mode) {
            match line {
                Line::Remark(told) => remark(told)?,
                Line::Warning(told) => warn(&told),
            }
        }
    }
    if report.is_complete() {
        return Ok(());
    }
    anyhow::bail!("not everything could be pulled; what was there before stays")
}

/// A line about a synchronisation.
pub(crate) enum Line {
    Remark(String),
    Warning(String),
}

impl Line {
    pub(crate) fn text(&self) -> &str {
        let (Self::Remark(text) | Self::Warning(text)) = self;
        text
    }
}

/// What came of it.
pub(crate) fn in_words(report: &SyncReport, mode: Mode) -> Vec<Line> {
    let would = if mode == Mode::DryRun { "would be " } else { "" };
    let mut lines = Vec::new();
    for one in &report.commons {
        let CommonsReport { commons, studies, left_out, unusable, taken, added, changed, removed, error } =
            one;
        if let Some(error) = error {
            lines.push(Line::Warning(format!("{commons}: {error}")));
            continue;
        }
        lines.push(Line::Remark(format!(
            "{commons}: {studies} studies; {added} {would}added, {changed} {would}changed, {removed} \
             {would}removed; {left_out} records left out"
        )));
        if *unusable > 0 {
            lines.push(Line::Warning(format!("{commons}: {unusable} records cannot be read or kept")));
        }
        if *taken > 0 {
            let told = "studies are those of a commons that stands before it in the configuration";
            lines.push(Line::Warning(format!("{commons}: {taken} {told}")));
        }
    }
    for name in &report.forgotten {
        lines.push(Line::Remark(format!("{name}: not configured any more, {would}removed")));
    }
    lines.extend(report.prefixes_error.iter().map(|error| Line::Warning(format!("DRS prefixes: {error}"))));
    lines
}

/// A progress bar; hidden where nobody looks at it.
struct Bar(ProgressBar);

impl Bar {
    fn new(visible: bool) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }
}

impl Progress for Bar {
    fn total(&self, commons: u64) {
        self.0.set_length(commons);
    }

    fn pulling(&self, commons: &str) {
        self.0.set_message(commons.to_owned());
    }

    fn done(&self, _: &CommonsReport) {
        self.0.inc(1);
    }
}
