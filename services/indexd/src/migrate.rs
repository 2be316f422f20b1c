//! Making the tables, or adopting those of the original.

use sqlx::PgPool;

use crate::{
    Error,
    layout::Layout,
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
    if had_stats {
        stats::fold(&mut transaction).await?;
    } else {
        stats::reconcile(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The layout that the records of a database are in: what `setting` says ([`Config::layout`]), or what the
/// database shows.
///
/// [`Config::layout`]: crate::Config::layout
///
/// # Errors
/// When both layouts have records and nothing says which of them count, or the database fails.
pub async fn layout(pool: &PgPool, setting: Option<Layout>) -> Result<Layout, Error> {
    Layout::recognised(&mut *pool.acquire().await?, setting).await
}
