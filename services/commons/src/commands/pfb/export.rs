//! `commons export pfb`.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use dictionary::Dictionary;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use psqlgraph::scan::Scan;
use serde_json::json;
use sqlx::PgPool;

use super::{
    cohort,
    place::PlaceArgs,
    remote::Remote,
    source::{Reading, Source},
    told::Told,
    writing::{self, Misfits, Named, Written},
};
use crate::{
    commands::graph::GraphArgs,
    dictionaries,
    failure::{Failure, warn},
    output::{remark, tell},
};

/// Options of `commons export pfb`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// A project, as PROGRAM-CODE; may be given several times. Default: all that can be read.
    #[arg(long = "project", value_name = "PROGRAM-CODE")]
    projects: Vec<String>,
    /// A list of records by id, GUID or submitter_id: JSON, a table whose first column has them, or one a
    /// line. The file gets them, all below them, and all that these link to.
    #[arg(long, value_name = "FILE", requires = "node")]
    cohort: Option<PathBuf>,
    /// The node type of the records of the cohort.
    #[arg(long, value_name = "NODE", requires = "cohort")]
    node: Option<String>,
    /// The file to write; there must be none of this name, or --overwrite.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file, once the new one is whole.
    #[arg(long)]
    overwrite: bool,
    /// Leave out stored values that the dictionary does not allow any more. Without it such a value ends the
    /// export.
    #[arg(long)]
    leave_out: bool,
    /// Which graph.
    #[command(flatten)]
    graph: GraphArgs,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) async fn run(args: ExportArgs) -> anyhow::Result<()> {
    if args.out.exists() && !args.overwrite {
        let told = format!("{} is there; --overwrite replaces it", args.out.display());
        return Err(Failure::Prerequisite(told).into());
    }
    if args.graph.database_url.is_none() && args.place.is_elsewhere() {
        let place = args.place.open().await?;
        let dictionary = match &args.graph.dictionary {
            Some(_) => dictionaries::load(args.graph.dictionary.as_deref()).await?,
            None => Remote::dictionary(&place).await?,
        };
        return write(&args, Source::Remote(Box::new(Remote::new(place))), &dictionary).await;
    }
    let write = async |pool: &PgPool, dictionary: Option<&str>| graph(&args, pool, dictionary).await;
    args.graph.with(&args.place.state.folder, write).await
}

async fn graph(args: &ExportArgs, pool: &PgPool, dictionary: Option<&str>) -> anyhow::Result<()> {
    let dictionary = dictionaries::load(dictionary).await?;
    write(args, Source::Graph(Box::new(Scan::begin(pool).await?)), &dictionary).await
}

async fn write(args: &ExportArgs, source: Source, dictionary: &Dictionary) -> anyhow::Result<()> {
    let root = args.node.as_deref().map(|node| writing::root(dictionary, node)).transpose()?;
    let names = args.cohort.as_deref().map(cohort::names).transpose()?;
    let mut reading = Reading::begin(source, dictionary, &args.projects).await?;
    let told = Bar(bar(args.json));
    let mut file = Partial::begin(&args.out)?;
    let output = BufWriter::with_capacity(1 << 20, file.take()?);
    let cohort = root.zip(names).map(|(root, names)| Named { root, names });
    let misfits = if args.leave_out { Misfits::LeaveOut } else { Misfits::End };
    let (mut output, written) =
        writing::write(&mut reading, dictionary, cohort, misfits, output, &told).await?;
    told.0.finish_and_clear();
    output.flush().context("the file cannot be written")?;
    file.finish(output.into_inner().map_err(|error| error.into_error())?, &args.out)?;
    let Written { nodes: counts, left_out } = written;
    let nodes: u64 = counts.values().sum();
    if args.json {
        let projects = reading.projects();
        let told = json!({ "file": args.out, "projects": projects, "nodes": counts, "left_out": left_out });
        return Ok(tell(told)?);
    }
    if left_out > 0 {
        warn(&format!("{left_out} values that the dictionary does not allow are left out"));
    }
    Ok(remark(format_args!(
        "{nodes} nodes of {} projects in {}",
        reading.projects().len(),
        args.out.display()
    ))?)
}

/// Tells somebody who looks at a terminal.
pub(crate) struct Bar(pub(crate) ProgressBar);

impl Told for Bar {
    fn stage(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    fn record(&self) {
        self.0.inc(1);
    }

    fn warn(&self, told: &str) {
        warn(told);
    }
}

/// A file that gets its name when it is whole.
struct Partial {
    path: PathBuf,
    file: Option<File>,
    is_whole: bool,
}

impl Partial {
    fn begin(out: &Path) -> anyhow::Result<Self> {
        let mut name = out.file_name().context("--out names no file")?.to_owned();
        name.push(".part");
        let path = out.with_file_name(name);
        let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path, file: Some(file), is_whole: false })
    }

    fn take(&mut self) -> anyhow::Result<File> {
        self.file.take().context("the file is being written")
    }

    fn finish(mut self, file: File, out: &Path) -> anyhow::Result<()> {
        file.sync_all().context("the file cannot be written")?;
        std::fs::rename(&self.path, out).with_context(|| format!("{} cannot be written", out.display()))?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Hidden where nobody looks at it.
pub(crate) fn bar(json: bool) -> ProgressBar {
    let is_seen = !json && std::io::stderr().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} {per_sec}");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
