//! Resources, roles and policies: the union of the file's with what exists.

use std::collections::{BTreeSet, HashMap};

use serde_json::Map;
use sqlx::PgConnection;
use useryaml::UserYaml;

use super::{
    ChangeKind, SyncError, SyncReport,
    legacy::{self, LegacyRight},
};
use crate::{
    Error,
    actions::references::References,
    model::{Action, NewResource, Permission, Policy, Role},
    path::ResourcePath,
    store::{policy, resource, role},
};

pub(super) async fn bring_in(
    connection: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    resources(connection, file, report).await?;
    roles(connection, file, report).await?;
    policies(connection, file, report).await
}

async fn resources(
    connection: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let trees = trees(&file.authz.resources, "")?;
    let nodes: Vec<&NewResource> = trees.iter().flat_map(NewResource::flatten).collect();
    let upserted = resource::upsert(connection, &nodes).await?;
    let decoded = |paths: Vec<String>| paths.into_iter().map(|path| ResourcePath::from_ltree(path).decoded());
    report.note(ChangeKind::ResourceCreated, decoded(upserted.created));
    report.note(ChangeKind::ResourceUpdated, decoded(upserted.updated));
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

async fn roles(
    connection: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let read = |role: &useryaml::Role| Role {
        id: role.id.clone(),
        description: role.description.clone().unwrap_or_default(),
        permissions: role.permissions.iter().map(|p| permission(&p.id, &p.service, &p.method)).collect(),
    };
    let own: Vec<Role> = file.authz.roles.iter().map(read).collect();
    let created = role::create(connection, &own.iter().collect::<Vec<_>>()).await?;
    let descriptions = file.authz.roles.iter().map(|role| role.description.as_deref());
    let existing: Vec<(&Role, Option<&str>)> =
        own.iter().zip(descriptions).filter(|(role, _)| !created.contains(&role.id)).collect();
    let updated = role::update(connection, &existing).await?;
    report.note(ChangeKind::RoleCreated, created);
    report.note(ChangeKind::RoleUpdated, updated);

    // Legacy access wants a role a method, on every service; one of that name stays as it is.
    let methods: BTreeSet<&str> = legacy::rights(file).map(|(_, right)| right.method).collect();
    let of_method = |method: &str| Role {
        id: method.to_owned(),
        description: String::new(),
        permissions: vec![permission(method, "*", method)],
    };
    let roles: Vec<Role> = methods.into_iter().map(of_method).collect();
    let created = role::create(connection, &roles.iter().collect::<Vec<_>>()).await?;
    report.note(ChangeKind::RoleCreated, created);
    Ok(())
}

async fn policies(
    connection: &mut PgConnection,
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
    check(connection, &own).await?;
    let created = policy::create(connection, &own.iter().collect::<Vec<_>>()).await?;
    let changed = differing(connection, &own).await?;
    let named: Vec<(&str, &Policy)> = changed.iter().map(|policy| (policy.id.as_str(), *policy)).collect();
    policy::overwrite(connection, &named).await?;
    report.note(ChangeKind::PolicyCreated, created);
    report.note(ChangeKind::PolicyUpdated, changed.iter().map(|policy| policy.id.clone()));

    let rights: BTreeSet<LegacyRight<'_>> = legacy::rights(file).map(|(_, right)| right).collect();
    let of_right = |right: LegacyRight<'_>| Policy {
        id: right.policy(),
        description: String::new(),
        resource_paths: vec![right.path.to_owned()],
        role_ids: vec![right.method.to_owned()],
    };
    let legacy: Vec<Policy> = rights.into_iter().map(of_right).collect();
    check(connection, &legacy).await?;
    let created = policy::create(connection, &legacy.iter().collect::<Vec<_>>()).await?;
    report.note(ChangeKind::PolicyCreated, created);
    Ok(())
}

async fn check(connection: &mut PgConnection, policies: &[Policy]) -> Result<(), Error> {
    let references = References::of(connection, policies.iter()).await?;
    policies.iter().try_for_each(|policy| {
        References::require_some(policy)?;
        references.check(policy, &format!("policy `{}`", policy.id))
    })
}

/// Returns those of `policies` that differ from what is stored under their names.
async fn differing<'a>(
    connection: &mut PgConnection,
    policies: &'a [Policy],
) -> Result<Vec<&'a Policy>, sqlx::Error> {
    let names: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    let stored = policy::load(connection, Some(&names)).await?;
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
