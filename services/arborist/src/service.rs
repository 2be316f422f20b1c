//! The service itself: its limits and what it stands on.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use prometheus_client::registry::Registry;
use sqlx::{PgConnection, PgPool, Postgres, Transaction, pool::PoolConnection};
use tokens::Verifier;
use tokio::sync::OnceCell;

use crate::{
    Error,
    counting::Counts,
    index::{Following, Live, Mappings, follow},
};

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
    /// The decisions in memory.
    pub(crate) live: Arc<Live>,
    pub(crate) mappings: Mappings,
    pub(crate) counts: Counts,
    /// Held for as long as the service is there.
    _following: Following,
}

impl std::fmt::Debug for Arborist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arborist").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Arborist {
    /// Makes a service on a database that [`migrate`](crate::migrate) has prepared. Tokens are accepted when
    /// `verifier` has their key, whoever issued them; a standalone arborist takes [`Verifier::remote`] on its
    /// `JWKS_ENDPOINT`. Needs a runtime, in which it follows what changes in the database.
    pub fn build(config: Config, pool: PgPool, verifier: Arc<Verifier>) -> Arc<Self> {
        let live = Live::new();
        let following = follow(live.clone(), pool.clone());
        Arc::new(Self {
            config,
            pool,
            verifier,
            label_limit: OnceCell::new(),
            live,
            mappings: Mappings::default(),
            counts: Counts::default(),
            _following: following,
        })
    }

    /// Shows how many decisions there were, and with what end.
    pub fn register_counts(&self, registry: &mut Registry) {
        self.counts.register(registry);
    }

    /// Takes a connection from the pool, for reading.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, Error> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a transaction, for writing; it is rolled back unless it is committed.
    pub(crate) async fn begin(&self) -> Result<Writing, Error> {
        let transaction = self.pool.begin().await?;
        Ok(Writing { transaction: Some(transaction), live: self.live.clone() })
    }
}

/// A transaction that writes. When it has ended, in whichever way, no decision is made in memory before the
/// index has been compared with the tables: who has written sees what was written.
pub(crate) struct Writing {
    /// None after the commit only.
    transaction: Option<Transaction<'static, Postgres>>,
    live: Arc<Live>,
}

impl Writing {
    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        match self.transaction.take() {
            Some(transaction) => transaction.commit().await,
            None => Ok(()),
        }
    }
}

impl Deref for Writing {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.transaction.as_ref().expect("invariant: commit consumes the value")
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.transaction.as_mut().expect("invariant: commit consumes the value")
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.live.doubt();
    }
}
