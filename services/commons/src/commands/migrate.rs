//! `commons migrate`.

use std::sync::Arc;

use anyhow::Context as _;
use sqlx::PgPool;

use super::workbench::Workbench;
use crate::{
    cli::{DatabaseName, MigrateArgs},
    dictionaries,
    output::tell,
    state::State,
    up::databases,
};

pub(crate) async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    if let Some(url) = &args.database_url {
        let source = args.dictionary.as_deref();
        return match args.service {
            Some(service) => migrate(service, &databases::pool(url)?, source).await,
            None => {
                for service in DatabaseName::ALL {
                    let url =
                        databases::renamed(url, service.as_str()).context("the database URL is malformed")?;
                    migrate(service, &databases::pool(&url)?, source).await?;
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
                migrate(service, &bench.pool(service)?, source).await?;
            }
            Ok(())
        })
        .await
}

async fn migrate(service: DatabaseName, pool: &PgPool, dictionary: Option<&str>) -> anyhow::Result<()> {
    match service {
        DatabaseName::Fence => fence::migrate(pool).await?,
        DatabaseName::Arborist => arborist::migrate(pool).await?,
        DatabaseName::Indexd => indexd::migrate(pool).await?,
        DatabaseName::Sheepdog => {
            let dictionary = dictionaries::load(dictionary).await?;
            psqlgraph::migrate(pool, &dictionary).await?;
        }
    }
    tell(format_args!("{}: up to date", service.as_str()))?;
    Ok(())
}
