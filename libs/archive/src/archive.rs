//! The archive itself, and what it is built from.

use std::{collections::HashMap, sync::Arc};

use authz::Authz;
use indexclient::IndexClient;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    catalogue::Copy,
    config::{Tier, Tiers},
    counts::Counts,
    depot::Depot,
    fault::Fault,
    store::{
        copies,
        items::{self, Row},
        sets,
    },
};

/// What the archive is built from.
pub struct Parts {
    /// The database of operations, which [`migrate`](crate::migrate) has prepared.
    pub pool: PgPool,
    /// The file index.
    pub index: Arc<dyn IndexClient>,
    /// arborist.
    pub authz: Arc<dyn Authz>,
    /// Where archived files are kept.
    pub tiers: Tiers,
    /// Where objects are read and written.
    pub depot: Depot,
}

/// The archive of a commons.
pub struct Archive {
    pub(crate) pool: PgPool,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) tiers: Tiers,
    pub(crate) depot: Depot,
    pub(crate) counts: Counts,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("tiers", &self.tiers.names()).finish_non_exhaustive()
    }
}

/// What there is of one tier in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The tier.
    pub tier: String,
    /// Where its copies stand.
    pub state: String,
    /// Files.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
    /// How many of them are damaged, as far as is known.
    pub damaged: i64,
}

impl Archive {
    /// An archive of these.
    pub fn build(parts: Parts) -> Arc<Self> {
        let Parts { pool, index, authz, tiers, depot } = parts;
        Arc::new(Self { pool, index, authz, tiers, depot, counts: Counts::default() })
    }

    /// The tiers that there are.
    pub fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    /// Shows its figures.
    pub fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        self.counts.register(registry);
    }

    /// What it has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn totals(&self) -> Result<Vec<Total>, sqlx::Error> {
        let totals = copies::totals(&mut *self.pool.acquire().await?).await?;
        let told = |(tier, state, files, bytes, damaged)| Total { tier, state, files, bytes, damaged };
        Ok(totals.into_iter().map(told).collect())
    }

    /// The tiers as users see them.
    pub fn described(&self) -> Value {
        let default = self.tiers.get(None).map(|tier| tier.name.clone());
        let one = |tier: &Tier| {
            json!({
                "name": tier.name,
                "storage_class": tier.told_class(),
                "packed": tier.config.mode == crate::config::Mode::Packed,
                "grace_days": tier.config.grace_days,
                "default": default.as_ref() == Some(&tier.name),
            })
        };
        Value::Array(self.tiers.iter().map(one).collect())
    }

    /// Files of a run after the one numbered `after`, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn report(&self, run: Uuid, after: i64, most: u32) -> Result<Vec<Row>, sqlx::Error> {
        items::rows(&mut *self.pool.acquire().await?, run, after, most.into()).await
    }

    /// Keeps a list of files that is too long for the parameters of a run.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn keep_list(&self, id: &str, guids: &[String]) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        sets::keep(&mut transaction, id, guids).await?;
        transaction.commit().await
    }

    pub(crate) async fn copies_of(&self, guids: &[String]) -> Result<HashMap<String, Copy>, sqlx::Error> {
        let found = copies::of(&mut *self.pool.acquire().await?, guids).await?;
        Ok(found.into_iter().map(|copy| (copy.guid.clone(), copy)).collect())
    }

    pub(crate) fn tier(&self, name: Option<&str>) -> Result<&Tier, Fault> {
        self.tiers.get(name).ok_or_else(|| {
            let names = self.tiers.names().join(", ");
            Fault::user(format!("tier: there is no {:?}; there are: {names}", name.unwrap_or_default()))
        })
    }

    /// Free bytes of a tier.
    pub(crate) async fn room(&self, tier: &Tier) -> Result<Option<u64>, Fault> {
        let used = match tier.capacity() {
            Some(_) => copies::used(&mut *self.pool.acquire().await?, &tier.name).await?.unsigned_abs(),
            None => 0,
        };
        let told = |error: std::io::Error| Fault::System(format!("the tier {}: {error}", tier.name));
        self.depot.room(tier, used).map_err(told)
    }
}
