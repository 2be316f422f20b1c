//! Resources, roles and policies: the union of the file's with what exists.

use std::collections::{BTreeSet, HashMap};

use serde_json::Map;
use sqlx::PgConnection;
use useryaml::UserYaml;

use super::{ChangeKind, SyncError, SyncReport};
use crate::{
    Error,
    model::{Action, NewResource, Permission, Policy, Role},
    path::ResourcePath,
    store::{
        policy::{self, Known},
        resource, role,
    },
};

pub(super) async fn bring_in(
    conn: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    resources(conn, file, report).await?;
    roles(conn, file, report).await?;
    policies(conn, file, report).await
}

async fn resources(
    conn: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let trees = trees(&file.authz.resources, "")?;
    let nodes: Vec<&NewResource> = trees.iter().flat_map(resource::flatten).collect();
    let (created, updated) = resource::upsert(conn, &nodes).await?;
    let decoded = |paths: Vec<String>| paths.into_iter().map(|path| ResourcePath::from_ltree(path).decoded());
    report.note(ChangeKind::ResourceCreated, decoded(created));
    report.note(ChangeKind::ResourceUpdated, decoded(updated));
    Ok(())
}

fn trees(resources: &[useryaml::Resource], above: &str) -> Result<Vec<NewResource>, SyncError> {
    let tree = |resource: &useryaml::Resource| {
        let path = format!("{above}/{}", resource.name);
        let parsed = ResourcePath::parse(&path)
            .map_err(|error| SyncError::Refused(format!("cannot use the resource path `{path}`: {error}")))?;
        let children = trees(&resource.subresources, &path)?;
        Ok(NewResource { path: parsed, description: resource.description.clone(), children })
    };
    resources.iter().map(tree).collect()
}

fn permission(id: &str, service: &str, method: &str) -> Permission {
    Permission {
        id: id.to_owned(),
        description: String::new(),
        action: Action { service: service.to_owned(), method: method.to_owned() },
        constraints: Map::new(),
    }
}

async fn roles(conn: &mut PgConnection, file: &UserYaml, report: &mut SyncReport) -> Result<(), SyncError> {
    let read = |role: &useryaml::Role| Role {
        id: role.id.clone(),
        description: role.description.clone().unwrap_or_default(),
        permissions: role.permissions.iter().map(|p| permission(&p.id, &p.service, &p.method)).collect(),
    };
    let own: Vec<Role> = file.authz.roles.iter().map(read).collect();
    let created = role::create(conn, &own.iter().collect::<Vec<_>>()).await?;
    let descriptions = file.authz.roles.iter().map(|role| role.description.as_deref());
    let existing: Vec<(&Role, Option<&str>)> =
        own.iter().zip(descriptions).filter(|(role, _)| !created.contains(&role.id)).collect();
    let updated = role::update(conn, &existing).await?;
    report.note(ChangeKind::RoleCreated, created);
    report.note(ChangeKind::RoleUpdated, updated);

    // Legacy access wants a role a method, on every service; one of that name stays as it is.
    let methods: BTreeSet<&str> = legacy(file).map(|(_, _, method)| method).collect();
    let of_method = |method: &str| Role {
        id: method.to_owned(),
        description: String::new(),
        permissions: vec![permission(method, "*", method)],
    };
    let roles: Vec<Role> = methods.into_iter().map(of_method).collect();
    let created = role::create(conn, &roles.iter().collect::<Vec<_>>()).await?;
    report.note(ChangeKind::RoleCreated, created);
    Ok(())
}

/// Legacy access: user, resource path, method.
pub(super) fn legacy(file: &UserYaml) -> impl Iterator<Item = (&str, &str, &str)> {
    file.users.iter().flat_map(|(name, user)| {
        let resolved =
            user.projects.iter().filter_map(|project| Some((project, file.authz.resource_of(project)?)));
        resolved.flat_map(move |(project, path)| {
            project.privilege.iter().map(move |method| (name.as_str(), path, method.as_str()))
        })
    })
}

/// The policy of legacy access, as usersync names it: `programs.A-read` for reading `/programs/A`.
pub(super) fn legacy_policy(path: &str, method: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("{}-{method}", parts.join("."))
}

async fn policies(
    conn: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let read = |policy: &useryaml::Policy| Policy {
        id: policy.id.clone(),
        description: policy.description.clone().unwrap_or_default(),
        resource_paths: policy.resource_paths.clone(),
        role_ids: policy.role_ids.clone(),
    };
    let own: Vec<Policy> = file.authz.policies.iter().map(read).collect();
    check(conn, &own).await?;
    let created = policy::create(conn, &own.iter().collect::<Vec<_>>()).await?;
    let changed = changed(conn, &own).await?;
    let named: Vec<(&str, &Policy)> = changed.iter().map(|policy| (policy.id.as_str(), *policy)).collect();
    policy::overwrite(conn, &named).await?;
    report.note(ChangeKind::PolicyCreated, created);
    report.note(ChangeKind::PolicyUpdated, changed.iter().map(|policy| policy.id.clone()));

    let wanted: BTreeSet<(&str, &str)> = legacy(file).map(|(_, path, method)| (path, method)).collect();
    let of_access = |(path, method): (&str, &str)| Policy {
        id: legacy_policy(path, method),
        description: String::new(),
        resource_paths: vec![path.to_owned()],
        role_ids: vec![method.to_owned()],
    };
    let legacy: Vec<Policy> = wanted.into_iter().map(of_access).collect();
    check(conn, &legacy).await?;
    let created = policy::create(conn, &legacy.iter().collect::<Vec<_>>()).await?;
    report.note(ChangeKind::PolicyCreated, created);
    Ok(())
}

async fn check(conn: &mut PgConnection, policies: &[Policy]) -> Result<(), Error> {
    let known = Known::load(conn, policies).await?;
    policies.iter().try_for_each(|policy| known.check(policy, &format!("policy `{}`", policy.id)))
}

/// Those of `policies` that differ from what is stored under their names.
async fn changed<'a>(
    conn: &mut PgConnection,
    policies: &'a [Policy],
) -> Result<Vec<&'a Policy>, sqlx::Error> {
    let names: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    let stored = policy::load(conn, Some(&names)).await?;
    let stored: HashMap<&str, &Policy> = stored.iter().map(|policy| (policy.id.as_str(), policy)).collect();
    let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
    let differs = |policy: &&Policy| {
        stored.get(policy.id.as_str()).is_none_or(|stored| {
            stored.description != policy.description
                || set(&stored.resource_paths) != set(&policy.resource_paths)
                || set(&stored.role_ids) != set(&policy.role_ids)
        })
    };
    Ok(policies.iter().filter(differs).collect())
}
