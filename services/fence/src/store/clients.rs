//! Table `client`: registered OAuth clients.

use sqlx::PgConnection;

/// `client_metadata` of every client: JSON texts with, among others, `redirect_uris`.
pub(crate) async fn metadata(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select client_metadata from client where client_metadata is not null")
        .fetch_all(connection)
        .await
}
