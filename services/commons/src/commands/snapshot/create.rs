//! `commons snapshot create`.

use std::{
    fs::{self, OpenOptions},
    io::{BufWriter, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use backup::{GraphSnapshot, Program, new_name};
use chrono::{SecondsFormat, Utc};
use clap::Args;
use dictionary::{Dictionary, NodeType};
use pseudonyms::{Key, Pseudonyms, Rules};
use psqlgraph::scan::Scan;
use serde_json::json;
use sqlx::PgPool;

use super::{
    super::{
        graph::GraphArgs,
        pfb::{self, Bar, Misfits, Reading, Record, Source, Way, bar},
    },
    shelf,
};
use crate::{
    dictionaries,
    failure::{Failure, tell as complain, warn},
    output::{remark, tell},
    state::StateArgs,
    version::{COMMIT, VERSION},
};

/// Problems of rules that are told.
const TOLD: usize = 100;

/// Options of `commons snapshot create`.
#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// Where the snapshot is kept: a folder, or s3://BUCKET/BEGINNING of a bucket that is reached with what
    /// the tools of Amazon find (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, AWS_REGION, …).
    #[arg(value_name = "PLACE", required_unless_present = "dry_run")]
    place: Option<String>,
    /// What is left out, replaced and shifted: a YAML file.
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// The secret of the pseudonyms. It is made if there is none; who has it can find out whom they stand
    /// for.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// A project, as PROGRAM-CODE; may be given several times. Default: all.
    #[arg(long = "project", value_name = "PROGRAM-CODE")]
    projects: Vec<String>,
    /// Read and change everything, tell what would be in the snapshot, and keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// Which graph.
    #[command(flatten)]
    graph: GraphArgs,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

pub(super) async fn run(args: CreateArgs) -> anyhow::Result<()> {
    let create = async |pool: &PgPool, dictionary: Option<&str>| create(&args, pool, dictionary).await;
    args.graph.with(&args.state.folder, create).await
}

async fn create(args: &CreateArgs, pool: &PgPool, dictionary: Option<&str>) -> anyhow::Result<()> {
    let dictionary = dictionaries::load(dictionary).await?;
    let (text, rules) = rules(&args.rules, &dictionary)?;
    let key = key(&args.key_file, args.dry_run)?;
    let shelf = match args.place.as_deref().filter(|_| !args.dry_run) {
        Some(place) => Some(shelf::open_or_make(place).await?),
        None => None,
    };
    let source = Source::Graph(Box::new(Scan::begin(pool).await?));
    let mut reading = Reading::begin(source, &dictionary, &args.projects).await?;
    let mut file = tempfile::tempfile().context("a temporary file cannot be made")?;
    let told = Bar(bar(args.json));
    let mut pseudonyms = Pseudonyms::new(&rules, &key);
    let change = |node: &NodeType, record: Record| changed(&mut pseudonyms, node, record);
    let way = Way { misfits: Misfits::End, change: Some(Box::new(change)) };
    let output = BufWriter::with_capacity(1 << 20, file.try_clone()?);
    let (mut output, written) = pfb::write(&mut reading, &dictionary, None, way, output, &told).await?;
    told.0.finish_and_clear();
    output.flush().context("a temporary file cannot be written")?;
    let now = Utc::now();
    let name = new_name(now);
    if let Some(shelf) = &shelf {
        file.flush()?;
        let snapshot = GraphSnapshot {
            name: name.clone(),
            made: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            program: Program { version: VERSION.to_owned(), commit: COMMIT.to_owned() },
            projects: reading.projects().to_vec(),
            nodes: written.nodes.clone().into_iter().collect(),
            rules: text,
            key: key.name(),
            dictionary: dictionary.digest.clone(),
            graph: shelf::keep(shelf.place(), file).await?,
        };
        shelf.add(&snapshot).await?;
    }
    let (projects, nodes) = (reading.projects(), &written.nodes);
    if args.json {
        let name = shelf.is_some().then_some(name);
        return Ok(tell(
            json!({ "snapshot": name, "projects": projects, "nodes": nodes, "left_out": rules.left_out() }),
        )?);
    }
    let left_out = rules.left_out();
    if !left_out.is_empty() {
        remark(format_args!("left out: {}", left_out.join(", ")))?;
    }
    let count: u64 = nodes.values().sum();
    match args.place.as_deref().filter(|_| !args.dry_run) {
        Some(place) => {
            tell(format_args!("{name}: {count} records of {} projects in {place}", projects.len()))?
        }
        None => tell(format_args!("{count} records of {} projects; nothing was kept", projects.len()))?,
    }
    Ok(())
}

fn changed(
    pseudonyms: &mut Pseudonyms<'_>,
    node: &NodeType,
    mut record: Record,
) -> anyhow::Result<Option<Record>> {
    let changed = pseudonyms.change(node, &record.id, &mut record.properties, &mut record.targets);
    let new = changed.map_err(|error| Failure::NotInOrder(error.to_string()))?;
    Ok(new.map(|id| Record { id, ..record }))
}

fn rules(file: &Path, dictionary: &Dictionary) -> anyhow::Result<(String, Rules)> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Prerequisite(format!("{}: {error}", file.display())))?;
    match Rules::read(&text, dictionary) {
        Ok(rules) => Ok((text, rules)),
        Err(problems) => {
            for problem in problems.iter().take(TOLD) {
                complain(&problem.to_string());
            }
            let told = format!("{} problems in {}; nothing was made", problems.len(), file.display());
            Err(Failure::NotInOrder(told).into())
        }
    }
}

/// The key of a file, which is made if there is none.
fn key(file: &Path, dry_run: bool) -> anyhow::Result<Key> {
    let told = |error: std::io::Error| Failure::Prerequisite(format!("{}: {error}", file.display()));
    match fs::read_to_string(file) {
        Ok(text) => {
            let unusable = || Failure::NotInOrder(format!("{} is no key of pseudonyms", file.display()));
            Ok(Key::read(&text).ok_or_else(unusable)?)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = Key::new(rand::random());
            if dry_run {
                return Ok(key);
            }
            let mut new =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(told)?;
            writeln!(new, "{}", key.text()).and_then(|()| new.sync_all()).map_err(told)?;
            warn(&format!(
                "a new key is in {}; who has it can find out whom pseudonyms stand for",
                file.display()
            ));
            Ok(key)
        }
        Err(error) => Err(told(error).into()),
    }
}
