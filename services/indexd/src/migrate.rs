//! Making the tables, or adopting those of the original.

use sqlx::PgPool;

use crate::{
    Error,
    store::{schema, stats},
};

/// Creates what is missing: tables, columns, indexes, and the counters of a database that has records but no
/// `stats` yet. It can be called at every start and by several processes at once.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn migrate(pool: &PgPool) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    schema::lock(&mut transaction).await?;
    let had_stats = schema::has_stats(&mut transaction).await?;
    schema::create(&mut transaction).await?;
    if !had_stats {
        stats::reconcile(&mut transaction).await?;
    }
    let single_table_only = schema::has_single_table_only(&mut transaction).await?;
    transaction.commit().await?;
    if single_table_only {
        tracing::warn!(
            "the index has records in the single-table layout only (table `record`), which is not served"
        );
    }
    Ok(())
}
