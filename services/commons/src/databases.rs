//! The databases of a commons: their names, connecting to them, and where they are on one machine.

use std::{str::FromStr as _, sync::Arc};

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use database::Work;
use indexmap::IndexMap;
use postgres::{Durability, Options, Postgres, PostgresError};
use sqlx::{Connection as _, PgPool, postgres::PgConnectOptions};
use url::Url;

use crate::state::{Secrets, State};

/// In the place of a URL: the server of the state folder.
pub(crate) const PRIVATE: &str = "private";

/// Connections of one service. Five pools of these, those of the neighbours and a few tools must fit into
/// [`SERVER_CONNECTIONS`].
const POOL_CONNECTIONS: u32 = 20;
/// Connections of a service that few requests need.
const NEIGHBOUR_CONNECTIONS: u32 = 6;
const SERVER_CONNECTIONS: u16 = 170;
/// Connections of a migration or a command.
const TOOL_CONNECTIONS: u32 = 4;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatabaseName {
    /// Users, keys, sessions.
    Fence,
    /// Rights.
    Arborist,
    /// Files.
    Indexd,
    /// The graph (sheepdog and peregrine).
    Sheepdog,
    /// Logins and signed URLs.
    Audit,
    /// Requests for access.
    Requestor,
    /// Saved lists.
    Library,
    /// Refresh tokens for other commons.
    Wts,
    /// Documents by GUID.
    Metadata,
    /// Sets of the search service.
    Guppy,
    /// Runs of operations.
    Operations,
    /// Which workspaces there are.
    Workspace,
}

impl DatabaseName {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Fence,
        Self::Arborist,
        Self::Indexd,
        Self::Sheepdog,
        Self::Audit,
        Self::Requestor,
        Self::Library,
        Self::Wts,
        Self::Metadata,
        Self::Guppy,
        Self::Operations,
        Self::Workspace,
    ];

    /// The name on the server.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fence => "fence",
            Self::Arborist => "arborist",
            Self::Indexd => "indexd",
            Self::Sheepdog => "sheepdog",
            Self::Audit => "audit",
            Self::Requestor => "requestor",
            Self::Library => "library",
            Self::Wts => "wts",
            Self::Metadata => "metadata",
            Self::Guppy => "guppy",
            Self::Operations => "operations",
            Self::Workspace => "workspace",
        }
    }
}

/// Where the databases are.
#[derive(Debug)]
pub(crate) enum Databases {
    /// On our own server.
    Private(Postgres),
    /// On the server of this URL.
    Given(String),
}

impl Databases {
    /// Starts the private server, or checks the given one; either way all databases are there afterwards.
    ///
    /// # Errors
    /// When PostgreSQL is missing, does not start, or does not answer.
    pub(crate) async fn open(state: &State, secrets: &Secrets, given: Option<&str>) -> anyhow::Result<Self> {
        let names = DatabaseName::ALL.map(DatabaseName::as_str);
        if let Some(url) = given {
            let options =
                PgConnectOptions::from_str(url).context("--database-url is not a PostgreSQL URL")?;
            postgres::ensure_databases(&options, &names)
                .await
                .context("the given PostgreSQL cannot be used")?;
            return Ok(Self::Given(url.to_owned()));
        }
        let server = Postgres::start(Options {
            data: state.path("postgres"),
            log: state.path("postgres.log"),
            port: None,
            loopback: false,
            password: secrets.postgres_password.clone(),
            durability: Durability::Full,
            remove_afterwards: None,
            max_connections: SERVER_CONNECTIONS,
        })
        .await?;
        server.ensure_databases(&names).await?;
        Ok(Self::Private(server))
    }

    /// The connection URL of a database; it holds the password.
    pub(crate) fn url(&self, name: DatabaseName) -> anyhow::Result<String> {
        match self {
            Self::Private(server) => Ok(server.url(name.as_str())),
            Self::Given(url) => renamed(url, name.as_str()).context("--database-url is not a URL"),
        }
    }

    /// The connection URLs of all databases, by name.
    pub(crate) fn urls(&self) -> anyhow::Result<IndexMap<String, String>> {
        DatabaseName::ALL.into_iter().map(|name| Ok((name.as_str().to_owned(), self.url(name)?))).collect()
    }

    /// Returns when our own server has ended and does not start any more, and says why.
    pub(crate) async fn lost(&self) -> Arc<PostgresError> {
        match self {
            Self::Private(server) => server.lost().await,
            Self::Given(_) => std::future::pending().await,
        }
    }

    /// Stops the server if it is ours.
    pub(crate) async fn close(self) {
        if let Self::Private(server) = self {
            server.stop().await;
        }
    }
}

/// `url` with another database name.
pub(crate) fn renamed(url: &str, database: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_path(database);
    Some(url.into())
}

/// A pool for requests of a service, whose connections are made when they are needed.
///
/// # Errors
/// When `url` is not a PostgreSQL URL.
pub(crate) fn pool(url: &str, work: Work) -> anyhow::Result<PgPool> {
    Ok(pool_with(PgConnectOptions::from_str(url).context("not a PostgreSQL URL")?, work))
}

/// As [`pool`], for a service that few requests need.
///
/// # Errors
/// When `url` is not a PostgreSQL URL.
pub(crate) fn neighbour_pool(url: &str) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url).context("not a PostgreSQL URL")?;
    Ok(database::pool(options, Work::Small, NEIGHBOUR_CONNECTIONS))
}

/// As [`pool`].
pub(crate) fn pool_with(options: PgConnectOptions, work: Work) -> PgPool {
    database::pool(options, work, POOL_CONNECTIONS)
}

/// A pool for migrations and commands.
///
/// # Errors
/// When `url` is not a PostgreSQL URL.
pub(crate) fn tool_pool(url: &str) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url).context("not a PostgreSQL URL")?;
    Ok(database::pool(options, Work::Maintenance, TOOL_CONNECTIONS))
}

/// As [`tool_pool`], once it is known that the database answers: a pool alone would wait for a server that
/// starts.
///
/// # Errors
/// When `url` is not a PostgreSQL URL, or the database does not answer or refuses us.
pub(crate) async fn reached(url: &str) -> anyhow::Result<PgPool> {
    let pool = tool_pool(url)?;
    let options = pool.connect_options();
    let address = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let connected = async { database::connect(&options, Work::Maintenance).await?.close().await };
    match connected.await {
        Ok(()) => Ok(pool),
        Err(sqlx::Error::PoolTimedOut) => Err(anyhow!("the database at {address} does not answer")),
        Err(error) => Err(anyhow!(error).context(format!("the database at {address} cannot be used"))),
    }
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let url = renamed("postgres://u:p@127.0.0.1:5432/fence?sslmode=disable", "indexd");
        assert_eq!(url.as_deref(), Some("postgres://u:p@127.0.0.1:5432/indexd?sslmode=disable"));
        let url = renamed("postgres://u:p@localhost:12345/fence?host=/home/ada/state/postgres", "indexd");
        assert_eq!(
            url.as_deref(),
            Some("postgres://u:p@localhost:12345/indexd?host=/home/ada/state/postgres")
        );
    }
}
