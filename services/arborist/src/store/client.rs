//! OAuth clients and their policies.

use sqlx::PgConnection;

use super::policy;
use crate::{Error, model::Client};

/// All clients, or the one named.
pub(crate) async fn load(conn: &mut PgConnection, only: Option<&str>) -> Result<Vec<Client>, sqlx::Error> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select client.external_client_id,
            array(
                select policy.name from client_policy join policy on policy.id = client_policy.policy_id
                where client_policy.client_id = client.id order by policy.name
            )
         from client where $1::text is null or client.external_client_id = $1 order by client.external_client_id",
    )
    .bind(only)
    .fetch_all(conn)
    .await?;
    let client = |(client_id, policies)| Client { client_id, policies: Some(policies) };
    Ok(rows.into_iter().map(client).collect())
}

/// Creates a client with its policies.
pub(crate) async fn create(
    conn: &mut PgConnection,
    client: &Client,
    provider: Option<&str>,
) -> Result<(), Error> {
    let policies: Vec<&str> = client.policies.iter().flatten().map(String::as_str).collect();
    let known = policy::existing(conn, &policies).await?;
    let missing: Vec<&str> = policies.iter().copied().filter(|policy| !known.contains(*policy)).collect();
    if !missing.is_empty() {
        let text = format!("failed to grant policy to client: policies do not exist: {}", missing.join(", "));
        return Err(Error::NotFound(text));
    }
    let created = sqlx::query("insert into client (external_client_id) values ($1) on conflict do nothing")
        .bind(&client.client_id)
        .execute(&mut *conn)
        .await?;
    if created.rows_affected() == 0 {
        let text =
            format!("failed to insert client: client with this ID already exists: {}", client.client_id);
        return Err(Error::Conflict(text));
    }
    Ok(grant(conn, &client.client_id, &policies, provider).await?)
}

async fn grant(
    conn: &mut PgConnection,
    id: &str,
    policies: &[&str],
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into client_policy (client_id, policy_id, authz_provider)
         select client.id, policy.id, $3 from client, policy
         where client.external_client_id = $1 and policy.name = any($2)
         on conflict do nothing",
    )
    .bind(id)
    .bind(policies)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}

/// Grants one policy to a client.
pub(crate) async fn grant_one(
    conn: &mut PgConnection,
    id: &str,
    policy_name: &str,
    provider: Option<&str>,
) -> Result<(), Error> {
    if load(conn, Some(id)).await?.is_empty() {
        return Err(Error::NotFound(format!(
            "failed to grant policy to client: client does not exist: {id}"
        )));
    }
    if policy::existing(conn, &[policy_name]).await?.is_empty() {
        let text = format!("failed to grant policy to client: policy does not exist: {policy_name}");
        return Err(Error::NotFound(text));
    }
    Ok(grant(conn, id, &[policy_name], provider).await?)
}

/// Revokes one policy of a client, or all; with a provider only those under its label.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    id: &str,
    policy: Option<&str>,
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from client_policy using client, policy
         where client.id = client_id and policy.id = policy_id and client.external_client_id = $1
           and ($2::text is null or policy.name = $2)
           and ($3::text is null or client_policy.authz_provider = $3)",
    )
    .bind(id)
    .bind(policy)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a client; one that does not exist is fine.
pub(crate) async fn delete(conn: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from client where external_client_id = $1").bind(id).execute(conn).await?;
    Ok(())
}
