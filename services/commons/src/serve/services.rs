//! Building each service from its options.

use std::{collections::HashMap, path::Path, sync::Arc};

use ::arborist::Arborist;
use ::audit::Audit;
use ::database::Work;
use ::fence::{Fence, Housekeeping};
use ::gateway::{Gateway, Table};
use ::guppy::Guppy;
use ::indexd::Indexd;
use ::library::Library;
use ::manifests::Manifests;
use ::metadata::{Logins, Metadata, Neighbours, Reading};
use ::peregrine::Peregrine;
use ::requestor::Requestor;
use ::sheepdog::Sheepdog;
use ::wts::Wts;
use anyhow::Context as _;
use auditlog::{HttpAuditLog, Recorder};
use authz::{Authz, HttpAuthz};
use dataaccess::HttpDataAccess;
use dictionary::Dictionary;
use indexclient::HttpIndex;
use measures::Measures;
use policystore::HttpPolicies;
use search::Engine;
use searchindex::Embedded;
use serde::Deserialize;
use storage::{AwsCredentials, BucketConfig, Buckets, S3Store};
use tokens::{SigningKeys, Verifier};
use web::{Current, Service};

use super::{
    built::{Beside, Built},
    neighbours::{login, read, upstreams},
    options::{
        ArboristArgs, Database, DictionaryAt, FenceArgs, GatewayArgs, GuppyArgs, IndexdArgs, PeregrineArgs,
        SheepdogArgs,
    },
    small_options::{AuditArgs, LibraryArgs, ManifestsArgs, MetadataArgs, RequestorArgs, WtsArgs},
};
use crate::{
    documents,
    http_client::http_client,
    reload::{self, Reload, Served, Tables},
    version::{COMMIT, VERSION},
};

