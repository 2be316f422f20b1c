//! `commons metadata`.

use std::{fs, path::PathBuf, sync::Arc};

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

fn config(args: &SyncArgs) -> anyhow::Result<SyncConfig> {
    let shown = args.config.display();
    let missing = |told: String| anyhow::Error::from(Failure::Prerequisite(told));
    let found =
        fs::metadata(&args.config).map_err(|error| missing(format!("cannot read {shown}: {error}")))?;
    if found.len() > MAX_BYTES {
        return Err(missing(format!("{shown} has more than {MAX_BYTES} bytes")));
    }
    let text = fs::read_to_string(&args.config).with_context(|| format!("cannot read {shown}"))?;
    parse(&text).map_err(|error| Failure::NotInOrder(format!("{shown}: {error}")).into())
}

async fn synchronise(args: SyncArgs) -> anyhow::Result<()> {
    let config = config(&args)?;
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
        in_words(&report, mode)?;
    }
    if report.is_complete() {
        return Ok(());
    }
    anyhow::bail!("not everything could be pulled; what was there before stays")
}

fn in_words(report: &SyncReport, mode: Mode) -> anyhow::Result<()> {
    let would = if mode == Mode::DryRun { "would be " } else { "" };
    for one in &report.commons {
        match &one.error {
            Some(error) => warn(&format!("{}: {error}", one.commons)),
            None => {
                let CommonsReport { commons, studies, left_out, added, changed, removed, .. } = one;
                remark(format_args!(
                    "{commons}: {studies} studies; {added} {would}added, {changed} {would}changed, {removed} \
                     {would}removed; {left_out} records left out"
                ))?;
                if one.unusable > 0 {
                    warn(&format!("{commons}: {} records cannot be read or kept", one.unusable));
                }
                if one.taken > 0 {
                    let told = "studies are those of a commons that stands before it in the configuration";
                    warn(&format!("{commons}: {} {told}", one.taken));
                }
            }
        }
    }
    for name in &report.forgotten {
        remark(format_args!("{name}: not configured any more, {would}removed"))?;
    }
    if let Some(error) = &report.prefixes_error {
        warn(&format!("DRS prefixes: {error}"));
    }
    Ok(())
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
