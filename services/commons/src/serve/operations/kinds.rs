//! What can be done with what the options name.

use std::sync::Arc;

use anyhow::Context as _;
use authz::Authz;
use guppy::Guppy;
use reqwest::Client;
use sqlx::PgPool;
use workqueue::Kind;

use super::{
    super::{neighbours::read, services},
    options::OperationsArgs,
};
use crate::{
    commands::{metadata::read_config, user::visas::fence_of},
    databases::{self, DatabaseName},
    documents,
    index_options::layout_setting,
    operations::{
        self as kinds, AggregateSync, ExpiredClients, Exports, Graph, IndexGc, IndexScan, ManifestExport,
        PfbExport, Usersync, VisaUpdate, Whole,
    },
};

type Found = Vec<Arc<dyn Kind>>;

/// All of it, but for the archive.
///
/// # Errors
/// When something that is named cannot be used.
pub(super) async fn known(
    args: &OperationsArgs,
    authz: &Arc<dyn Authz>,
    exports: Option<&Arc<Exports>>,
    client: &Client,
) -> anyhow::Result<Found> {
    let mut all = of_users(args)?;
    all.extend(of_files(args, client).await?);
    if let (Some(url), Some(exports)) = (&args.graph_database, exports) {
        all.push(Arc::new(pfb_export(args, url, authz.clone(), exports.clone(), client).await?));
    }
    if let (Some(url), Some(file)) = (&args.metadata_database, &args.aggregate_config) {
        read_config(file)?;
        all.push(Arc::new(AggregateSync { file: file.clone(), pool: pool(url)? }));
    }
    if let Some(exports) = exports {
        let (index, exports) = (args.index.client(client), exports.clone());
        all.push(Arc::new(ManifestExport { index, exports }));
    }
    all.extend(args.backups.kinds(whole(args))?);
    Ok(all)
}

fn of_users(args: &OperationsArgs) -> anyhow::Result<Found> {
    let mut all: Found = Vec::new();
    let Some(fence) = &args.identity.fence_database else { return Ok(all) };
    all.push(Arc::new(ExpiredClients(pool(fence)?)));
    let Some(arborist) = &args.identity.arborist_database else { return Ok(all) };
    if let Some(file) = args.user_yaml.clone() {
        all.push(Arc::new(Usersync { file, fence: pool(fence)?, arborist: pool(arborist)? }));
    }
    if let Some(config) = fence_config(args)? {
        let fence = fence_of(config, pool(fence)?, pool(arborist)?)?;
        if fence.can_update_visas() {
            all.push(Arc::new(VisaUpdate(fence)));
        }
    }
    Ok(all)
}

async fn of_files(args: &OperationsArgs, client: &Client) -> anyhow::Result<Found> {
    let mut all: Found = Vec::new();
    if let Some(mut config) = fence_config(args)? {
        // Objects are read from this process.
        for bucket in config.s3_buckets.values_mut() {
            bucket.public_endpoint_url = None;
        }
        let store = Arc::new(config.stores(client)?);
        all.push(Arc::new(IndexScan::of(&config, store, args.index.client(client))?));
    }
    if let (Some(graph), Some(records)) = (&args.graph_database, &args.index_database) {
        let dictionary = args.dictionary.load().await?;
        all.push(Arc::new(IndexGc {
            graph: Graph { pool: pool(graph)?, dictionary: Box::new(move || dictionary.clone()) },
            records: pool(records)?,
            layout: layout_setting(Some(records))?,
            index: args.index.client(client),
            auth_namespace: args.files.auth_namespace.clone(),
        }));
    }
    Ok(all)
}

/// fence's configuration, if a file is named.
pub(super) fn fence_config(args: &OperationsArgs) -> anyhow::Result<Option<fence::Config>> {
    let Some(file) = &args.fence_config else { return Ok(None) };
    let config = fence::Config::from_document(&documents::yaml(file)?);
    Ok(Some(config.with_context(|| format!("{} cannot be used", file.display()))?))
}

/// What backups have: all databases that options and variables name.
fn whole(args: &OperationsArgs) -> Option<Whole> {
    let named = [
        (DatabaseName::Operations, &args.database.database_url),
        (DatabaseName::Fence, &args.identity.fence_database),
        (DatabaseName::Arborist, &args.identity.arborist_database),
        (DatabaseName::Sheepdog, &args.graph_database),
        (DatabaseName::Indexd, &args.index_database),
        (DatabaseName::Metadata, &args.metadata_database),
    ];
    let named = named.into_iter().filter_map(|(name, url)| Some((name, url.clone()?)));
    let databases: Vec<(DatabaseName, String)> = named.collect();
    // One without users, files or records is none of a commons.
    let is_whole =
        [DatabaseName::Fence, DatabaseName::Arborist, DatabaseName::Sheepdog, DatabaseName::Indexd]
            .iter()
            .all(|wanted| databases.iter().any(|(name, _)| name == wanted));
    is_whole.then(|| Whole::Named {
        databases,
        dictionary: args.dictionary.dictionary.clone().or_else(|| args.dictionary.schema_dir.clone()),
        keys: args.backup_keys.clone(),
        configuration: args.backup_configuration.clone(),
    })
}

/// Connections to a database that may be named as SQLAlchemy does, with the driver.
pub(super) fn pool(url: &str) -> anyhow::Result<PgPool> {
    databases::neighbour_pool(&url.replacen("postgresql+psycopg2://", "postgresql://", 1))
}

async fn pfb_export(
    args: &OperationsArgs,
    url: &str,
    authz: Arc<dyn Authz>,
    exports: Arc<Exports>,
    client: &Client,
) -> anyhow::Result<PfbExport> {
    let dictionary = args.dictionary.load().await?;
    let text = args.guppy_config.as_deref().map(read).transpose()?;
    let config = guppy::Config::read(text.as_deref(), |name| std::env::var(name).ok())
        .context("guppy's configuration cannot be used")?;
    let engine = services::engine(None, &args.search.search_url).await?;
    let guppy = Guppy::build(config, engine, authz.clone())?;
    guppy.watch();
    let graph = Graph { pool: pool(url)?, dictionary: Box::new(move || dictionary.clone()) };
    Ok(PfbExport::of(kinds::Source { graph, guppy, authz, exports, index: args.index.client(client) }))
}