pub(crate) async fn arborist(args: &ArboristArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    args.database.migrated(async |pool| Ok(::arborist::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "arborist", measures).await?;
    let verifier = Arc::new(Verifier::remote(args.jwks_url.clone(), Vec::new(), http_client()?));
    measures.add(|registry| verifier.register(registry));
    let arborist = Arborist::build(::arborist::Config::default(), pool, verifier);
    measures.add(|registry| arborist.register_counts(registry));
    Ok(arborist)
}

/// The keys of fence-config.yaml that say where the other services are.
#[derive(Deserialize, Default)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
struct FenceNeighbours {
    db: Option<String>,
    arborist: Option<String>,
    indexd: Option<String>,
    indexd_username: Option<String>,
    indexd_password: Option<String>,
    audit_service: Option<String>,
}

pub(crate) async fn fence(args: &FenceArgs, measures: &Measures) -> anyhow::Result<Built> {
    let text = read(&args.config)?;
    let told = || format!("{} cannot be used", args.config.display());
    let document: serde_json::Value = serde_yaml_ng::from_str(&text).with_context(told)?;
    let mut config = ::fence::Config::from_document(&document).with_context(told)?;
    config.upload_indexing.add_queues(&args.upload_queues)?;
    // Before the database is waited for: it would not make the configuration any better.
    config.can_start().with_context(told)?;
    let expanded = ::fence::Config::expanded(&document).with_context(told)?;
    for (key, reason) in ::fence::Config::unheeded(&expanded) {
        tracing::warn!(key, reason, "this key of fence's configuration changes nothing");
    }
    let known: FenceNeighbours = serde_json::from_value(expanded).with_context(told)?;
    let database =
        Database { database_url: args.database.database_url.clone().or(known.db), ..args.database.clone() };
    let keys = Arc::new(SigningKeys::load(&args.keys)?);
    keys.watch();
    database.migrated(async |pool| Ok(::fence::migrate(pool).await?)).await?;
    let pool = database.measured_pool(Work::Small, "fence", measures).await?;
    let client = http_client()?;
    let first = |given: &Option<String>, known: Option<String>, default: &str| {
        given.clone().or(known).unwrap_or_else(|| default.to_owned())
    };
    let arborist = first(&args.arborist_url, known.arborist, "http://arborist-service");
    let indexd = first(&args.index_url, known.indexd, "http://indexd-service");
    let user = first(&args.indexd_user, known.indexd_username, "fence");
    let password = first(&args.indexd_password, known.indexd_password, "");
    let storage = Arc::new(config.stores(&client)?);
    let authz = Arc::new(HttpAuthz::new(&arborist, client.clone()));
    let index = Arc::new(HttpIndex::new(&indexd, &user, &password, client.clone()));
    let audited = config.enable_audit_logs != ::fence::AuditLogs::default();
    let fence = Fence::build(config, pool, keys, authz, index, storage, &client)?;
    measures.add(|registry| fence.register_counts(registry));
    fence.give_rights_through(Arc::new(HttpPolicies::new(&arborist, client.clone())));
    let housekeeping = Some(Housekeeping::start(&fence));
    let upload_indexing = fence.index_uploads();
    let mut beside =
        Beside { housekeeping, upload_indexing, telling: Some(fence.clone()), ..Beside::default() };
    if audited {
        let audit = first(&args.audit_url, known.audit_service, "http://audit-service");
        let (recorder, recording) = Recorder::start(Arc::new(HttpAuditLog::new(&audit, client)));
        fence.record_to(recorder);
        beside.recording = Some(recording);
    }
    Ok(Built { service: fence, reload: None, beside })
}

pub(crate) async fn indexd(args: &IndexdArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let config = ::indexd::Config::from_env(|name| std::env::var(name).ok())?;
    let mut config = args.index.applied(config);
    if let Some(creds) = &args.database.creds {
        config = config.with_creds(&read(creds)?)?;
    }
    args.database.migrated(async |pool| Ok(::indexd::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "indexd", measures).await?;
    for item in &args.login {
        let login = login(item)?;
        ::indexd::users::add(&pool, &login.user, &login.password).await?;
    }
    let authz = match &args.arborist_url {
        Some(url) => Some(Arc::new(HttpAuthz::new(url, http_client()?)) as Arc<dyn Authz>),
        None => None,
    };
    let indexd = Indexd::build(config, pool, authz);
    match indexd.layout().await {
        // The wrong layout would serve records of long ago. A database that is away comes again.
        Err(error @ ::indexd::Error::Failed(web::Failure::Internal { .. })) => Err(error.into()),
        _ => Ok(indexd),
    }
}

/// Makes the tables of `dictionary`, or waits for them.
async fn prepare_tables(
    database: &Database,
    pool: &sqlx::PgPool,
    dictionary: &Dictionary,
) -> anyhow::Result<Tables> {
    if database.migrate {
        psqlgraph::migrate(pool, dictionary).await?;
        return Ok(Tables::Made);
    }
    reload::await_tables(pool, dictionary).await;
    Ok(Tables::Awaited)
}

pub(crate) async fn sheepdog(args: &SheepdogArgs, measures: &Measures) -> anyhow::Result<Built> {
    let client = http_client()?;
    let verifier = args.tokens.verifier(&client, measures)?;
    let dictionary = args.dictionary.load().await?;
    let pool = args.database.measured_pool(Work::Large, "sheepdog", measures).await?;
    let tables = prepare_tables(&args.database, &pool, &dictionary).await?;
    let config = ::sheepdog::Config {
        auth_namespace: args.files.auth_namespace.clone(),
        require_file_index_exists: args.require_file_index_exists,
        version: VERSION.into(),
        commit: COMMIT.into(),
        ..::sheepdog::Config::default()
    };
    let (authz, index) = (args.arborist.client(&client), args.indexd.client(&client));
    let sheepdog = Sheepdog::build(config, pool.clone(), dictionary.clone(), authz, index, verifier)?;
    let current = Current::new(sheepdog);
    let served = Arc::new(current.clone());
    let reload = Some(reload(&args.dictionary, pool, tables, served, dictionary));
    Ok(Built { service: current, reload, beside: Beside::default() })
}

fn reload(
    at: &DictionaryAt,
    pool: sqlx::PgPool,
    tables: Tables,
    served: Arc<dyn Served>,
    dictionary: Arc<Dictionary>,
) -> Reload {
    let source = at.source().map(str::to_owned);
    Reload { source, pool, tables, served: vec![served], dictionary, state: None }
}

pub(crate) async fn peregrine(args: &PeregrineArgs, measures: &Measures) -> anyhow::Result<Built> {
    let client = http_client()?;
    let verifier = args.tokens.verifier(&client, measures)?;
    let dictionary = args.dictionary.load().await?;
    let pool = args.database.measured_pool(Work::Large, "peregrine", measures).await?;
    let tables = prepare_tables(&args.database, &pool, &dictionary).await?;
    let config = ::peregrine::Config {
        public_datasets: args.public_datasets,
        version: VERSION.into(),
        commit: COMMIT.into(),
        ..::peregrine::Config::default()
    };
    let config = args.queries.applied(config);
    let authz = args.arborist.client(&client);
    let current = Current::new(Peregrine::build(config, pool.clone(), dictionary.clone(), authz, verifier));
    let served = Arc::new(current.clone());
    let reload = Some(reload(&args.dictionary, pool, tables, served, dictionary));
    Ok(Built { service: current, reload, beside: Beside::default() })
}

pub(crate) async fn guppy(args: &GuppyArgs) -> anyhow::Result<Arc<dyn Service>> {
    let text = args.config.as_deref().map(read).transpose()?;
    let variable = |name: &str| match name {
        "GEN3_ARBORIST_ENDPOINT" => Some(args.arborist_url.clone()),
        name => std::env::var(name).ok(),
    };
    let mut config = ::guppy::Config::read(text.as_deref(), variable)
        .with_context(|| format!("{:?} cannot be used", args.config.as_deref().unwrap_or(Path::new(""))))?;
    VERSION.clone_into(&mut config.version);
    COMMIT.clone_into(&mut config.commit);
    let engine = engine(args.search_folder.as_deref(), &args.search.search_url).await?;
    let authz = Arc::new(HttpAuthz::new(&args.arborist_url, http_client()?));
    let database = match args.database.options()? {
        None => None,
        Some(_) => {
            args.database.migrated(async |pool| Ok(::guppy::migrate(pool).await?)).await?;
            Some(args.database.pool(Work::Small).await?)
        }
    };
    let guppy = Guppy::build_keeping(config, engine, authz, database)?;
    guppy.watch();
    Ok(guppy)
}

/// The embedded engine over a folder, or one elsewhere.
pub(super) async fn engine(folder: Option<&Path>, url: &str) -> anyhow::Result<Arc<dyn Engine>> {
    if let Some(folder) = folder {
        let opened = Embedded::open(folder);
        let opened = opened.with_context(|| format!("the indices in {} cannot be used", folder.display()))?;
        return Ok(Arc::new(opened));
    }
    let settings = searchserver::Settings::read(url)?;
    Ok(Arc::new(searchserver::Server::connect(settings).await?))
}

pub(crate) async fn audit(args: &AuditArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    args.database.migrated(async |pool| Ok(::audit::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "audit", measures).await?;
    let config = ::audit::Config {
        timebox_days: args.query_timebox_max_days.filter(|days| *days > 0),
        page_size: args.query_page_size,
        usernames: !args.query_no_usernames,
        version: VERSION.into(),
        ..::audit::Config::default()
    };
    Ok(Audit::build(config, pool, args.arborist.client(&http_client()?)))
}

pub(crate) async fn requestor(args: &RequestorArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let document = args.config.as_deref().map(documents::yaml).transpose()?.unwrap_or_default();
    let mut config =
        ::requestor::Config::from_document(&document).context("the configuration cannot be used")?;
    VERSION.clone_into(&mut config.version);
    let client = http_client()?;
    let verifier = args.tokens.verifier(&client, measures)?;
    args.database.migrated(async |pool| Ok(::requestor::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "requestor", measures).await?;
    let policies = Arc::new(HttpPolicies::new(&args.arborist.arborist_url, client.clone()));
    Ok(Requestor::build(config, pool, args.arborist.client(&client), policies, verifier, client))
}

pub(crate) async fn library(args: &LibraryArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let client = http_client()?;
    let verifier = args.tokens.verifier(&client, measures)?;
    args.database.migrated(async |pool| Ok(::library::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "library", measures).await?;
    let config = ::library::Config {
        max_lists: args.max_lists,
        max_items: args.max_list_items,
        version: VERSION.into(),
        ..::library::Config::default()
    };
    Ok(Library::build(config, pool, args.arborist.client(&client), verifier))
}

pub(crate) async fn wts(args: &WtsArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let document = args.config.as_deref().map(documents::yaml).transpose()?.unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    let mut config =
        ::wts::Config::read(&document, variable).context("the settings of wts cannot be used")?;
    VERSION.clone_into(&mut config.version);
    COMMIT.clone_into(&mut config.commit);
    let client = http_client()?;
    let mut tokens = args.tokens.clone();
    tokens.issuers.push(config.issuer());
    let verifier = tokens.verifier(&client, measures)?;
    let creds = args.database.creds.clone().or(args.postgres_creds_file.clone());
    let own = document["sqlalchemy_database_uri"].as_str().map(str::to_owned);
    let named = || args.sqlalchemy_database_uri.clone().or(own).filter(|_| creds.is_none());
    let database_url = args.database.database_url.clone().or_else(named);
    let database = Database { database_url, creds: creds.clone(), ..args.database.clone() };
    database.migrated(async |pool| Ok(::wts::migrate(pool).await?)).await?;
    let pool = database.measured_pool(Work::Small, "wts", measures).await?;
    Ok(Wts::build(config, pool, args.arborist.client(&client), verifier, client))
}

pub(crate) async fn metadata(args: &MetadataArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let mut config = ::metadata::Config {
        logins: Logins::new(args.admin_logins.iter().cloned())?,
        most_results: args.query_results_limit.try_into()?,
        version: VERSION.into(),
        ..::metadata::Config::default()
    };
    if let Some(text) = &args.default_authz {
        config.default_authz = ::metadata::Config::authz_of(text)?;
    }
    if std::env::var("USE_AGG_MDS").is_ok_and(|text| text.eq_ignore_ascii_case("true")) {
        config.aggregate = ::metadata::Aggregate::On;
    }
    if args.force_authz_check_for_metadata_queries {
        config.reading = Reading::Permitted;
    }
    let client = http_client()?;
    let neighbours = Neighbours {
        authz: args.arborist.client(&client),
        // Everything is asked for the caller, so there is no login of its own.
        index: Arc::new(HttpIndex::new(&args.index_url, "", "", client.clone())),
        files: Arc::new(HttpDataAccess::new(&args.fence_url, client.clone())),
        verifier: args.tokens.verifier(&client, measures)?,
    };
    args.database.migrated(async |pool| Ok(::metadata::migrate(pool).await?)).await?;
    let pool = args.database.measured_pool(Work::Small, "metadata", measures).await?;
    Ok(Metadata::build(config, pool, neighbours))
}

/// The original's configuration of the manifest service, and where a store is that is not Amazon's.
#[derive(Deserialize)]
struct ManifestsConfig {
    manifest_bucket_name: String,
    hostname: Option<String>,
    #[serde(default)]
    aws_access_key_id: String,
    #[serde(default)]
    aws_secret_access_key: String,
    prefix: Option<String>,
    endpoint_url: Option<String>,
    region: Option<String>,
}

pub(crate) fn manifests(args: &ManifestsArgs, measures: &Measures) -> anyhow::Result<Arc<dyn Service>> {
    let told = || format!("{} cannot be used", args.config.display());
    let read: ManifestsConfig = serde_json::from_str(&read(&args.config)?).with_context(told)?;
    let client = http_client()?;
    let mut tokens = args.tokens.clone();
    tokens.issuers.extend(read.hostname.iter().map(|host| format!("https://{host}/user")));
    let verifier = tokens.verifier(&client, measures)?;
    let keys = AwsCredentials::key(read.aws_access_key_id, read.aws_secret_access_key);
    let bucket = BucketConfig {
        cred: "keys".to_owned(),
        region: read.region,
        endpoint_url: read.endpoint_url,
        ..BucketConfig::default()
    };
    let config = ::manifests::Config {
        prefix: read.prefix.unwrap_or_default(),
        ..::manifests::Config::of_bucket(&read.manifest_bucket_name)
    };
    let buckets = [(config.bucket.clone(), bucket)].into();
    let buckets = Buckets::new(buckets, &[("keys".to_owned(), keys)].into()).with_context(told)?;
    let authz = args.arborist.client(&client);
    Ok(Manifests::build(config, Arc::new(S3Store::new(buckets)), authz, verifier))
}

pub(crate) fn gateway(args: &GatewayArgs) -> anyhow::Result<Arc<dyn Service>> {
    let mut table = args.portal.over(Table::built_in()?)?;
    if let Some(file) = &args.routes {
        table =
            table.extended_by(&read(file)?).with_context(|| format!("{} cannot be used", file.display()))?;
    }
    let origins = args.origins_allow_credentials.as_deref().unwrap_or("[]");
    let client = http_client()?;
    let mut logins = HashMap::new();
    if let Some(given) = &args.indexd_login {
        logins.insert("indexd".to_owned(), login(given)?);
    }
    let names = table.rows().iter().filter_map(|row| row.service.as_deref());
    let mut upstreams = upstreams(names, &args.upstreams)?;
    args.portal.reached_by(&mut upstreams);
    let config = ::gateway::Config {
        public_url: args.public_url.clone(),
        cookie_domain: args.cookie_domain.clone(),
        credential_origins: serde_json::from_str(origins)
            .context("ORIGINS_ALLOW_CREDENTIALS is not a JSON list")?,
        trusted_proxies: args.listen.front.trusted_proxies.clone(),
        upstreams,
        object_store: None,
        logins,
        authz: args.arborist.client(&client),
        client,
        table,
    };
    Ok(Gateway::build(config, Vec::new()))
}
