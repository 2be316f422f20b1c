//! Groups, their members and policies.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::model::{ANONYMOUS, Group, LOGGED_IN, Label, NewMember};

/// Loads all groups, or the one named. Names of members are in small letters.
pub(crate) async fn load(
    connection: &mut PgConnection,
    only: Option<&str>,
) -> Result<Vec<Group>, sqlx::Error> {
    let rows: Vec<(String, Vec<String>, Vec<String>)> = sqlx::query_as(
        "select grp.name,
            array(
                select distinct lower(usr.name) from usr_grp join usr on usr.id = usr_grp.usr_id
                where usr_grp.grp_id = grp.id order by 1
            ),
            array(
                select policy.name from grp_policy join policy on policy.id = grp_policy.policy_id
                where grp_policy.grp_id = grp.id order by policy.name
            )
         from grp
         where $1::text is null or grp.name = $1
         order by grp.name",
    )
    .bind(only)
    .fetch_all(connection)
    .await?;
    let group = |(name, users, policies)| Group { name, users: Some(users), policies: Some(policies) };
    Ok(rows.into_iter().map(group).collect())
}

pub(crate) async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from grp where name = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
}

/// Returns the row ids of all groups, by name.
pub(crate) async fn row_ids(connection: &mut PgConnection) -> Result<HashMap<String, i32>, sqlx::Error> {
    let rows: Vec<(String, i32)> = sqlx::query_as("select name, id from grp").fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Creates groups that do not exist yet; returns the names of those that were created.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into grp (name) select name from unnest($1::text[]) as new(name) order by name
         on conflict (name) do nothing returning name",
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// Deletes a group; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from grp where name = $1").bind(name).execute(connection).await?;
    Ok(())
}

/// Deletes all groups but those named and the built-in ones; returns their names.
pub(crate) async fn delete_others(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("delete from grp where name <> all($1) and name <> all($2) returning name")
        .bind(names)
        .bind([ANONYMOUS, LOGGED_IN].as_slice())
        .fetch_all(connection)
        .await
}

/// Adds members for good; a membership that is there already, under whatever label, stays as it is.
pub(crate) async fn add_members(
    connection: &mut PgConnection,
    name: &str,
    users: &[&str],
    label: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into usr_grp (usr_id, grp_id, authz_provider)
         select usr.id, grp.id, $3 from usr, grp where usr.name = any($1) and grp.name = $2
         on conflict do nothing",
    )
    .bind(users)
    .bind(name)
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a member until the time of `member`; an existing membership gets that time and keeps its label.
pub(crate) async fn add_member(
    connection: &mut PgConnection,
    name: &str,
    member: &NewMember,
    label: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into usr_grp (usr_id, grp_id, expires_at, authz_provider)
         select usr.id, grp.id, $3, $4 from usr, grp where usr.name = $1 and grp.name = $2
         on conflict (usr_id, grp_id) do update set expires_at = excluded.expires_at",
    )
    .bind(&member.username)
    .bind(name)
    .bind(member.expires_at)
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes all members, those under `label` alone if there is one.
pub(crate) async fn remove_members(
    connection: &mut PgConnection,
    name: &str,
    label: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from usr_grp using grp
         where grp.id = usr_grp.grp_id and grp.name = $1
           and ($2::text is null or usr_grp.authz_provider = $2)",
    )
    .bind(name)
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Grants policies to a group; a grant that is there already, under whatever label, stays as it is.
pub(crate) async fn grant(
    connection: &mut PgConnection,
    name: &str,
    policies: &[&str],
    label: &Label,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into grp_policy (grp_id, policy_id, authz_provider)
         select grp.id, policy.id, $3 from grp, policy where grp.name = $1 and policy.name = any($2)
         on conflict do nothing",
    )
    .bind(name)
    .bind(policies)
    .bind(&label.0)
    .execute(connection)
    .await?;
    Ok(())
}
