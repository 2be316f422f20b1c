//! Table `client`: registered OAuth clients.

use sqlx::{FromRow, PgConnection};

/// A client as it is stored.
#[derive(Clone, FromRow)]
pub(crate) struct ClientRow {
    pub(crate) client_id: String,
    /// A bcrypt hash.
    pub(crate) client_secret: Option<String>,
    /// JSON: scopes, addresses, grants.
    pub(crate) client_metadata: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) auto_approve: Option<bool>,
    pub(crate) is_confidential: Option<bool>,
    pub(crate) client_id_issued_at: i32,
    /// Seconds since the epoch; 0 is never.
    pub(crate) expires_at: i32,
}

/// The statement that reads clients, with the rest of it from `where` on.
macro_rules! select_client {
    ($rest:literal) => {
        concat!(
            "select client_id, client_secret, client_metadata, name, description, auto_approve,
                    is_confidential, client_id_issued_at, expires_at from client ",
            $rest
        )
    };
}

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

/// The client of this identifier.
pub(crate) async fn by_id(connection: &mut PgConnection, id: &str) -> Result<Option<ClientRow>, sqlx::Error> {
    sqlx::query_as(select_client!("where client_id = $1")).bind(id).fetch_optional(connection).await
}

/// The clients of this name, the oldest first: one for each pair of identifier and secret that was made.
pub(crate) async fn by_name(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<ClientRow>, sqlx::Error> {
    sqlx::query_as(select_client!("where name = $1 order by client_id_issued_at, client_id for update"))
        .bind(name)
        .fetch_all(connection)
        .await
}

/// All clients, by name.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<ClientRow>, sqlx::Error> {
    sqlx::query_as(select_client!("order by name, client_id_issued_at, client_id"))
        .fetch_all(connection)
        .await
}

/// Lets one at a time make clients, so that a name is taken once.
pub(crate) async fn lock_names(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("lock table client in share row exclusive mode").execute(connection).await.map(drop)
}

/// Adds a client that belongs to `owner`.
pub(crate) async fn add(
    connection: &mut PgConnection,
    client: &ClientRow,
    owner: Option<i32>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into client (client_id, client_secret, client_metadata, name, description, auto_approve,
                             is_confidential, client_id_issued_at, expires_at, user_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&client.client_id)
    .bind(&client.client_secret)
    .bind(&client.client_metadata)
    .bind(&client.name)
    .bind(&client.description)
    .bind(client.auto_approve)
    .bind(client.is_confidential)
    .bind(client.client_id_issued_at)
    .bind(client.expires_at)
    .bind(owner)
    .execute(connection)
    .await
    .map(drop)
}

/// To whom a client belongs.
pub(crate) async fn owner(connection: &mut PgConnection, id: &str) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar("select user_id from client where client_id = $1").bind(id).fetch_one(connection).await
}

/// Writes what can change of a client.
pub(crate) async fn change(connection: &mut PgConnection, client: &ClientRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update client
         set client_metadata = $2, name = $3, description = $4, auto_approve = $5, expires_at = $6
         where client_id = $1",
    )
    .bind(&client.client_id)
    .bind(&client.client_metadata)
    .bind(&client.name)
    .bind(&client.description)
    .bind(client.auto_approve)
    .bind(client.expires_at)
    .execute(connection)
    .await
    .map(drop)
}

/// Removes clients with the codes that they have not redeemed.
pub(crate) async fn remove(connection: &mut PgConnection, ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from authorization_code where client_id = any($1)")
        .bind(ids)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from client where client_id = any($1)").bind(ids).execute(connection).await.map(drop)
}
