//! Users and what they were granted directly.
//!
//! Reading finds a user in any letter case; writing wants the exact name. A grant in another case therefore finds
//! the user, answers well, and changes nothing (arborist 2026-09).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{ANONYMOUS, LOGGED_IN, policy};
use crate::{
    Error,
    model::{GrantedPolicy, User, UserChange},
};

type Row = (String, Option<String>, Vec<String>, Vec<String>, Vec<Option<DateTime<Utc>>>);

fn user((name, email, groups, policies, expiries): Row) -> User {
    let granted = policies.into_iter().zip(expiries);
    let policies = granted.map(|(policy, expires_at)| GrantedPolicy { policy, expires_at }).collect();
    let email = email.filter(|email| !email.is_empty());
    User { name, email, groups: Some(groups), policies: Some(policies) }
}

/// All users with their groups and the policies that were granted to themselves.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<User>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select usr.name, usr.email,
            array(
                select grp.name from usr_grp join grp on grp.id = usr_grp.grp_id
                where usr_grp.usr_id = usr.id order by grp.name
            ),
            coalesce(granted.policies, '{}'), coalesce(granted.expiries, '{}')
         from usr left join lateral (
            select array_agg(policy.name order by policy.name) as policies,
                array_agg(usr_policy.expires_at order by policy.name) as expiries
            from usr_policy join policy on policy.id = usr_policy.policy_id
            where usr_policy.usr_id = usr.id
         ) as granted on true
         order by usr.name",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(user).collect())
}

/// One user, in any letter case, with all groups and policies that concern the user, expired ones included.
pub(crate) async fn find(conn: &mut PgConnection, name: &str) -> Result<Option<User>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select usr.name, usr.email,
            array(
                select grp.name from usr_grp join grp on grp.id = usr_grp.grp_id where usr_grp.usr_id = usr.id
                union select name from grp where name = any($2)
                order by 1
            ),
            coalesce(granted.policies, '{}'), coalesce(granted.expiries, '{}')
         from usr left join lateral (
            select array_agg(policy.name order by policy.name, concerning.expires_at) as policies,
                array_agg(concerning.expires_at order by policy.name, concerning.expires_at) as expiries
            from (
                select policy_id, expires_at from usr_policy where usr_id = usr.id
                union
                select grp_policy.policy_id, usr_grp.expires_at
                from usr_grp join grp_policy on grp_policy.grp_id = usr_grp.grp_id where usr_grp.usr_id = usr.id
                union
                select grp_policy.policy_id, null
                from grp join grp_policy on grp_policy.grp_id = grp.id where grp.name = any($2)
            ) as concerning join policy on policy.id = concerning.policy_id
         ) as granted on true
         where lower(usr.name) = lower($1)
         order by usr.name = $1 desc, usr.id limit 1",
    )
    .bind(name)
    .bind([ANONYMOUS, LOGGED_IN].as_slice())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(user))
}

/// Whether there is a user of that name in any letter case.
pub(crate) async fn exists(conn: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from usr where lower(name) = lower($1))")
        .bind(name)
        .fetch_one(conn)
        .await
}

/// Creates a user.
pub(crate) async fn create(conn: &mut PgConnection, user: &User) -> Result<(), Error> {
    let created = sqlx::query("insert into usr (name, email) values ($1, $2) on conflict (name) do nothing")
        .bind(&user.name)
        .bind(&user.email)
        .execute(conn)
        .await?;
    match created.rows_affected() {
        0 => Err(Error::Conflict(format!(
            "failed to insert user: user with this name already exists: {}",
            user.name
        ))),
        _ => Ok(()),
    }
}

/// Changes name or e-mail address of the user of exactly that name.
pub(crate) async fn change(conn: &mut PgConnection, name: &str, change: &UserChange) -> Result<(), Error> {
    let changed =
        sqlx::query("update usr set name = coalesce($2, name), email = coalesce($3, email) where name = $1")
            .bind(name)
            .bind(&change.name)
            .bind(&change.email)
            .execute(conn)
            .await
            .map_err(|error| match Error::from(error) {
                Error::Conflict(_) => {
                    Error::Conflict("failed to update user: a user with this name already exists".into())
                }
                other => other,
            })?;
    match changed.rows_affected() {
        0 => Err(Error::NotFound(format!("failed to update user: user does not exist: {name}"))),
        _ => Ok(()),
    }
}

/// Deletes the user of exactly that name; one that does not exist is fine.
pub(crate) async fn delete(conn: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from usr where name = $1").bind(name).execute(conn).await?;
    Ok(())
}

/// Grants policies to a user. An existing grant gets the new expiry and keeps its label.
///
/// Each grant stands for itself: those that can be made are made, and the error is that of the first that cannot.
pub(crate) async fn grant(
    conn: &mut PgConnection,
    name: &str,
    grants: &[GrantedPolicy],
    provider: Option<&str>,
) -> Result<Option<Error>, Error> {
    if grants.is_empty() {
        return Ok(None);
    }
    if !exists(conn, name).await? {
        let text = format!("failed to grant policy to user: user does not exist: {name}");
        return Ok(Some(Error::NotFound(text)));
    }
    let names: Vec<&str> = grants.iter().map(|grant| grant.policy.as_str()).collect();
    let known = policy::existing(conn, &names).await?;
    // Of two grants of one policy the last counts.
    let distinct: indexmap::IndexMap<&str, Option<DateTime<Utc>>> =
        grants.iter().map(|grant| (grant.policy.as_str(), grant.expires_at)).collect();
    let (policies, expiries): (Vec<_>, Vec<_>) = distinct.into_iter().unzip();
    sqlx::query(
        "insert into usr_policy (usr_id, policy_id, expires_at, authz_provider)
         select usr.id, policy.id, new.expires_at, $4
         from unnest($2::text[], $3::timestamptz[]) as new(policy, expires_at)
         join policy on policy.name = new.policy join usr on usr.name = $1
         on conflict (usr_id, policy_id) do update set expires_at = excluded.expires_at",
    )
    .bind(name)
    .bind(policies)
    .bind(expiries)
    .bind(provider)
    .execute(conn)
    .await?;
    let missing = grants.iter().find(|grant| !known.contains(&grant.policy));
    Ok(missing.map(|grant| {
        Error::BadRequest(format!("failed to grant policy to user: policy does not exist: {}", grant.policy))
    }))
}

/// Whether the policy was granted directly to the user (in any letter case), and under which label.
pub(crate) async fn provider_of_grant(
    conn: &mut PgConnection,
    name: &str,
    policy: &str,
) -> Result<Option<Option<String>>, sqlx::Error> {
    sqlx::query_scalar(
        "select usr_policy.authz_provider
         from usr_policy join usr on usr.id = usr_policy.usr_id join policy on policy.id = usr_policy.policy_id
         where lower(usr.name) = lower($1) and policy.name = $2
         order by usr.name = $1 desc limit 1",
    )
    .bind(name)
    .bind(policy)
    .fetch_optional(conn)
    .await
}

/// Revokes direct grants of the user of exactly that name: all, or that of one policy; with a provider only those
/// under its label.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    name: &str,
    policy: Option<&str>,
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from usr_policy using usr, policy
         where usr.id = usr_policy.usr_id and policy.id = usr_policy.policy_id and usr.name = $1
           and ($2::text is null or policy.name = $2)
           and ($3::text is null or usr_policy.authz_provider = $3)",
    )
    .bind(name)
    .bind(policy)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}
