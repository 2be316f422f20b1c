//! Where documents go, and which graph they are made from.

use std::{path::PathBuf, str::FromStr as _, sync::Arc};

use anyhow::{Context as _, bail};
use clap::Args;
use search::Engine;
use searchindex::Embedded;
use searchserver::{Identity, Server, Settings};
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{commands::workbench::Workbench, databases::DatabaseName, explorer::FOLDER, state::State};

/// Where the original looks for its files.
pub(super) const FOLDERS: [&str; 3] = ["/usr/share/gen3/tube", "/var/www/tube", "/gen3/tube"];
const CREDS: &str = "creds.json";

/// Which graph, and which search engine.
#[derive(Debug, Clone, Args)]
pub(super) struct PlaceArgs {
    /// The search engine: Elasticsearch or OpenSearch. `USER:PASSWORD@` in it is a login. Default: the
    /// variables ES_URL, ES_PORT, ES_USE_SSL, ES_AUTH_USERNAME and ES_AUTH_PASSWORD, else the engine of the
    /// state folder.
    #[arg(long, value_name = "URL", env = "GEN3_ES_ENDPOINT", hide_env_values = true)]
    search_url: Option<String>,
    /// The graph's database. Default: --creds, a creds.json where the original looks for it, the variables
    /// DB_HOST, DB_PORT, DB_DATABASE, DB_USERNAME, DB_PASSWORD and DB_USE_SSL, else that of the state folder.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// A creds.json with db_host, db_port, db_database, db_username, db_password and db_use_ssl.
    #[arg(long, value_name = "FILE")]
    creds: Option<PathBuf>,
}

/// A graph and an engine.
pub(super) struct Place {
    pub(super) database: PgConnectOptions,
    pub(super) engine: Arc<dyn Engine>,
}

/// A creds.json. What is absent is as in the original.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creds {
    db_host: Option<String>,
    db_port: Option<Number>,
    db_database: Option<String>,
    db_username: Option<String>,
    db_password: Option<String>,
    db_use_ssl: Option<Flag>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Number(u16),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Flag {
    Flag(bool),
    Text(String),
}

impl PlaceArgs {
    /// Whether the engine is that of the state folder.
    pub(super) fn is_embedded(&self) -> bool {
        self.search_url.is_none() && variable("ES_URL").is_none()
    }

    /// The database's URL, if it was given.
    pub(super) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// The engine that is named, if one is.
    async fn server(&self) -> anyhow::Result<Option<Server>> {
        let settings = match (&self.search_url, variable("ES_URL")) {
            (Some(url), _) => Settings::read(url)?,
            (None, Some(host)) => original_settings(&host)?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Server::connect(settings).await?))
    }

    /// The database that is named, if one is.
    ///
    /// # Errors
    /// A file cannot be read, or a value is none.
    pub(super) fn database(&self) -> anyhow::Result<Option<PgConnectOptions>> {
        if let Some(url) = &self.database_url {
            // SQLAlchemy's spelling names the driver too.
            let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
            return Ok(Some(
                PgConnectOptions::from_str(&url).context("--database-url is not a PostgreSQL URL")?,
            ));
        }
        let creds = match self.creds.clone().or_else(|| found(CREDS)) {
            Some(file) => {
                let told = || format!("{} cannot be used", file.display());
                serde_json::from_str(&std::fs::read_to_string(&file).with_context(told)?)
                    .with_context(told)?
            }
            None if variable("DB_HOST").is_none() => return Ok(None),
            None => Creds::default(),
        };
        creds.options().map(Some)
    }

    /// Runs `work` with the graph and the engine, and puts everything back. The embedded engine must not be
    /// in use.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub(super) async fn with<T>(
        &self,
        state: &std::path::Path,
        work: impl AsyncFnOnce(Place) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let (server, database) = (self.server().await?, self.database()?);
        if let (Some(server), Some(database)) = (&server, &database) {
            let engine: Arc<dyn Engine> = Arc::new(server.clone());
            return work(Place { database: database.clone(), engine }).await;
        }
        let bench = Workbench::open(State::existing(state)?).await?;
        bench
            .with(async |bench: Arc<Workbench>| {
                let engine: Arc<dyn Engine> = match server {
                    Some(server) => Arc::new(server),
                    None => Arc::new(Embedded::open(bench.state.path(FOLDER))?),
                };
                let own = bench.pool(DatabaseName::Sheepdog)?;
                let database = database.unwrap_or_else(|| (*own.connect_options()).clone());
                work(Place { database, engine }).await
            })
            .await
    }
}

impl Creds {
    /// Variables count before the file.
    fn options(self) -> anyhow::Result<PgConnectOptions> {
        let text = |name: &str, file: Option<String>, default: &str| {
            variable(name).or(file).unwrap_or_else(|| default.to_owned())
        };
        let port = match (variable("DB_PORT"), self.db_port) {
            (Some(port), _) | (None, Some(Number::Text(port))) => port
                .trim()
                .parse()
                .with_context(|| format!("the port of the database is no number: {port}"))?,
            (None, Some(Number::Number(port))) => port,
            (None, None) => 5432,
        };
        let is_encrypted = match (variable("DB_USE_SSL"), self.db_use_ssl) {
            (Some(flag), _) | (None, Some(Flag::Text(flag))) => is_true(&flag),
            (None, Some(Flag::Flag(flag))) => flag,
            (None, None) => false,
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&text("DB_HOST", self.db_host, "localhost"))
            .port(port)
            .database(&text("DB_DATABASE", self.db_database, "sheepdog"))
            .username(&text("DB_USERNAME", self.db_username, "peregrine"));
        if let Some(password) = variable("DB_PASSWORD").or(self.db_password) {
            options = options.password(&password);
        }
        Ok(if is_encrypted { options.ssl_mode(PgSslMode::Require) } else { options })
    }
}

/// The variables by which the original finds its engine.
fn original_settings(host: &str) -> anyhow::Result<Settings> {
    let port = variable("ES_PORT").unwrap_or_else(|| "9200".to_owned());
    let is_encrypted = port == "443" || variable("ES_USE_SSL").is_some_and(|flag| is_true(&flag));
    let scheme = if is_encrypted { "https" } else { "http" };
    let host = host.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
    let mut settings = Settings::read(&format!("{scheme}://{host}:{port}"))?;
    match (variable("ES_AUTH_USERNAME"), variable("ES_AUTH_PASSWORD")) {
        (Some(user), Some(password)) => settings.identity = Identity::Basic { user, password },
        (None, None) => {}
        _ => bail!("ES_AUTH_USERNAME and ES_AUTH_PASSWORD are only of use together"),
    }
    Ok(settings)
}

/// A file where the original looks for it.
pub(super) fn found(name: &str) -> Option<PathBuf> {
    let own = variable("XDG_DATA_HOME").map(|folder| PathBuf::from(folder).join("gen3/tube"));
    let folders = own.into_iter().chain(FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_true(flag: &str) -> bool {
    ["true", "1", "yes", "on"].contains(&flag.trim().to_ascii_lowercase().as_str())
}
