//! A user.yaml as the columns that the statements take.

use std::collections::BTreeMap;

use useryaml::UserYaml;

use crate::store::sync::{AccessColumns, ProjectColumns, TagColumns, UserColumns};

pub(super) fn users(file: &UserYaml) -> UserColumns<'_> {
    let mut columns = UserColumns::default();
    for (name, user) in &file.users {
        columns.names.push(name);
        columns.emails.push(user.email.as_deref());
        columns.display_names.push(user.display_name.as_deref());
        columns.phone_numbers.push(user.phone_number.as_deref());
        columns.admins.push(user.admin);
    }
    columns
}

pub(super) fn tags(file: &UserYaml) -> TagColumns<'_> {
    let mut columns = TagColumns::default();
    for (name, user) in &file.users {
        for (key, value) in &user.tags {
            columns.names.push(name);
            columns.keys.push(key);
            columns.values.push(value);
        }
    }
    columns
}

/// Legacy projects.
pub(super) struct Projects<'f> {
    /// Those that users are listed with.
    pub(super) listed: ProjectColumns<'f>,
    /// These, and those that the file only gives a path.
    pub(super) mapped: ProjectColumns<'f>,
}

pub(super) fn projects(file: &UserYaml) -> Projects<'_> {
    let mut listed: BTreeMap<&str, &str> = BTreeMap::new();
    for project in file.users.values().flat_map(|user| &user.projects) {
        if let Some(path) = file.authz.resource_of(project) {
            listed.insert(&project.auth_id, path);
        }
    }
    let mapped = file.authz.user_project_to_resource.iter().map(|(id, path)| (id.as_str(), path.as_str()));
    // The path that a user is listed with counts more than the map.
    let mapped: BTreeMap<&str, &str> = mapped.chain(listed.iter().map(|(id, path)| (*id, *path))).collect();
    let columns = |paths: BTreeMap<_, _>| {
        let (auth_ids, paths) = paths.into_iter().unzip();
        ProjectColumns { auth_ids, paths }
    };
    Projects { listed: columns(listed), mapped: columns(mapped) }
}

pub(super) fn access(file: &UserYaml) -> AccessColumns<'_> {
    let mut columns = AccessColumns::default();
    for (name, user) in &file.users {
        for project in &user.projects {
            for method in &project.privilege {
                columns.names.push(name);
                columns.auth_ids.push(&project.auth_id);
                columns.methods.push(method);
            }
        }
    }
    columns
}
