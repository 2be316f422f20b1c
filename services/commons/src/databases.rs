//! The databases of a commons: their names, connecting to them, and where they are on one machine.

use std::{str::FromStr as _, time::Duration};

use anyhow::Context as _;
use clap::ValueEnum;
use indexmap::IndexMap;
use postgres::{Durability, Options, Postgres};
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use url::Url;

use crate::state::{Secrets, State};

/// Connections of one service. Five pools and a few tools must fit into [`SERVER_CONNECTIONS`].
const POOL_CONNECTIONS: u32 = 20;
const SERVER_CONNECTIONS: u16 = 150;
/// A connection that has not been used for this long is tried first.
const RESTED: Duration = Duration::from_millis(500);
/// A request waits this long for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

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
}

impl DatabaseName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fence, Self::Arborist, Self::Indexd, Self::Sheepdog];

    /// The name on the server.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fence => "fence",
            Self::Arborist => "arborist",
            Self::Indexd => "indexd",
            Self::Sheepdog => "sheepdog",
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

/// A pool of connections that are made when they are needed.
///
/// # Errors
/// When `url` is not a PostgreSQL URL.
pub(crate) fn pool(url: &str) -> anyhow::Result<PgPool> {
    Ok(pool_with(PgConnectOptions::from_str(url).context("not a PostgreSQL URL")?))
}

/// A pool of connections that are made when they are needed.
///
/// A connection that has rested is tested before it is used, so that no request fails after a restart of the
/// database. One that was in use a moment ago is not tested, which saves a round trip.
pub(crate) fn pool_with(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(POOL_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.application_name("commons"))
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let url = renamed("postgres://u:p@127.0.0.1:5432/fence?sslmode=disable", "indexd");
        assert_eq!(url.as_deref(), Some("postgres://u:p@127.0.0.1:5432/indexd?sslmode=disable"));
    }
}
