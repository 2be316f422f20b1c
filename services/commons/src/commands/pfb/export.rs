//! `commons export pfb`.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use dictionary::{Dictionary, NodeType};
use indexmap::IndexMap;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pfb::{Misfit, Model, Relation, Writer};
use psqlgraph::scan::Scan;
use serde_json::json;
use sqlx::PgPool;

use super::{
    cohort::{self, Cohort},
    order,
    place::PlaceArgs,
    record::Record,
    remote::Remote,
    source::{Reading, Source},
};
use crate::{
    commands::workbench::Workbench,
    databases::{self, DatabaseName},
    dictionaries,
    failure::{Failure, warn},
    output::{remark, tell},
    state::State,
};

/// Values that are left out, of which a message tells.
const TOLD: u64 = 20;

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
    /// The graph's database, instead of a commons.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Data dictionary of the database. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    dictionary: Option<String>,
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
    if let Some(url) = &args.database_url {
        // SQLAlchemy's spelling names the driver too.
        let pool = databases::reached(&url.replacen("postgresql+psycopg2://", "postgresql://", 1)).await?;
        return graph(&args, &pool, args.dictionary.as_deref()).await;
    }
    if args.place.is_elsewhere() {
        let place = args.place.open().await?;
        let dictionary = match &args.dictionary {
            Some(_) => dictionaries::load(args.dictionary.as_deref()).await?,
            None => Remote::dictionary(&place).await?,
        };
        return write(&args, Source::Remote(Box::new(Remote::new(place))), &dictionary).await;
    }
    let bench = Workbench::open(State::existing(&args.place.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let source = args.dictionary.as_deref().or(bench.run.dictionary.as_deref());
            let pool = bench.pool(DatabaseName::Sheepdog)?;
            let done = graph(&args, &pool, source).await;
            pool.close().await;
            done
        })
        .await
}

async fn graph(args: &ExportArgs, pool: &PgPool, dictionary: Option<&str>) -> anyhow::Result<()> {
    let dictionary = dictionaries::load(dictionary).await?;
    write(args, Source::Graph(Box::new(Scan::begin(pool).await?)), &dictionary).await
}

async fn write(args: &ExportArgs, source: Source, dictionary: &Dictionary) -> anyhow::Result<()> {
    let model = Model::of(dictionary)?;
    let root = args.node.as_deref().map(|node| root(dictionary, node)).transpose()?;
    let names = args.cohort.as_deref().map(cohort::names).transpose()?;
    let mut reading = Reading::begin(source, dictionary, &args.projects).await?;
    let bar = bar(args.json);
    let cohort = match (root, names) {
        (Some(root), Some(names)) => {
            bar.set_message("looking for the cohort");
            Some(Cohort::find(&mut reading, dictionary, root, names).await?)
        }
        _ => None,
    };
    let mut file = Partial::begin(&args.out)?;
    let mut export = Export {
        writer: Writer::begin(&model, BufWriter::with_capacity(1 << 20, file.take()?))?,
        cohort,
        leave_out: args.leave_out,
        left_out: 0,
        counts: IndexMap::new(),
        bar,
    };
    for node in order::parents_first(dictionary) {
        export.bar.set_message(node.id.clone());
        reading.each(node, &mut |record| export.record(node, record)).await?;
    }
    let Export { writer, counts, left_out, bar, .. } = export;
    bar.finish_and_clear();
    let mut output = writer.finish()?;
    output.flush().context("the file cannot be written")?;
    file.finish(output.into_inner().map_err(|error| error.into_error())?, &args.out)?;
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

fn root<'d>(dictionary: &'d Dictionary, node: &str) -> anyhow::Result<&'d NodeType> {
    let found = dictionary.nodes.get(node).filter(|node| order::is_in_projects(node));
    Ok(found
        .ok_or_else(|| Failure::NotInOrder(format!("the dictionary has no node type {node} in projects")))?)
}

/// An export on its way.
struct Export<'m, W: std::io::Write> {
    writer: Writer<'m, W>,
    cohort: Option<Cohort>,
    leave_out: bool,
    left_out: u64,
    counts: IndexMap<String, u64>,
    bar: ProgressBar,
}

impl<W: std::io::Write> Export<'_, W> {
    fn record(&mut self, node: &NodeType, record: Record) -> anyhow::Result<()> {
        if self.cohort.as_ref().is_some_and(|cohort| !cohort.has(&record.id)) {
            return Ok(());
        }
        let mut relations = Vec::new();
        for (link, targets) in node.all_links().iter().zip(record.targets) {
            relations.extend(targets.into_iter().map(|id| Relation { id, name: link.target_type.clone() }));
        }
        let (leaves_out, id) = (self.leave_out, &record.id);
        let left_out = &mut self.left_out;
        let misfit = |misfit: &Misfit| {
            *left_out += u64::from(leaves_out);
            if leaves_out && *left_out <= TOLD {
                warn(&format!("{} {id}: {misfit}; it is left out", node.id));
            }
            leaves_out
        };
        self.writer.write(&node.id, id, &record.properties, &relations, misfit).map_err(|error| {
            let remedy = match error {
                pfb::PfbError::Misfit(_) => "; correct the record, or use --leave-out",
                _ => "",
            };
            Failure::NotInOrder(format!("{} {id}: {error}{remedy}", node.id))
        })?;
        *self.counts.entry(node.id.clone()).or_default() += 1;
        self.bar.inc(1);
        Ok(())
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
pub(super) fn bar(json: bool) -> ProgressBar {
    let is_seen = !json && std::io::stderr().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} {per_sec}");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
