//! Building all services on their databases, and connecting them.

use std::{collections::HashMap, net::TcpListener, sync::Arc};

use anyhow::Context as _;
use arborist::Arborist;
use authz::{Authz, HttpAuthz};
use fence::{Fence, upload_indexing::UploadIndexing};
use gateway::{Gateway, Login, Table};
use guppy::Guppy;
use indexclient::{HttpIndex, IndexClient};
use indexd::Indexd;
use indexmap::IndexMap;
use peregrine::Peregrine;
use portal::Portal;
use sheepdog::Sheepdog;
use sqlx::PgPool;
use storage::{
    AwsCredentials, BucketConfig, ObjectStore, S3Store,
    embedded::{EmbeddedS3, Settings},
};
use tokens::Verifier;
use web::{Current, Service};

use super::ground::Ground;
use crate::{
    databases::{self, DatabaseName, Databases},
    http_client::http_client,
    reload::Served,
    state::State,
    version::{COMMIT, VERSION},
};

/// The bucket that uploads go to.
const BUCKET: &str = "commons-data";
/// The embedded store has no regions, but signatures name one.
const REGION: &str = "us-east-1";
/// Name of the object store's keys in fence's configuration.
const CREDENTIALS: &str = "embedded";

/// Connections to the databases.
pub(crate) struct Pools {
    pub(crate) fence: PgPool,
    pub(crate) arborist: PgPool,
    pub(crate) indexd: PgPool,
    pub(crate) sheepdog: PgPool,
    pub(crate) peregrine: PgPool,
}

impl Pools {
    pub(crate) fn open(databases: &Databases) -> anyhow::Result<Self> {
        let pool = |name| databases::pool(&databases.url(name)?);
        Ok(Self {
            fence: pool(DatabaseName::Fence)?,
            arborist: pool(DatabaseName::Arborist)?,
            indexd: pool(DatabaseName::Indexd)?,
            sheepdog: pool(DatabaseName::Sheepdog)?,
            peregrine: pool(DatabaseName::Sheepdog)?,
        })
    }

    pub(crate) fn all(self) -> Vec<PgPool> {
        vec![self.fence, self.arborist, self.indexd, self.sheepdog, self.peregrine]
    }
}

/// Brings all databases to the form that the services need, at the same time.
pub(crate) async fn migrate(pools: &Pools, ground: &Ground) -> anyhow::Result<()> {
    tokio::try_join!(
        async { fence::migrate(&pools.fence).await.context("fence's database cannot be migrated") },
        async { arborist::migrate(&pools.arborist).await.context("arborist's database cannot be migrated") },
        index_database(pools, ground),
        async {
            let migrated = psqlgraph::migrate(&pools.sheepdog, &ground.dictionary).await;
            migrated.map(drop).context("the graph database cannot be migrated")
        },
    )?;
    Ok(())
}

async fn index_database(pools: &Pools, ground: &Ground) -> anyhow::Result<()> {
    indexd::migrate(&pools.indexd).await.context("indexd's database cannot be migrated")?;
    let secrets = &ground.secrets;
    Ok(indexd::users::add(&pools.indexd, &secrets.indexd_user, &secrets.indexd_password).await?)
}

/// The embedded object store.
pub(crate) fn start_object_store(
    state: &State,
    ground: &Ground,
    listener: TcpListener,
) -> anyhow::Result<EmbeddedS3> {
    let settings = Settings {
        folder: state.path("objects"),
        access_key: ground.secrets.store_access_key.clone(),
        secret_key: ground.secrets.store_secret_key.clone(),
        buckets: vec![BUCKET.to_owned()],
    };
    Ok(EmbeddedS3::start(&settings, listener)?)
}

/// All services in the order of the ports, the gateway in front of them, and what runs beside them.
pub(crate) struct All {
    pub(crate) services: Vec<Arc<dyn Service>>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) fence: Arc<Fence>,
    pub(crate) upload_indexing: UploadIndexing,
    /// The services that serve from the dictionary, in the order of their replacement.
    pub(crate) served: Vec<Arc<dyn Served>>,
}

/// How the services ask each other: directly or over HTTP.
struct Neighbours {
    authz: Arc<dyn Authz>,
    index: Arc<dyn IndexClient>,
    verifier: Arc<Verifier>,
}

