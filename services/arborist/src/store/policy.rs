//! Policies: roles on resources.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use super::{resource, role};
use crate::{
    Error,
    model::{ExpandedPolicy, Policy, Role},
    path::ResourcePath,
};

/// All policies, or those named.
pub(crate) async fn load(conn: &mut PgConnection, only: Option<&[&str]>) -> Result<Vec<Policy>, sqlx::Error> {
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
    .fetch_all(conn)
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

/// All policies with their roles written out.
pub(crate) async fn load_expanded(conn: &mut PgConnection) -> Result<Vec<ExpandedPolicy>, sqlx::Error> {
    let roles = role::load(conn, None).await?;
    let roles: HashMap<&str, &Role> = roles.iter().map(|role| (role.id.as_str(), role)).collect();
    let expand = |policy: Policy| ExpandedPolicy {
        roles: policy
            .role_ids
            .iter()
            .filter_map(|id| roles.get(id.as_str()))
            .map(|role| (*role).clone())
            .collect(),
        id: policy.id,
        description: policy.description,
        resource_paths: policy.resource_paths,
    };
    Ok(load(conn, None).await?.into_iter().map(expand).collect())
}

/// Which of `names` exist.
pub(crate) async fn existing(
    conn: &mut PgConnection,
    names: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar("select name from policy where name = any($1)")
        .bind(names)
        .fetch_all(conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// What exists of all that some policies refer to.
pub(crate) struct Known {
    paths: HashSet<String>,
    roles: HashSet<String>,
}

impl Known {
    /// Looks up everything that `policies` refer to.
    pub(crate) async fn load(conn: &mut PgConnection, policies: &[Policy]) -> Result<Self, sqlx::Error> {
        let paths: Vec<ResourcePath> = policies
            .iter()
            .flat_map(|policy| &policy.resource_paths)
            .filter_map(|path| exact(path))
            .collect();
        let roles: Vec<&str> =
            policies.iter().flat_map(|policy| &policy.role_ids).map(String::as_str).collect();
        let paths: Vec<&str> = paths.iter().map(ResourcePath::ltree).collect();
        Ok(Self {
            paths: resource::existing(conn, &paths).await?,
            roles: role::existing(conn, &roles).await?,
        })
    }

    /// Whether `policy` is complete and refers to nothing that is missing. `doing` begins the message.
    pub(crate) fn check(&self, policy: &Policy, doing: &str) -> Result<(), Error> {
        if policy.resource_paths.is_empty() {
            return Err(Error::BadRequest("no resource paths specified".into()));
        }
        if policy.role_ids.is_empty() {
            return Err(Error::BadRequest("no role IDs specified".into()));
        }
        let unknown = |path: &&String| !exact(path).is_some_and(|path| self.paths.contains(path.ltree()));
        refuse_missing(doing, "resources", policy.resource_paths.iter().filter(unknown))?;
        refuse_missing(doing, "roles", policy.role_ids.iter().filter(|role| !self.roles.contains(*role)))
    }
}

fn refuse_missing<'a>(
    doing: &str,
    what: &str,
    missing: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    let missing: Vec<&str> = missing.map(String::as_str).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Error::BadRequest(format!("{doing}: {what} do not exist: {}", missing.join(", ")))),
    }
}

/// A path that is written exactly as arborist answers it: with one slash at the beginning.
fn exact(path: &str) -> Option<ResourcePath> {
    let rest = path.strip_prefix('/')?;
    (!rest.starts_with('/')).then(|| ResourcePath::parse(rest).ok()).flatten()
}

/// Creates policies that do not exist yet; returns the names of those created.
pub(crate) async fn create(
    conn: &mut PgConnection,
    policies: &[&Policy],
) -> Result<HashSet<String>, sqlx::Error> {
    let created: Vec<String> = sqlx::query_scalar(
        "insert into policy (name, description)
         select name, description from unnest($1::text[], $2::text[]) as new(name, description)
         on conflict (name) do nothing returning name",
    )
    .bind(policies.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>())
    .bind(policies.iter().map(|policy| policy.description.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    let created: HashSet<String> = created.into_iter().collect();
    let new: Vec<(&str, &Policy)> =
        policies.iter().filter(|policy| created.contains(&policy.id)).map(|p| (p.id.as_str(), *p)).collect();
    link(conn, &new).await?;
    Ok(created)
}

/// Overwrites the policies of the given names, whatever names stand in the policies themselves; those that do not
/// exist are left out. Names must be distinct.
pub(crate) async fn overwrite(
    conn: &mut PgConnection,
    policies: &[(&str, &Policy)],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = policies.iter().map(|(name, _)| *name).collect();
    sqlx::query(
        "update policy set description = new.description
         from unnest($1::text[], $2::text[]) as new(name, description) where policy.name = new.name",
    )
    .bind(&names)
    .bind(policies.iter().map(|(_, policy)| policy.description.as_str()).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "delete from policy_resource using policy where policy.id = policy_id and policy.name = any($1)",
    )
    .bind(&names)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from policy_role using policy where policy.id = policy_id and policy.name = any($1)")
        .bind(&names)
        .execute(&mut *conn)
        .await?;
    link(conn, policies).await
}

async fn link(conn: &mut PgConnection, policies: &[(&str, &Policy)]) -> Result<(), sqlx::Error> {
    let paths: Vec<(&str, ResourcePath)> = policies
        .iter()
        .flat_map(|(name, policy)| policy.resource_paths.iter().map(move |path| (*name, path)))
        .filter_map(|(name, path)| exact(path).map(|path| (name, path)))
        .collect();
    sqlx::query(
        "insert into policy_resource (policy_id, resource_id)
         select policy.id, resource.id from unnest($1::text[], $2::text[]) as new(policy, path)
         join policy on policy.name = new.policy join resource on resource.path = new.path::ltree
         on conflict do nothing",
    )
    .bind(paths.iter().map(|(name, _)| *name).collect::<Vec<_>>())
    .bind(paths.iter().map(|(_, path)| path.ltree()).collect::<Vec<_>>())
    .execute(&mut *conn)
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
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a policy with all its grants; one that does not exist is fine.
pub(crate) async fn delete(conn: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from policy where name = $1").bind(name).execute(conn).await?;
    Ok(())
}
