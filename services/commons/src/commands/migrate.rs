//! `commons migrate`.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    databases::{self, DatabaseName},
    dictionaries,
    index_options::layout_setting,
    output::tell,
    state::{State, StateArgs},
};

/// Options of `commons migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// One service's database. Default: all of them.
    pub service: Option<DatabaseName>,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// The database itself (with a service), or the server that has all of them. Default: those of the state
    /// folder.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Data dictionary of the graph tables. Default: the one that the commons last ran with, or the built-in
    /// one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
    /// Print the statements for the graph's database (sheepdog's), and run none.
    #[arg(long)]
    pub plan: bool,
}

pub(crate) async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    if args.plan {
        return plan(args).await;
    }
    if let Some(url) = &args.database_url {
        let source = args.dictionary.as_deref();
        return match args.service {
            Some(service) => migrate(service, &databases::reached(url).await?, source, Some(url)).await,
            None => {
                for service in DatabaseName::ALL {
                    let url =
                        databases::renamed(url, service.as_str()).context("the database URL is malformed")?;
                    migrate(service, &databases::reached(&url).await?, source, Some(&url)).await?;
                }
                Ok(())
            }
        };
    }
    let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let source = args.dictionary.as_deref().or(bench.run.dictionary.as_deref());
            let chosen = args.service.map_or(DatabaseName::ALL.to_vec(), |service| vec![service]);
            for service in chosen {
                migrate(service, &bench.pool(service)?, source, None).await?;
            }
            Ok(())
        })
        .await
}

async fn migrate(
    service: DatabaseName,
    pool: &PgPool,
    dictionary: Option<&str>,
    url: Option<&str>,
) -> anyhow::Result<()> {
    let service_name = service.as_str();
    for line in apply(service, pool, dictionary, url).await? {
        tell(format_args!("{service_name}: {line}"))?;
    }
    tell(format_args!("{service_name}: up to date"))?;
    Ok(())
}

/// Brings a database up to date, and says what there is to say of it. Without a `url` it is that of the state
/// folder.
///
/// # Errors
/// When its tables are of a version that is not known, or the database fails.
pub(super) async fn apply(
    service: DatabaseName,
    pool: &PgPool,
    dictionary: Option<&str>,
    url: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let mut told = Vec::new();
    match service {
        DatabaseName::Fence => fence::migrate(pool).await?,
        DatabaseName::Arborist => arborist::migrate(pool).await?,
        DatabaseName::Indexd => {
            indexd::migrate(pool).await?;
            let layout = indexd::layout(pool, layout_setting(url)?).await?;
            told.push(format!("the records are in the {layout} layout"));
        }
        DatabaseName::Audit => audit::migrate(pool).await?,
        DatabaseName::Requestor => requestor::migrate(pool).await?,
        DatabaseName::Library => library::migrate(pool).await?,
        DatabaseName::Wts => wts::migrate(pool).await?,
        DatabaseName::Metadata => metadata::migrate(pool).await?,
        DatabaseName::Guppy => guppy::migrate(pool).await?,
        DatabaseName::Operations => crate::serve::migrate_operations(pool).await?,
        DatabaseName::Workspace => {
            workspace::migrate(pool).await?;
            workflow::migrate(pool).await?;
        }
        DatabaseName::Sheepdog => {
            let dictionary = dictionaries::load(dictionary).await?;
            let report = psqlgraph::migrate(pool, &dictionary).await?;
            let dropped =
                |index: &String| format!("the unique index {index} is dropped: no key asks for it any more");
            told.extend(report.dropped.iter().map(dropped));
            let failed = report.failed.iter();
            let failed: Vec<String> = failed
                .map(|(index, reason)| format!("the index {index} could not be made: {reason}"))
                .collect();
            if !failed.is_empty() {
                told.extend(failed);
                anyhow::bail!("the graph's database works, but lacks indexes\n{}", told.join("\n"));
            }
        }
    }
    Ok(told)
}

/// Prints what would be done in the graph's database; nothing is changed. The other databases have few
/// tables, which are made by a script that looks around while it runs, not by a list of statements.
async fn plan(args: MigrateArgs) -> anyhow::Result<()> {
    let graph = DatabaseName::Sheepdog;
    if let Some(other) = args.service.filter(|service| *service != graph) {
        anyhow::bail!(
            "only the graph's database ({}) has a plan, {} has none",
            graph.as_str(),
            other.as_str()
        );
    }
    let Some(url) = &args.database_url else {
        let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
        return bench
            .with(async |bench: Arc<Workbench>| {
                let source = args.dictionary.as_deref().or(bench.run.dictionary.as_deref());
                print_plan(&bench.pool(graph)?, source).await
            })
            .await;
    };
    let url = match args.service {
        Some(_) => url.clone(),
        None => databases::renamed(url, graph.as_str()).context("the database URL is malformed")?,
    };
    print_plan(&databases::reached(&url).await?, args.dictionary.as_deref()).await
}

async fn print_plan(pool: &PgPool, dictionary: Option<&str>) -> anyhow::Result<()> {
    let dictionary = dictionaries::load(dictionary).await?;
    let plan = psqlgraph::plan(pool, &dictionary).await?;
    if plan.is_empty() {
        tell(format_args!("-- {}: up to date", DatabaseName::Sheepdog.as_str()))?;
    } else {
        tell(format_args!("{}", plan.script().trim_end()))?;
    }
    Ok(())
}
