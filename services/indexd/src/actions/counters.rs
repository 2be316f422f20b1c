//! The counters of records and bytes.

use std::sync::atomic::Ordering;

use sqlx::PgPool;

use crate::{
    Error, Indexd,
    document::Totals,
    store::stats::{self, Month},
};

/// So many changes of the counters wait, about, before they are folded. Reading adds them up.
const FOLD_AFTER: u32 = 1000;

impl Indexd {
    /// The counters at the end of a month, or of the current one.
    pub(crate) async fn totals(&self, month: Option<Month>) -> Result<Totals, Error> {
        stats::totals(&mut *self.pool.acquire().await?, month.unwrap_or_else(Month::current)).await
    }

    /// Notes that a write has changed the counters. Now and then it has the changes folded, while the request
    /// goes on.
    pub(super) fn counted(&self) {
        if self.changes.fetch_add(1, Ordering::Relaxed) % FOLD_AFTER == FOLD_AFTER - 1 {
            let pool = self.pool.clone();
            tokio::spawn(async move {
                if let Err(error) = fold(&pool).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the counters of the index could not be folded, and will be later");
                }
            });
        }
    }
}

async fn fold(pool: &PgPool) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    stats::fold(&mut transaction).await?;
    Ok(transaction.commit().await?)
}
