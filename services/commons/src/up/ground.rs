//! What a commons needs before its services are built: secrets, keys, addresses, the dictionary.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use dictionary::Dictionary;
use ipnet::IpNet;
use search::Engine;
use searchindex::Embedded;
use tokens::SigningKeys;
use url::Url;

use super::{options::Options, ports::Ports};
use crate::{
    commands::{backup::require_outside, metadata::read_config},
    databases::Databases,
    dictionaries, documents,
    explorer::{FOLDER, Source},
    failure::Failure,
    index_options::IndexArgs,
    operations::BackupArgs,
    pages::Pages,
    queries::QueryArgs,
    state::{Secrets, State},
    workflows::WorkflowArgs,
    workspaces::WorkspaceArgs,
};

const MIB: u64 = 1024 * 1024;

pub(crate) struct Ground {
    pub(crate) public_url: Url,
    pub(crate) secrets: Secrets,
    pub(crate) keys: Arc<SigningKeys>,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) object_store_url: String,
    /// Where users reach the object store.
    pub(crate) public_object_store_url: String,
    pub(crate) object_store_reserve: Option<u64>,
    pub(crate) object_store_versions: bool,
    /// What is said of buckets elsewhere.
    pub(crate) buckets: Option<serde_json::Value>,
    /// What is said of identity providers.
    pub(crate) login_providers: Option<serde_json::Value>,
    pub(crate) service_urls: indexmap::IndexMap<String, String>,
    pub(crate) development_login: bool,
    pub(crate) local_accounts: bool,
    pub(crate) remote_calls: bool,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) index: IndexArgs,
    pub(crate) queries: QueryArgs,
    /// The configuration of requestor, if one is given.
    pub(crate) requestor_config: Option<serde_json::Value>,
    /// The configuration of the workspace token service, if one is given.
    pub(crate) wts_config: Option<serde_json::Value>,
    /// When operations are done by themselves, where that is not the usual.
    pub(crate) schedules: Vec<String>,
    /// Where archived files are kept, if there is an archive.
    pub(crate) archive_tiers: Option<archive::Tiers>,
    /// Where operations keep backups.
    pub(crate) backups: BackupArgs,
    /// Other commons whose studies are shown.
    pub(crate) aggregate_config: Option<PathBuf>,
    /// What runs notebooks.
    pub(crate) workspaces: WorkspaceArgs,
    pub(crate) workflows: WorkflowArgs,
    /// The folder of what the portal shows of this commons.
    pub(crate) portal_config: Option<PathBuf>,
    /// Whose pages people see.
    pub(crate) portal: Pages,
    /// A folder of pages in the place of those in the program.
    pub(crate) portal_pages: Option<PathBuf>,
    /// Where this machine reaches the gateway.
    pub(crate) local_url: String,
    /// The user.yaml of this start, if one is given.
    pub(crate) user_yaml: Option<PathBuf>,
    /// What the explorer searches.
    pub(crate) engine: Arc<dyn Engine>,
    /// Its mapping, and guppy's configuration.
    pub(crate) explorer: Source,
    /// What administrators are told of the options.
    pub(crate) configuration: operations::Configuration,
}

impl Ground {
    /// Reads or makes all of it, and opens the databases at the same time.
    ///
    /// # Errors
    /// When something is missing or in use; each text says the remedy.
    pub(crate) async fn prepare(
        options: &Options,
        state: &State,
        ports: &Ports,
        public_url: Url,
    ) -> anyhow::Result<(Self, Databases)> {
        let secrets = secrets(state, options.indexd_login.as_deref())?;
        // All three come to their end even when one fails: half a database cluster must not stay behind.
        let (databases, keys, dictionary) = tokio::join!(
            Databases::open(state, &secrets, options.database_url.as_deref()),
            signing_keys(state.clone()),
            dictionaries::load(options.dictionary.as_deref()),
        );
        let (dictionary, keys, databases) = (dictionary?, keys?, databases?);
        keys.watch();
        let ground = Self {
            public_object_store_url: object_store_url(options, &public_url)?,
            object_store_reserve: options.object_store_reserve.map(|mib| mib.saturating_mul(MIB)),
            object_store_versions: options.object_store_versions,
            buckets: options.buckets.as_deref().map(documents::yaml).transpose()?,
            login_providers: options.login_providers.as_deref().map(documents::yaml).transpose()?,
            public_url,
            secrets,
            keys: Arc::new(keys),
            dictionary: Arc::new(dictionary),
            object_store_url: ports.object_store_url(),
            service_urls: ports.service_urls(),
            development_login: options.development_login,
            local_accounts: options.local_accounts,
            remote_calls: options.remote_calls,
            trusted_proxies: options.front.trusted_proxies.clone(),
            index: options.index.clone(),
            queries: options.queries.clone(),
            requestor_config: options.requestor_config.as_deref().map(documents::yaml).transpose()?,
            wts_config: options.wts_config.as_deref().map(documents::yaml).transpose()?,
            schedules: options.schedules.clone(),
            archive_tiers: options.archive_tiers.as_deref().map(crate::operations::tiers).transpose()?,
            backups: backups(options, state)?,
            aggregate_config: options.aggregate_config.clone().map(aggregate).transpose()?,
            workspaces: options.workspaces.clone(),
            workflows: options.workflows.clone(),
            portal_config: options.portal_config.as_deref().map(portal_folder).transpose()?,
            portal: options.portal.clone(),
            portal_pages: options.portal_pages.as_deref().map(portal_pages).transpose()?,
            local_url: ports.gateway_url(),
            user_yaml: options.user_yaml.clone(),
            engine: engine(options, state).await?,
            explorer: options.explorer.clone(),
            configuration: options.configuration.clone(),
        };
        Ok((ground, databases))
    }

