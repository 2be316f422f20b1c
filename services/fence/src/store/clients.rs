//! Table `client`: registered OAuth clients.

use sqlx::PgConnection;

/// `client_metadata` of every client: JSON with, among others, `redirect_uris`.
pub(crate) async fn metadata(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select client_metadata from client where client_metadata is not null")
        .fetch_all(connection)
        .await
}

/// Names with the identifiers of their clients, in order.
pub(crate) async fn ids_by_name(
    connection: &mut PgConnection,
) -> Result<Vec<(String, Vec<String>)>, sqlx::Error> {
    sqlx::query_as(
        "select name, array_agg(client_id::text order by client_id) from client group by name order by name",
    )
    .fetch_all(connection)
    .await
}
