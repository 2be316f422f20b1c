//! Policies: roles on resources.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use super::role;
use crate::{
    model::{ExpandedPolicy, Policy, Role},
    path::ResourcePath,
};

/// Loads all policies, or those named.
pub(crate) async fn load(
    connection: &mut PgConnection,
    only: Option<&[&str]>,
) -> Result<Vec<Policy>, sqlx::Error> {
    let rows: Vec<(String, String, Vec<String>, Vec<String>)> = sqlx::query_as(
        "select policy.name, coalesce(policy.description, ''),
            array(
                select resource.path::text from policy_resource
                join resource on resource.id = policy_resource.resource_id
                where policy_resource.policy_id = policy.id order by resource.path
            ),
            array(
                select role.name from policy_role join role on role.id = policy_role.role_id
                where policy_role.policy_id = policy.id order by role.name
            )
         from policy
         where $1::text[] is null or policy.name = any($1)
         order by policy.name",
    )
    .bind(only)
    .fetch_all(connection)
    .await?;
    let decoded = |paths: Vec<String>| paths.into_iter().map(|path| ResourcePath::from_ltree(path).decoded());
    let policy = |(id, description, paths, role_ids): (_, _, Vec<String>, _)| Policy {
        id,
        description,
        resource_paths: decoded(paths).collect(),
        role_ids,
    };
    Ok(rows.into_iter().map(policy).collect())
}

/// Loads all policies with their roles written out.
pub(crate) async fn load_expanded(connection: &mut PgConnection) -> Result<Vec<ExpandedPolicy>, sqlx::Error> {
    let roles = role::load(connection, None).await?;
    let roles: HashMap<&str, &Role> = roles.iter().map(|role| (role.id.as_str(), role)).collect();
    let roles_of = |policy: &Policy| {
        let found = policy.role_ids.iter().filter_map(|id| roles.get(id.as_str()));
        found.map(|role| (*role).clone()).collect()
    };
    let expand = |policy: Policy| ExpandedPolicy {
        roles: roles_of(&policy),
        id: policy.id,
        description: policy.description,
        resource_paths: policy.resource_paths,
    };
    Ok(load(connection, None).await?.into_iter().map(expand).collect())
}

/// Returns the row ids of all policies, by name.
pub(crate) async fn row_ids(connection: &mut PgConnection) -> Result<HashMap<String, i32>, sqlx::Error> {
    let rows: Vec<(String, i32)> =
        sqlx::query_as("select name, id from policy").fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Returns which of `names` exist.
pub(crate) async fn existing(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar("select name from policy where name = any($1)")
        .bind(names)
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Creates policies that do not exist yet; returns the names of those that were created.
pub(crate) async fn create(
    connection: &mut PgConnection,
    policies: &[&Policy],
) -> Result<HashSet<String>, sqlx::Error> {
    let created: Vec<String> = sqlx::query_scalar(
        "insert into policy (name, description)
         select name, description from unnest($1::text[], $2::text[]) as new(name, description)
         on conflict (name) do nothing returning name",
    )
    .bind(policies.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>())
    .bind(policies.iter().map(|policy| policy.description.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let created: HashSet<String> = created.into_iter().collect();
    let new: Vec<(&str, &Policy)> =
        policies.iter().filter(|policy| created.contains(&policy.id)).map(|p| (p.id.as_str(), *p)).collect();
    link(connection, &new).await?;
    Ok(created)
}

/// Overwrites the policies of the given names, whatever names stand in the policies themselves; those that do
/// not exist are left out. Names must be distinct.
pub(crate) async fn overwrite(
    connection: &mut PgConnection,
    policies: &[(&str, &Policy)],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = policies.iter().map(|(name, _)| *name).collect();
    sqlx::query(
        "update policy set description = new.description
         from unnest($1::text[], $2::text[]) as new(name, description) where policy.name = new.name",
    )
    .bind(&names)
    .bind(policies.iter().map(|(_, policy)| policy.description.as_str()).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "delete from policy_resource using policy where policy.id = policy_id and policy.name = any($1)",
    )
    .bind(&names)
    .execute(&mut *connection)
    .await?;
    sqlx::query("delete from policy_role using policy where policy.id = policy_id and policy.name = any($1)")
        .bind(&names)
        .execute(&mut *connection)
        .await?;
    link(connection, policies).await
}

async fn link(connection: &mut PgConnection, policies: &[(&str, &Policy)]) -> Result<(), sqlx::Error> {
    let paths: Vec<(&str, ResourcePath)> = policies
        .iter()
        .flat_map(|(name, policy)| policy.resource_paths.iter().map(move |path| (*name, path)))
        .filter_map(|(name, path)| ResourcePath::parse_exact(path).map(|path| (name, path)))
        .collect();
    sqlx::query(
        "insert into policy_resource (policy_id, resource_id)
         select policy.id, resource.id from unnest($1::text[], $2::text[]) as new(policy, path)
         join policy on policy.name = new.policy join resource on resource.path = new.path::ltree
         on conflict do nothing",
    )
    .bind(paths.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    .bind(paths.iter().map(|(_, path)| path.ltree()).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let roles =
        policies.iter().flat_map(|(name, policy)| policy.role_ids.iter().map(move |role| (*name, role)));
    let (names, roles): (Vec<&str>, Vec<&str>) = roles.map(|(name, role)| (name, role.as_str())).unzip();
    sqlx::query(
        "insert into policy_role (policy_id, role_id)
         select policy.id, role.id from unnest($1::text[], $2::text[]) as new(policy, role)
         join policy on policy.name = new.policy join role on role.name = new.role
         on conflict do nothing",
    )
    .bind(names)
    .bind(roles)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes a policy with all its grants; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from policy where name = $1").bind(name).execute(connection).await?;
    Ok(())
}
