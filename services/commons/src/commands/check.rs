//! `commons database check`.

use std::sync::Arc;

use clap::Args;
use dictionary::Dictionary;
use indexclient::IndexClient;
use indexd::{Indexd, Layout};
use serde::Serialize;
use sheepdog::check::{Check, LostRecord, OrphanRecord, Repair, Report};
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    dictionaries,
    failure::Failure,
    index_options::layout_setting,
    output::{remark, tell},
    state::{State, StateArgs},
};

/// Aliases of the index that are read together.
const PAGE: i64 = 10_000;
/// Aliases that are looked at; a commons with more has to be asked again after a repair.
const MOST_ALIASES: usize = 2_000_000;

/// Options of `commons database check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Put right what can be put right. Without it nothing is changed.
    #[arg(long)]
    pub repair: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The server that has all databases. Default: that of the state folder.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Data dictionary of the graph. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
    /// Put before `/programs/...` in the resource paths of files, as in `commons serve sheepdog`.
    #[arg(long, value_name = "PATH", default_value = "")]
    pub auth_namespace: String,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// What the command tells.
#[derive(Debug, Serialize)]
struct Told<'a> {
    in_order: bool,
    repaired: bool,
    #[serde(flatten)]
    report: &'a Report,
}

pub(crate) async fn run(args: CheckArgs) -> anyhow::Result<()> {
    if let Some(url) = &args.database_url {
        let pool = async |name: DatabaseName| {
            let url = databases::renamed(url, name.as_str());
            let url = url.ok_or_else(|| anyhow::anyhow!("the database URL is malformed"))?;
            databases::reached(&url).await
        };
        let (graph, index) = (pool(DatabaseName::Sheepdog).await?, pool(DatabaseName::Indexd).await?);
        return check(&args, &graph, index, args.dictionary.as_deref()).await;
    }
    let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let source = args.dictionary.as_deref().or(bench.run.dictionary.as_deref());
            let (graph, index) = (bench.pool(DatabaseName::Sheepdog)?, bench.pool(DatabaseName::Indexd)?);
            check(&args, &graph, index, source).await
        })
        .await
}

/// The databases that are held against each other.
pub(crate) struct Databases<'d> {
    /// The graph.
    pub(crate) graph: &'d PgPool,
    /// Its dictionary.
    pub(crate) dictionary: &'d Dictionary,
    /// The file index, and its layout, if that is known.
    pub(crate) records: &'d PgPool,
    pub(crate) layout: Option<Layout>,
    /// Through it records are made and deleted.
    pub(crate) index: &'d dyn IndexClient,
    /// See [`sheepdog::Config::auth_namespace`].
    pub(crate) auth_namespace: &'d str,
}

impl Databases<'_> {
    /// Looks at everything; `told` hears of each node type that is done.
    ///
    /// # Errors
    /// When a database or the index fails.
    pub(crate) async fn look(
        &self,
        repair: Repair,
        told: impl FnMut(&str, usize) + Send,
    ) -> anyhow::Result<Report> {
        let mut aliased: Vec<(String, String)> = Vec::new();
        while aliased.len() < MOST_ALIASES {
            let after = aliased.last().map(|(_, alias)| alias.clone()).unwrap_or_default();
            let page = indexd::aliased(self.records, self.layout, &after, PAGE).await?;
            if page.is_empty() {
                break;
            }
            aliased.extend(page);
        }
        let Self { graph: pool, dictionary, index, auth_namespace, .. } = *self;
        Ok(Check { pool, dictionary, index, auth_namespace }.run(repair, aliased, told).await?)
    }
}

async fn check(args: &CheckArgs, graph: &PgPool, index: PgPool, source: Option<&str>) -> anyhow::Result<()> {
    let dictionary = dictionaries::load(source).await?;
    let layout = layout_setting(args.database_url.as_deref())?;
    let indexd = Indexd::build(indexd::Config { layout, ..indexd::Config::default() }, index.clone(), None);
    let databases = Databases {
        graph,
        dictionary: &dictionary,
        records: &index,
        layout,
        index: &*indexd,
        auth_namespace: &args.auth_namespace,
    };
    let repair = if args.repair { Repair::Yes } else { Repair::No };
    let is_for_people = !args.json;
    let looked = databases.look(repair, |node_type, files| {
        if is_for_people {
            let _ = remark(format_args!("{node_type}: looked at, {files} files so far"));
        }
    });
    let report = looked.await?;
    let in_order = report.is_in_order(repair);
    if args.json {
        let told = Told { in_order, repaired: args.repair, report: &report };
        tell(serde_json::to_string(&told)?)?;
    } else {
        for line in in_words(&report, repair) {
            tell(line)?;
        }
        tell(format_args!("{} files looked at", report.files))?;
    }
    if in_order {
        return Ok(());
    }
    let remedy = if args.repair { "some of it needs somebody" } else { "--repair puts right what it can" };
    Err(Failure::NotInOrder(format!("graph and file index do not agree; {remedy}")).into())
}

/// What was found, a line for each.
pub(crate) fn in_words(report: &Report, repair: Repair) -> Vec<String> {
    let done = |repaired: bool| if repaired { "put right" } else { "found" };
    let all = done(repair == Repair::Yes);
    let pending = report.pending.iter();
    let pending = pending.map(|id| format!("{all}: transaction {id} is PENDING, and nobody works on it"));
    let unsettled = report.unsettled.iter();
    let unsettled =
        unsettled.map(|id| format!("{all}: the failed transaction {id} has changed the file index"));
    let lost = report.lost.iter().map(|lost| {
        let LostRecord { node_type, node_id, did, project_id, repaired } = lost;
        let found = done(*repaired);
        format!(
            "{found}: the {node_type} {node_id} of {project_id} names the record {did}, which is not there"
        )
    });
    let orphans = report.orphans.iter().map(|OrphanRecord { did, alias, repaired }| {
        format!("{}: no file has the record {did} ({alias}), and it has no bytes", done(*repaired))
    });
    let names = report.names.iter().map(|problem| format!("found: {problem}"));
    pending.chain(unsettled).chain(lost).chain(orphans).chain(names).collect()
}