    /// The public URL without a slash at its end.
    pub(crate) fn public_address(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// The page that lets somebody in without a password, if there is one. Whoever has the address gets in.
    pub(crate) fn login_url(&self) -> Option<String> {
        let (address, code) = (self.public_address(), &self.secrets.login_code);
        self.development_login.then(|| format!("{address}/user/login/dev?code={code}&redirect={address}/"))
    }

    /// A service's own address.
    ///
    /// # Panics
    /// When services have no ports, and so do not call each other.
    pub(crate) fn address_of(&self, service: &str) -> String {
        self.service_urls.get(service).cloned().expect("services that call each other have ports")
    }

    /// fence's public address, which is the issuer of all tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/user", self.public_address())
    }
}

/// Where operations keep backups: not where they would be lost together with the commons.
fn backups(options: &Options, state: &State) -> anyhow::Result<BackupArgs> {
    if let Some(place) = options.backups.place()? {
        require_outside(&place, state)?;
    }
    Ok(options.backups.clone())
}

/// The file of other commons, which must say something. It is read again when they are asked.
fn aggregate(file: PathBuf) -> anyhow::Result<PathBuf> {
    read_config(&file).context("--aggregate-config cannot be used")?;
    Ok(file)
}

/// The folder of pages, which must have some.
fn portal_pages(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.join("index.html").is_file() {
        bail!("--portal-pages {}: there is no index.html in it; scripts/portal makes one", folder.display());
    }
    Ok(folder.to_owned())
}

/// The folder of the portal, which must be there: a misspelt one would show an unnamed commons.
fn portal_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.is_dir() {
        bail!("--portal-config {}: there is no such folder", folder.display());
    }
    Ok(folder.to_owned())
}

/// The URL by which users reach a commons whose gateway listens on `port`.
///
/// # Errors
/// When it has a path, or would let strangers log in without a password.
pub(crate) fn public_url(options: &Options, port: u16) -> anyhow::Result<Url> {
    let url = match &options.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("{}://localhost:{port}", options.front.scheme()))?,
    };
    if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
        bail!("--public-url must be like https://commons.example.org, without a path");
    }
    if options.development_login && !web::is_loopback(&url) {
        bail!(
            "the development login lets anybody in without a password and is refused unless the public URL \
             is a loopback address, but it is {url}; add --no-development-login"
        );
    }
    Ok(url)
}

/// The URL by which users reach the object store: the public one unless another is given.
///
/// # Errors
/// When it has a path: signed URLs have the bucket there.
fn object_store_url(options: &Options, public_url: &Url) -> anyhow::Result<String> {
    let url = options.object_store_url.as_ref().unwrap_or(public_url);
    if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
        bail!("--object-store-url must be like https://files.example.org, without a path");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn secrets(state: &State, indexd_login: Option<&str>) -> anyhow::Result<Secrets> {
    let mut secrets = state.secrets()?;
    if let Some(login) = indexd_login {
        let (user, password) = login.split_once(':').context("--indexd-login must be USER:PASSWORD")?;
        if user.is_empty() || password.is_empty() {
            return Err(Failure::Prerequisite("--indexd-login needs a user and a password".into()).into());
        }
        (secrets.indexd_user, secrets.indexd_password) = (user.to_owned(), password.to_owned());
    }
    Ok(secrets)
}

/// The search engine: the given one, or that of the state folder.
///
/// # Errors
/// When it cannot be used.
async fn engine(options: &Options, state: &State) -> anyhow::Result<Arc<dyn Engine>> {
    let Some(url) = &options.search_url else {
        let folder = state.path(FOLDER);
        let told = || format!("the indices in {} cannot be used", folder.display());
        return Ok(Arc::new(Embedded::open(&folder).with_context(told)?));
    };
    let settings = searchserver::Settings::read(url).context("--search-url cannot be used")?;
    Ok(Arc::new(searchserver::Server::connect(settings).await?))
}

async fn signing_keys(state: State) -> anyhow::Result<SigningKeys> {
    // Finding primes takes a while.
    tokio::task::spawn_blocking(move || state.signing_keys()).await?
}
