//! `commons search`: indices from files, in the forms that search servers take them in.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use search::{AliasChange, Definition, Engine, Mapping, Operation, SearchError};
use searchindex::Embedded;
use searchserver::{Server, Settings};
use serde_json::Value;

use crate::output::{remark, tell};

/// Documents that are written at once.
const AT_ONCE: usize = 1_000;
const MAPPING: &str = ".mapping.json";
const ALIASES: &str = "aliases.json";

/// Commands about the search engine.
#[derive(Debug, Subcommand)]
pub enum SearchCommand {
    /// Indices, their documents and aliases from files into a search engine
    ///
    /// The folder has for each index NAME.mapping.json, the body of `PUT /NAME`, and NAME.ndjson, the body of
    /// `POST /NAME/_bulk`, as dumps of Elasticsearch have them; and it may have aliases.json, the body of
    /// `POST /_aliases`. An index that is there already is replaced.
    Load(LoadArgs),
}

/// Options of `commons search load`.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// The folder with the files
    #[arg(value_name = "FOLDER")]
    source: PathBuf,
    /// The folder of an embedded engine that no commons has open. It is made if it is missing
    #[arg(long, value_name = "DIR", env = "SEARCH_FOLDER")]
    search_folder: Option<PathBuf>,
    /// A search engine elsewhere: Elasticsearch or OpenSearch. `USER:PASSWORD@` in it is a login
    #[arg(long, value_name = "URL", env = "GEN3_ES_ENDPOINT", hide_env_values = true)]
    search_url: Option<String>,
}

pub(crate) async fn run(command: SearchCommand) -> anyhow::Result<()> {
    let SearchCommand::Load(args) = command;
    let engine: Arc<dyn Engine> = match (&args.search_folder, &args.search_url) {
        (Some(folder), _) => Arc::new(Embedded::open(folder)?),
        (None, Some(url)) => Arc::new(Server::connect(Settings::read(url)?).await?),
        (None, None) => bail!("say where the indices go: --search-folder DIR or --search-url URL"),
    };
    let names = indices(&args.source)?;
    if names.is_empty() {
        bail!("{} has no file that is called NAME{MAPPING}", args.source.display());
    }
    for name in names {
        let count = load(&*engine, &args.source, &name).await.with_context(|| format!("loading {name}"))?;
        tell(format_args!("{name}: {count} documents"))?;
    }
    let aliases = args.source.join(ALIASES);
    if aliases.exists() {
        let changes = alias_changes(&json(&aliases)?).with_context(|| aliases.display().to_string())?;
        engine.change_aliases(&changes).await?;
        remark(format_args!("{} changes of aliases", changes.len()))?;
    }
    Ok(())
}

fn json(file: &Path) -> anyhow::Result<Value> {
    let told = || format!("cannot read {}", file.display());
    serde_json::from_str(&fs::read_to_string(file).with_context(told)?).with_context(told)
}

/// The names of the indices in a folder, in order.
fn indices(folder: &Path) -> anyhow::Result<Vec<String>> {
    let told = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(told)? {
        let name = entry.with_context(told)?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(MAPPING)).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

async fn load(engine: &dyn Engine, folder: &Path, name: &str) -> anyhow::Result<u64> {
    let body = json(&folder.join(format!("{name}{MAPPING}")))?;
    let settings = body.get("settings").and_then(Value::as_object).cloned().unwrap_or_default();
    let mapping = Mapping::read(body.get("mappings").unwrap_or(&Value::Null))?;
    match engine.change_aliases(&[AliasChange::DeleteIndex { index: name.to_owned() }]).await {
        Ok(()) | Err(SearchError::NoIndex(_)) => {}
        Err(error) => return Err(error.into()),
    }
    engine.create(name, &Definition { mapping, settings }).await?;
    let file = folder.join(format!("{name}.ndjson"));
    let told = || format!("cannot read {}", file.display());
    let mut lines = BufReader::new(fs::File::open(&file).with_context(told)?).lines();
    let (mut batch, mut count) = (Vec::new(), 0);
    while let Some(action) = lines.next() {
        let action = action.with_context(told)?;
        if action.trim().is_empty() {
            continue;
        }
        batch.push(operation(&action, || lines.next().transpose()).with_context(told)?);
        if batch.len() == AT_ONCE {
            count += write(engine, name, std::mem::take(&mut batch)).await?;
        }
    }
    count += write(engine, name, batch).await?;
    engine.refresh(name).await?;
    Ok(count)
}

/// An operation of a bulk request; its document is on the next line.
fn operation(
    action: &str,
    mut next: impl FnMut() -> std::io::Result<Option<String>>,
) -> anyhow::Result<Operation> {
    let action: Value = serde_json::from_str(action)?;
    let (verb, target) = action.as_object().and_then(|action| action.iter().next()).context("no action")?;
    let id = target.get("_id").and_then(Value::as_str).map(str::to_owned);
    match verb.as_str() {
        "index" | "create" => {
            Ok(Operation::Put { id, body: next()?.context("an action without a document")? })
        }
        "delete" => Ok(Operation::Delete { id: id.context("a deletion without an id")? }),
        other => bail!("the action {other:?} is none of index, create and delete"),
    }
}

async fn write(engine: &dyn Engine, index: &str, operations: Vec<Operation>) -> anyhow::Result<u64> {
    if operations.is_empty() {
        return Ok(0);
    }
    let written = engine.write(index, operations).await?;
    if let Some(first) = written.rejected.first() {
        bail!("{} documents were not taken, the first because {}", written.rejected.len(), first.reason);
    }
    Ok(written.done)
}

fn alias_changes(body: &Value) -> anyhow::Result<Vec<AliasChange>> {
    let actions = body.get("actions").and_then(Value::as_array).context("no list of actions")?;
    let change = |action: &Value| {
        let (verb, of) = action.as_object().and_then(|action| action.iter().next()).context("no action")?;
        let text = |key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
        let index = text("index").context("an action without an index")?;
        match verb.as_str() {
            "add" => {
                Ok(AliasChange::Add { alias: text("alias").context("an action without an alias")?, index })
            }
            "remove" => {
                Ok(AliasChange::Remove { alias: text("alias").context("an action without an alias")?, index })
            }
            other => bail!("the action {other:?} is none of add and remove"),
        }
    };
    actions.iter().map(change).collect()
}
