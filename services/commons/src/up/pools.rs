//! The databases of all services: connections, and the form that the services need.

use anyhow::Context as _;
use database::Work;
use sqlx::PgPool;

use super::ground::Ground;
use crate::databases::{self, DatabaseName, Databases};

/// Connections to the databases.
pub(crate) struct Pools {
    pub(crate) fence: PgPool,
    pub(crate) arborist: PgPool,
    pub(crate) indexd: PgPool,
    pub(crate) sheepdog: PgPool,
    pub(crate) peregrine: PgPool,
    pub(crate) audit: PgPool,
    pub(crate) requestor: PgPool,
    pub(crate) library: PgPool,
    pub(crate) wts: PgPool,
    pub(crate) metadata: PgPool,
    pub(crate) guppy: PgPool,
    pub(crate) operations: PgPool,
    pub(crate) workspace: PgPool,
}

impl Pools {
    pub(crate) fn open(databases: &Databases) -> anyhow::Result<Self> {
        let pool = |name, work| databases::pool(&databases.url(name)?, work);
        let neighbour = |name| databases::neighbour_pool(&databases.url(name)?);
        let pools = Self {
            fence: pool(DatabaseName::Fence, Work::Small)?,
            arborist: pool(DatabaseName::Arborist, Work::Small)?,
            indexd: pool(DatabaseName::Indexd, Work::Small)?,
            sheepdog: pool(DatabaseName::Sheepdog, Work::Large)?,
            peregrine: pool(DatabaseName::Sheepdog, Work::Large)?,
            audit: neighbour(DatabaseName::Audit)?,
            requestor: neighbour(DatabaseName::Requestor)?,
            library: neighbour(DatabaseName::Library)?,
            wts: neighbour(DatabaseName::Wts)?,
            metadata: neighbour(DatabaseName::Metadata)?,
            guppy: neighbour(DatabaseName::Guppy)?,
            operations: neighbour(DatabaseName::Operations)?,
            workspace: neighbour(DatabaseName::Workspace)?,
        };
        database::look_after(pools.all());
        Ok(pools)
    }

    /// Each by the name of the service that uses it.
    pub(crate) fn named(&self) -> Vec<(&'static str, PgPool)> {
        let pools = [
            ("fence", &self.fence),
            ("arborist", &self.arborist),
            ("indexd", &self.indexd),
            ("sheepdog", &self.sheepdog),
            ("peregrine", &self.peregrine),
            ("audit", &self.audit),
            ("requestor", &self.requestor),
            ("library", &self.library),
            ("wts", &self.wts),
            ("metadata", &self.metadata),
            ("guppy", &self.guppy),
            ("operations", &self.operations),
            ("workspace", &self.workspace),
        ];
        pools.map(|(name, pool)| (name, pool.clone())).into()
    }

    pub(crate) fn all(&self) -> Vec<PgPool> {
        self.named().into_iter().map(|(_, pool)| pool).collect()
    }
}

/// Brings all databases to the form that the services need, at the same time.
pub(crate) async fn migrate(databases: &Databases, ground: &Ground) -> anyhow::Result<()> {
    let pool = |name| databases::tool_pool(&databases.url(name)?);
    let [
        fence,
        arborist,
        indexd,
        graph,
        audit,
        requestor,
        library,
        wts,
        metadata,
        guppy,
        operations,
        workspaces,
    ] = [
        pool(DatabaseName::Fence)?,
        pool(DatabaseName::Arborist)?,
        pool(DatabaseName::Indexd)?,
        pool(DatabaseName::Sheepdog)?,
        pool(DatabaseName::Audit)?,
        pool(DatabaseName::Requestor)?,
        pool(DatabaseName::Library)?,
        pool(DatabaseName::Wts)?,
        pool(DatabaseName::Metadata)?,
        pool(DatabaseName::Guppy)?,
        pool(DatabaseName::Operations)?,
        pool(DatabaseName::Workspace)?,
    ];
    tokio::try_join!(
        async { fence::migrate(&fence).await.context("fence's database cannot be migrated") },
        async { arborist::migrate(&arborist).await.context("arborist's database cannot be migrated") },
        index_database(&indexd, ground),
        async { audit::migrate(&audit).await.context("the audit database cannot be migrated") },
        async { requestor::migrate(&requestor).await.context("requestor's database cannot be migrated") },
        async { library::migrate(&library).await.context("the library's database cannot be migrated") },
        async { wts::migrate(&wts).await.context("the database of refresh tokens cannot be migrated") },
        async { guppy::migrate(&guppy).await.context("the search service's database cannot be migrated") },
        async { metadata::migrate(&metadata).await.context("the database of metadata cannot be migrated") },
        workspace_database(&workspaces),
        async {
            let told = "the database of operations cannot be migrated";
            workqueue::migrate(&operations).await.context(told)?;
            archive::migrate(&operations).await.context(told)?;
            operations::migrate(&operations).await.context(told)
        },
        async {
            let migrated = psqlgraph::migrate(&graph, &ground.dictionary).await;
            migrated.map(drop).context("the graph database cannot be migrated")
        },
    )?;
    let pools = [
        fence, arborist, indexd, graph, audit, requestor, library, wts, metadata, guppy, operations,
        workspaces,
    ];
    for pool in pools {
        pool.close().await;
    }
    Ok(())
}

/// Workspaces, and tasks.
async fn workspace_database(pool: &PgPool) -> anyhow::Result<()> {
    let told = "the database of workspaces cannot be migrated";
    workspace::migrate(pool).await.context(told)?;
    workflow::migrate(pool).await.context(told)
}

async fn index_database(pool: &PgPool, ground: &Ground) -> anyhow::Result<()> {
    indexd::migrate(pool).await.context("indexd's database cannot be migrated")?;
    let secrets = &ground.secrets;
    Ok(indexd::users::add(pool, &secrets.indexd_user, &secrets.indexd_password).await?)
}
