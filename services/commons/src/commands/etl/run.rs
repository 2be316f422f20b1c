//! `commons etl run`.

use std::{
    collections::{BTreeMap, HashMap},
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use tube::{Built, Etl, Folder, Loader, Options, Outcome};

use super::{
    engine::{Place, PlaceArgs},
    peers::{PeersArgs, Role},
    shards::{self, Processes},
    source::SourceArgs,
};
use crate::{
    commands::workbench::Workbench,
    databases::DatabaseName,
    explorer::{Ask, ask},
    failure::warn,
    output::{remark, tell},
    problems,
    state::State,
};

/// The original's steps.
const STEPS: [&str; 3] = ["all", "transform", "import"];

/// How documents are made.
#[derive(Debug, Clone, Args)]
pub(super) struct MakingArgs {
    /// Take the resource paths of projects from `user_project_to_resource` of this user.yaml, where it has
    /// them. Default: `/programs/PROGRAM/projects/PROJECT`.
    #[arg(long, value_name = "FILE")]
    user_yaml: Option<PathBuf>,
    /// How many parts of an index are made side by side, each with a connection to the database.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,
    /// How many indices stay of each name that are no longer served.
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep: usize,
    /// Seconds to wait while another run is at work on the same indices.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

impl MakingArgs {
    fn options(&self) -> anyhow::Result<Options> {
        let resources = self.user_yaml.as_ref().map(resources).transpose()?.unwrap_or_default();
        Ok(Options { connections: usize::from(self.connections), resources })
    }

    /// A mapping, with where its documents go.
    ///
    /// # Errors
    /// The user.yaml cannot be used.
    pub(super) fn loader(&self, etl: Etl, place: Place) -> anyhow::Result<Loader> {
        let mut loader = Loader::new(etl, place.database, place.engine, self.options()?);
        (loader.keep, loader.patience) = (self.keep, std::time::Duration::from_secs(self.wait));
        Ok(loader)
    }
}

/// Options of `commons etl run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// What is run.
    #[command(flatten)]
    source: SourceArgs,
    /// Write files into this folder, and not into a search engine: NAME.ndjson, NAME.mapping.json and
    /// NAME.array-config.json for each index. Files of an earlier run are replaced once an index is whole.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Where from, and where to.
    #[command(flatten)]
    place: PlaceArgs,
    /// How documents are made.
    #[command(flatten)]
    making: MakingArgs,
    /// Run even if there is nothing new.
    #[arg(long, short = 'f')]
    force: bool,
    /// Make the documents in so many processes, which see the same moment of the graph. Only into a search
    /// engine of its own (--search-url).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    shards: u32,
    /// Who makes them.
    #[command(flatten)]
    peers: PeersArgs,
    /// The original's steps: `all`, `transform`, or `import`, which has nothing to do here.
    #[arg(long, short = 's', value_name = "STEP", default_value = "all", value_parser = STEPS)]
    step: String,
    /// The original's kinds of configuration; nothing depends on it here.
    #[arg(long, short = 'c', value_name = "CONFIG", hide = true)]
    config: Option<String>,
}

pub(super) async fn run(args: RunArgs) -> anyhow::Result<()> {
    if args.step == "import" {
        return Ok(remark("nothing has to be imported: documents are made from the database at once")?);
    }
    if args.shards > 1 && (args.to.is_some() || args.place.is_embedded()) {
        bail!("--shards needs a search engine that several processes can reach: name it by --search-url");
    }
    let source = &args.source;
    if args.to.is_none() && args.place.is_embedded() {
        let state = State::existing(&source.state.folder)?;
        if state.running()?.is_some() {
            return run_there(&args, &state).await;
        }
    }
    let dictionary = source.dictionary().await?;
    let text = if args.to.is_some() { source.text()? } else { source.text_or_suggested(&dictionary)? };
    let etl = source.usable(&text, &dictionary)?;
    match &args.to {
        Some(folder) => write_files(&args, &etl, folder).await,
        None => args.place.with(&source.state.folder, async |place| load(&args, etl, place).await).await,
    }
}

/// A running commons has its search engine open, and its own mapping.
async fn run_there(args: &RunArgs, state: &State) -> anyhow::Result<()> {
    if args.source.mapping.is_some() {
        bail!(
            "the running commons has a mapping of its own; start it with `commons up --etl-mapping FILE` to \
             give it another one"
        );
    }
    let answer = ask(state, Ask::Run { force: args.force }).await?;
    told(args.source.json, &answer, &[])
}

async fn load(args: &RunArgs, etl: Etl, place: Place) -> anyhow::Result<()> {
    let warnings = serde_json::to_value(&etl.warnings)?;
    let mut loader = args.making.loader(etl, place)?;
    if let Some(job) = shards::job()? {
        // The process that gave the job reads this.
        return Ok(tell(serde_json::to_string(&loader.make(&job, |_, _, _| {}).await?)?)?);
    }
    let mut others = None;
    match args.peers.role(args.shards, args.place.database_url())? {
        Some(Role::Makes(waiting)) => return waiting.serve(Arc::new(loader)).await,
        Some(Role::Gives(peers)) => {
            loader.shard(args.shards, peers.clone());
            others = Some(peers);
        }
        None if args.shards > 1 => loader.shard(args.shards, Arc::new(Processes)),
        None => {}
    }
    let bar = Bar::new(args.source.json);
    let done = loader.run(args.force, |index, done, all| bar.show(index, done, all)).await;
    bar.clear();
    // After a failure they wait for whoever begins anew.
    if let (Some(others), Ok(_)) = (&others, &done) {
        others.end().await;
    }
    told(
        args.source.json,
        &serde_json::to_value(done?)?,
        warnings.as_array().map(Vec::as_slice).unwrap_or_default(),
    )
}

/// Tells what came of a run.
fn told(as_json: bool, outcome: &Value, warnings: &[Value]) -> anyhow::Result<()> {
    if as_json {
        let mut outcome = outcome.clone();
        outcome["warnings"] = warnings.into();
        return Ok(tell(outcome)?);
    }
    match serde_json::from_value::<Outcome>(outcome.clone()) {
        Ok(Outcome::Built { indices, .. }) => built(&indices, "the index "),
        _ => Ok(remark("nothing is new; --force runs all the same")?),
    }
}

fn built(indices: &BTreeMap<String, Built>, place: &str) -> anyhow::Result<()> {
    for (name, Built { documents, misfits }) in indices {
        remark(format_args!("{documents} documents in {place}{name}"))?;
        for (field, values) in misfits {
            warn(&format!("{name}: {values} values of {field} do not have its type and are left out"));
        }
    }
    Ok(())
}

async fn write_files(args: &RunArgs, etl: &Etl, folder: &Path) -> anyhow::Result<()> {
    if let Some(database) = args.place.database()? {
        return write(args, etl, &database, folder).await;
    }
    let bench = Workbench::open(State::existing(&args.source.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let pool = bench.pool(DatabaseName::Sheepdog)?;
            write(args, etl, &pool.connect_options(), folder).await
        })
        .await
}

/// The resource paths of project codes.
fn resources(file: &PathBuf) -> anyhow::Result<HashMap<String, String>> {
    let shown = || format!("{} cannot be used", file.display());
    let text = std::fs::read_to_string(file).with_context(shown)?;
    let file = problems::parse(&text).with_context(shown)?;
    let mut resources = HashMap::new();
    for project in file.users.values().flat_map(|user| &user.projects) {
        if let Some(resource) = &project.resource {
            resources.insert(project.auth_id.clone(), resource.clone());
        }
    }
    resources.extend(file.authz.user_project_to_resource);
    Ok(resources)
}

async fn write(args: &RunArgs, etl: &Etl, database: &PgConnectOptions, folder: &Path) -> anyhow::Result<()> {
    let mut sink = Folder::new(folder);
    let bar = Bar::new(args.source.json);
    let progress = |index: &str, done: u64, all: u64| bar.show(index, done, all);
    let done = etl.run(database, args.making.options()?, &mut sink, progress).await;
    bar.clear();
    let indices = done?;
    if args.source.json {
        return Ok(tell(json!({ "folder": folder, "indices": indices, "warnings": etl.warnings }))?);
    }
    for (name, Built { documents, misfits }) in indices {
        remark(format_args!("{documents} documents in {}/{name}.ndjson", folder.display()))?;
        for (field, values) in misfits {
            warn(&format!("{name}: {values} values of {field} do not have its type and are left out"));
        }
    }
    Ok(())
}

/// A progress bar; hidden where nobody looks at it.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(json: bool) -> Self {
        let is_seen = !json && std::io::stderr().is_terminal();
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }

    pub(super) fn show(&self, index: &str, done: u64, all: u64) {
        self.0.set_message(index.to_owned());
        self.0.set_length(all);
        self.0.set_position(done);
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
