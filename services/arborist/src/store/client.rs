//! OAuth clients and their policies.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::model::{Client, Label};

/// Loads all clients, or the one named.
pub(crate) async fn load(
    connection: &mut PgConnection,
    only: Option<&str>,
) -> Result<Vec<Client>, sqlx::Error> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select client.external_client_id,
            array(
                select policy.name from client_policy join policy on policy.id = client_policy.policy_id
                where client_policy.client_id = client.id order by policy.name
            )
         from client
         where $1::text is null or client.external_client_id = $1
         order by client.external_client_id",
    )
    .bind(only)
    .fetch_all(connection)
    .await?;
    let client = |(client_id, policies)| Client { client_id, policies: Some(policies) };
    Ok(rows.into_iter().map(client).collect())
}

/// Returns the row ids of all clients, by identifier.
pub(crate) async fn row_ids(connection: &mut PgConnection) -> Result<HashMap<String, i32>, sqlx::Error> {
    let rows: Vec<(String, i32)> =
        sqlx::query_as("select external_client_id, id from client").fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Creates clients that do not exist yet; returns the identifiers of those that were created.
pub(crate) async fn insert(connection: &mut PgConnection, ids: &[&str]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into client (external_client_id) select id from unnest($1::text[]) as new(id)
         on conflict do nothing returning external_client_id",
    )
    .bind(ids)
    .fetch_all(connection)
    .await
}

/// Grants policies to a client; a grant that is there already stays as it is.
pub(crate) async fn grant(
    connection: &mut PgConnection,
    id: &str,
    policies: &[&str],
    label: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into client_policy (client_id, policy_id, authz_provider)
         select client.id, policy.id, $3 from client, policy
         where client.external_client_id = $1 and policy.name = any($2)
         on conflict do nothing",
    )
    .bind(id)
    .bind(policies)
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes a client; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from client where external_client_id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Deletes clients; those that do not exist are fine.
pub(crate) async fn delete_all(connection: &mut PgConnection, ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from client where external_client_id = any($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}