/// Builds and connects all services.
///
/// # Errors
/// For a configuration that a service refuses.
pub(crate) fn build(ground: &Ground, pools: &Pools, object_store: &mut EmbeddedS3) -> anyhow::Result<All> {
    let client = http_client()?;
    let local = Arc::new(Verifier::local(&ground.keys, vec![ground.issuer()]));
    let verifier = if ground.remote_calls { remote_verifier(ground, &client) } else { local };
    let arborist = Arborist::build(arborist::Config::default(), pools.arborist.clone(), verifier.clone());
    let authz: Arc<dyn Authz> = if ground.remote_calls {
        Arc::new(HttpAuthz::new(&address(ground, "arborist"), client.clone()))
    } else {
        arborist.clone()
    };
    let indexd = Indexd::build(index_config(ground), pools.indexd.clone(), Some(authz.clone()));
    let index: Arc<dyn IndexClient> =
        if ground.remote_calls { Arc::new(remote_index(ground, &client)) } else { indexd.clone() };
    let neighbours = Neighbours { authz, index, verifier };
    let config = fence_config(ground);
    let store: Arc<dyn ObjectStore> = Arc::new(S3Store::new(config.buckets()?, client.clone()));
    let fence = build_fence(config, ground, pools, &neighbours, store.clone())?;
    let completed = object_store.take_completed().context("the object store's notices are taken already")?;
    let upload_indexing = UploadIndexing::start(neighbours.index.clone(), store, BUCKET, completed);
    let sheepdog = Current::new(build_sheepdog(ground, pools, &neighbours)?);
    let peregrine = Current::new(build_peregrine(ground, pools, &neighbours));
    let served: Vec<Arc<dyn Served>> = vec![Arc::new(peregrine.clone()), Arc::new(sheepdog.clone())];
    let guppy =
        Guppy::build(guppy::Config { version: VERSION.into(), commit: COMMIT.into(), ..Default::default() })?;
    let portal = build_portal(peregrine.clone());
    let services: Vec<Arc<dyn Service>> =
        vec![fence.clone(), arborist, indexd, sheepdog, peregrine, guppy, portal];
    let gateway = Gateway::build(gateway_config(ground, neighbours.authz, client)?, services.clone());
    Ok(All { services, gateway, fence, upload_indexing, served })
}

fn remote_verifier(ground: &Ground, client: &reqwest::Client) -> Arc<Verifier> {
    let jwks = format!("{}/.well-known/jwks", address(ground, "fence"));
    Arc::new(Verifier::remote(jwks, vec![ground.issuer()], client.clone()))
}

fn remote_index(ground: &Ground, client: &reqwest::Client) -> HttpIndex {
    let secrets = &ground.secrets;
    HttpIndex::new(&address(ground, "indexd"), &secrets.indexd_user, &secrets.indexd_password, client.clone())
}

fn index_config(ground: &Ground) -> indexd::Config {
    let host = ground.public_url.host_str().unwrap_or("localhost");
    let hostname = ground.public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    indexd::Config { hostname, fence_url: address(ground, "fence"), ..indexd::Config::default() }
}

fn fence_config(ground: &Ground) -> fence::Config {
    let keys = AwsCredentials {
        aws_access_key_id: ground.secrets.store_access_key.clone(),
        aws_secret_access_key: ground.secrets.store_secret_key.clone(),
    };
    let bucket = BucketConfig {
        cred: CREDENTIALS.to_owned(),
        region: Some(REGION.to_owned()),
        endpoint_url: Some(ground.object_store_url.clone()),
        ..BucketConfig::default()
    };
    fence::Config {
        base_url: ground.issuer(),
        development_login: ground.development_login,
        aws_credentials: IndexMap::from([(CREDENTIALS.to_owned(), keys)]),
        s3_buckets: IndexMap::from([(BUCKET.to_owned(), bucket)]),
        data_upload_bucket: BUCKET.to_owned(),
        ..fence::Config::default()
    }
}

fn build_fence(
    config: fence::Config,
    ground: &Ground,
    pools: &Pools,
    neighbours: &Neighbours,
    store: Arc<dyn ObjectStore>,
) -> anyhow::Result<Arc<Fence>> {
    let (authz, index) = (neighbours.authz.clone(), neighbours.index.clone());
    Ok(Fence::build(config, pools.fence.clone(), ground.keys.clone(), authz, index, store)?)
}

fn build_sheepdog(ground: &Ground, pools: &Pools, neighbours: &Neighbours) -> anyhow::Result<Arc<Sheepdog>> {
    Ok(Sheepdog::build(
        sheepdog::Config { version: VERSION.into(), commit: COMMIT.into(), ..sheepdog::Config::default() },
        pools.sheepdog.clone(),
        ground.dictionary.clone(),
        neighbours.authz.clone(),
        neighbours.index.clone(),
        neighbours.verifier.clone(),
    )?)
}

fn build_peregrine(ground: &Ground, pools: &Pools, neighbours: &Neighbours) -> Arc<Peregrine> {
    Peregrine::build(
        peregrine::Config { version: VERSION.into(), commit: COMMIT.into(), ..peregrine::Config::default() },
        pools.peregrine.clone(),
        ground.dictionary.clone(),
        neighbours.authz.clone(),
        neighbours.verifier.clone(),
    )
}

/// The portal shows the dictionary that peregrine serves at that moment.
fn build_portal(peregrine: Arc<Current<Peregrine>>) -> Arc<Portal> {
    let config = portal::Config { version: VERSION.into(), commit: COMMIT.into() };
    Portal::build(config, Arc::new(move || peregrine.get().dictionary().clone()))
}

fn gateway_config(
    ground: &Ground,
    authz: Arc<dyn Authz>,
    client: reqwest::Client,
) -> anyhow::Result<gateway::Config> {
    let secrets = &ground.secrets;
    let login = Login { user: secrets.indexd_user.clone(), password: secrets.indexd_password.clone() };
    let table = Table::built_in()?.with_portal()?;
    let table = match ground.public_url.host_str() {
        Some("localhost") => table.with_localhost_names()?,
        _ => table,
    };
    Ok(gateway::Config {
        public_url: ground.public_url.clone(),
        cookie_domain: None,
        credential_origins: Vec::new(),
        table,
        upstreams: HashMap::new(),
        logins: HashMap::from([("indexd".to_owned(), login)]),
        authz,
        client,
    })
}

fn address(ground: &Ground, service: &str) -> String {
    ground.service_urls.get(service).cloned().expect("every service has a port")
}
