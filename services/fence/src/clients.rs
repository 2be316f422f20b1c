//! OAuth clients, for programs beside the service.

use indexmap::IndexMap;
use sqlx::PgPool;

/// The identifiers of the clients of each name. A name has several after its secret was rotated.
///
/// # Errors
/// When the database fails.
pub async fn ids_by_name(pool: &PgPool) -> Result<IndexMap<String, Vec<String>>, sqlx::Error> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select name, array_agg(client_id::text order by client_id) from client group by name order by name",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().collect())
}
