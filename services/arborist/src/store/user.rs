//! Users and what they were granted directly.
//!
//! Reading finds a user in any letter case; writing wants the exact name.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use sqlx::PgConnection;

use crate::model::{ANONYMOUS, GrantedPolicy, LOGGED_IN, Label, NewUser, PolicyName, User, UserChange};

type Row = (String, Option<String>, Vec<String>, Vec<String>, Vec<Option<DateTime<Utc>>>);

fn user((name, email, groups, policies, expiries): Row) -> User {
    let granted = policies.into_iter().zip(expiries);
    let policies = granted.map(|(policy, expires_at)| GrantedPolicy { policy, expires_at }).collect();
    let email = email.filter(|email| !email.is_empty());
    User { name, email, groups: Some(groups), policies: Some(policies) }
}

/// Loads all users with their groups and the policies that were granted to themselves.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<User>, sqlx::Error> {
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
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(user).collect())
}

/// Loads one user, in any letter case, with all groups and policies that concern the user, even expired ones.
pub(crate) async fn find(connection: &mut PgConnection, name: &str) -> Result<Option<User>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select usr.name, usr.email,
            array(
                select grp.name from usr_grp join grp on grp.id = usr_grp.grp_id
                where usr_grp.usr_id = usr.id
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
                from usr_grp join grp_policy on grp_policy.grp_id = usr_grp.grp_id
                where usr_grp.usr_id = usr.id
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
    .fetch_optional(connection)
    .await?;
    Ok(row.map(user))
}

/// Returns whether there is a user of that name in any letter case.
pub(crate) async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from usr where lower(name) = lower($1))")
        .bind(name)
        .fetch_one(connection)
        .await
}

/// Returns which of `names` exist in exactly this spelling.
pub(crate) async fn existing(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar("select name from usr where name = any($1)")
        .bind(names)
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Returns the row ids of those of `names` that exist. Where no name is exactly the same, the oldest that
/// differs in case alone counts.
pub(crate) async fn row_ids(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<HashMap<String, i32>, sqlx::Error> {
    let rows: Vec<(String, i32)> = sqlx::query_as(
        "select distinct on (wanted.name) wanted.name, usr.id
         from unnest($1::text[]) as wanted(name) join usr on lower(usr.name) = lower(wanted.name)
         order by wanted.name, usr.name = wanted.name desc, usr.id",
    )
    .bind(names)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Creates a user unless one of exactly that name exists; returns whether it did.
pub(crate) async fn insert(connection: &mut PgConnection, user: &NewUser) -> Result<bool, sqlx::Error> {
    let created = sqlx::query("insert into usr (name, email) values ($1, $2) on conflict (name) do nothing")
        .bind(&user.name)
        .bind(&user.email)
        .execute(connection)
        .await?;
    Ok(created.rows_affected() > 0)
}

/// Creates the users of `names` who do not exist in any letter case; returns their names.
pub(crate) async fn insert_missing(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into usr (name)
         select distinct on (lower(wanted.name)) wanted.name
         from unnest($1::text[]) with ordinality as wanted(name, place)
         where not exists (select 1 from usr where lower(usr.name) = lower(wanted.name))
         order by lower(wanted.name), wanted.place
         on conflict (name) do nothing returning name",
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// Changes name or e-mail address of the user of exactly that name; returns whether there is one.
pub(crate) async fn update(
    connection: &mut PgConnection,
    name: &str,
    change: &UserChange,
) -> Result<bool, sqlx::Error> {
    let changed =
        sqlx::query("update usr set name = coalesce($2, name), email = coalesce($3, email) where name = $1")
            .bind(name)
            .bind(&change.name)
            .bind(&change.email)
            .execute(connection)
            .await?;
    Ok(changed.rows_affected() > 0)
}

/// Deletes the user of exactly that name; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from usr where name = $1").bind(name).execute(connection).await?;
    Ok(())
}

/// Deletes the users of this name, in any letter case, with all that they hold.
pub(crate) async fn delete_in_any_case(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from usr where lower(name) = lower($1)").bind(name).execute(connection).await?;
    Ok(())
}

/// Deletes the users without policies and groups of their own; returns their names.
pub(crate) async fn delete_idle(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "delete from usr
         where not exists (select 1 from usr_policy where usr_policy.usr_id = usr.id)
           and not exists (select 1 from usr_grp where usr_grp.usr_id = usr.id)
         returning name",
    )
    .fetch_all(connection)
    .await
}

/// Grants policies to the user of exactly that name. A grant that exists gets the new expiry, not the label.
pub(crate) async fn grant(
    connection: &mut PgConnection,
    name: &str,
    grants: &[GrantedPolicy],
    label: &Label,
) -> Result<(), sqlx::Error> {
    // Of two grants of one policy the last counts.
    let distinct: IndexMap<&str, Option<DateTime<Utc>>> =
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
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the label under which a policy was granted directly to the user (in any letter case), if it was.
pub(crate) async fn label_of_grant(
    connection: &mut PgConnection,
    name: &str,
    policy: &PolicyName,
) -> Result<Option<Label>, sqlx::Error> {
    let label: Option<Option<String>> = sqlx::query_scalar(
        "select usr_policy.authz_provider
         from usr_policy
         join usr on usr.id = usr_policy.usr_id
         join policy on policy.id = usr_policy.policy_id
         where lower(usr.name) = lower($1) and policy.name = $2
         order by usr.name = $1 desc limit 1",
    )
    .bind(name)
    .bind(&policy.0)
    .fetch_optional(connection)
    .await?;
    Ok(label.map(Label))
}
