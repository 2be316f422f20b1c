//! The service itself: its limits and what it stands on.

use std::sync::Arc;

use sqlx::{PgPool, Postgres, Transaction, pool::PoolConnection};
use tokens::Verifier;
use tokio::sync::OnceCell;

use crate::Error;

/// Limits on what a request can ask of arborist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Largest body, in bytes.
    pub body_limit: usize,
    /// Most requests in one `POST /auth/request`.
    pub requests_limit: usize,
}

impl Default for Config {
    /// 16 MiB, enough for a tree of some hundred thousand resources, and 10,000 requests at once.
    fn default() -> Self {
        Self { body_limit: 16 * 1024 * 1024, requests_limit: 10_000 }
    }
}

/// The service.
pub struct Arborist {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) verifier: Arc<Verifier>,
    /// The longest label of a path, asked of the database once.
    pub(crate) label_limit: OnceCell<usize>,
}

impl std::fmt::Debug for Arborist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arborist").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Arborist {
    /// Makes a service on a database that [`migrate`](crate::migrate) has prepared. Tokens are accepted when
    /// `verifier` has their key, whoever issued them; a standalone arborist takes [`Verifier::remote`] on its
    /// `JWKS_ENDPOINT`.
    pub fn build(config: Config, pool: PgPool, verifier: Arc<Verifier>) -> Arc<Self> {
        Arc::new(Self { config, pool, verifier, label_limit: OnceCell::new() })
    }

    /// Takes a connection from the pool, for reading.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, Error> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a transaction, for writing; it is rolled back unless it is committed.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        Ok(self.pool.begin().await?)
    }
}
