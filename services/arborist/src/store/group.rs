//! Groups, their members and policies.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::policy;
use crate::{
    Error,
    model::{Group, NewMember},
};

/// All groups, or the one named. Names of members are in small letters.
pub(crate) async fn load(conn: &mut PgConnection, only: Option<&str>) -> Result<Vec<Group>, sqlx::Error> {
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
         from grp where $1::text is null or grp.name = $1 order by grp.name",
    )
    .bind(only)
    .fetch_all(conn)
    .await?;
    let group = |(name, users, policies)| Group { name, users: Some(users), policies: Some(policies) };
    Ok(rows.into_iter().map(group).collect())
}

async fn exists(conn: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from grp where name = $1)").bind(name).fetch_one(conn).await
}

/// Creates a group with members and policies.
pub(crate) async fn create(
    conn: &mut PgConnection,
    group: &Group,
    provider: Option<&str>,
) -> Result<(), Error> {
    check_parts(conn, group).await?;
    let created = insert(conn, &group.name).await?;
    if !created {
        let text = format!("failed to insert group: group with this name already exists: {}", group.name);
        return Err(Error::Conflict(text));
    }
    Ok(fill(conn, group, provider).await?)
}

/// Creates a group or replaces its members and policies; with a provider only those under its label.
pub(crate) async fn put(conn: &mut PgConnection, group: &Group, provider: Option<&str>) -> Result<(), Error> {
    check_parts(conn, group).await?;
    if !insert(conn, &group.name).await? {
        sqlx::query(
            "delete from usr_grp using grp
             where grp.id = grp_id and grp.name = $1 and ($2::text is null or authz_provider = $2)",
        )
        .bind(&group.name)
        .bind(provider)
        .execute(&mut *conn)
        .await?;
        revoke(conn, &group.name, None, provider).await?;
    }
    Ok(fill(conn, group, provider).await?)
}

async fn insert(conn: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let created = sqlx::query("insert into grp (name) values ($1) on conflict (name) do nothing")
        .bind(name)
        .execute(conn)
        .await?;
    Ok(created.rows_affected() > 0)
}

/// Refuses a group with users or policies that do not exist.
async fn check_parts(conn: &mut PgConnection, group: &Group) -> Result<(), Error> {
    let users: Vec<&str> = group.users.iter().flatten().map(String::as_str).collect();
    let known: Vec<String> = sqlx::query_scalar("select name from usr where name = any($1)")
        .bind(&users)
        .fetch_all(&mut *conn)
        .await?;
    let known: HashSet<String> = known.into_iter().collect();
    refuse_missing("users", users.into_iter().filter(|user| !known.contains(*user)))?;
    let policies: Vec<&str> = group.policies.iter().flatten().map(String::as_str).collect();
    let known = policy::existing(conn, &policies).await?;
    refuse_missing("policies", policies.into_iter().filter(|policy| !known.contains(*policy)))
}

fn refuse_missing<'a>(what: &str, missing: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let missing: Vec<&str> = missing.collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "failed to create group: {what} do not exist: {}",
            missing.join(", ")
        ))),
    }
}

/// Adds members and policies; what is there already, under whatever label, stays as it is.
async fn fill(conn: &mut PgConnection, group: &Group, provider: Option<&str>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into usr_grp (usr_id, grp_id, authz_provider)
         select usr.id, grp.id, $3 from usr, grp where usr.name = any($1) and grp.name = $2
         on conflict do nothing",
    )
    .bind(group.users.as_deref().unwrap_or_default())
    .bind(&group.name)
    .bind(provider)
    .execute(&mut *conn)
    .await?;
    grant(conn, &group.name, group.policies.as_deref().unwrap_or_default(), provider).await
}

async fn grant(
    conn: &mut PgConnection,
    name: &str,
    policies: &[String],
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into grp_policy (grp_id, policy_id, authz_provider)
         select grp.id, policy.id, $3 from grp, policy where grp.name = $2 and policy.name = any($1)
         on conflict do nothing",
    )
    .bind(policies)
    .bind(name)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a group; one that does not exist is fine.
pub(crate) async fn delete(conn: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from grp where name = $1").bind(name).execute(conn).await?;
    Ok(())
}

/// Adds a member; an existing membership gets the new expiry and keeps its label.
pub(crate) async fn add_member(
    conn: &mut PgConnection,
    name: &str,
    member: &NewMember,
    provider: Option<&str>,
) -> Result<(), Error> {
    if !exists(conn, name).await? {
        return Err(Error::NotFound(format!("failed to add user to group: group does not exist: {name}")));
    }
    if !super::user::exists(conn, &member.username).await? {
        let text = format!("failed to add user to group: user does not exist: {}", member.username);
        return Err(Error::BadRequest(text));
    }
    sqlx::query(
        "insert into usr_grp (usr_id, grp_id, expires_at, authz_provider)
         select usr.id, grp.id, $3, $4 from usr, grp where usr.name = $1 and grp.name = $2
         on conflict (usr_id, grp_id) do update set expires_at = excluded.expires_at",
    )
    .bind(&member.username)
    .bind(name)
    .bind(member.expires_at)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a member; with a provider only a membership under its label.
pub(crate) async fn remove_member(
    conn: &mut PgConnection,
    name: &str,
    user: &str,
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from usr_grp using usr, grp
         where usr.id = usr_id and grp.id = grp_id and grp.name = $1 and usr.name = $2
           and ($3::text is null or usr_grp.authz_provider = $3)",
    )
    .bind(name)
    .bind(user)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}

/// Grants one policy to a group.
pub(crate) async fn grant_one(
    conn: &mut PgConnection,
    name: &str,
    policy_name: &str,
    provider: Option<&str>,
) -> Result<(), Error> {
    if !exists(conn, name).await? {
        return Err(Error::NotFound(format!(
            "failed to grant policy to group: group does not exist: {name}"
        )));
    }
    if policy::existing(conn, &[policy_name]).await?.is_empty() {
        let text = format!("failed to grant policy to group: policy does not exist: {policy_name}");
        return Err(Error::BadRequest(text));
    }
    Ok(grant(conn, name, &[policy_name.to_owned()], provider).await?)
}

/// Revokes one policy of a group, or all; with a provider only those under its label.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    name: &str,
    policy: Option<&str>,
    provider: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from grp_policy using grp, policy
         where grp.id = grp_id and policy.id = policy_id and grp.name = $1
           and ($2::text is null or policy.name = $2)
           and ($3::text is null or grp_policy.authz_provider = $3)",
    )
    .bind(name)
    .bind(policy)
    .bind(provider)
    .execute(conn)
    .await?;
    Ok(())
}
