//! What a user.yaml says.

use indexmap::{IndexMap, IndexSet};

use crate::{names, problem::Problem};

/// A user.yaml without problems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserYaml {
    /// Section `authz` (or `rbac`, its old name).
    pub authz: Authz,
    /// Section `clients`: what each client is granted, by its name.
    pub clients: IndexMap<String, Client>,
    /// Section `users`: each user, by name.
    pub users: IndexMap<String, User>,
    /// Problems that do no harm, such as keys that nobody reads.
    pub warnings: Vec<Problem>,
}

/// Resources, roles, policies and groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authz {
    /// Policies of everybody, logged in or not.
    pub anonymous_policies: Vec<String>,
    /// Policies of everybody who is logged in.
    pub all_users_policies: Vec<String>,
    /// Groups.
    pub groups: Vec<Group>,
    /// The tree of resources.
    pub resources: Vec<Resource>,
    /// Policies.
    pub policies: Vec<Policy>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Legacy project identifiers (`auth_id`) to resource paths.
    pub user_project_to_resource: IndexMap<String, String>,
}

/// A group of users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Policies of all members.
    pub policies: Vec<String>,
    /// Members.
    pub users: Vec<String>,
}

/// A node of the tree of resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    /// Last part of its path.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// The resources below it.
    pub subresources: Vec<Resource>,
}

/// Grants roles on resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Name.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// Roles.
    pub role_ids: Vec<String>,
    /// Full paths of resources.
    pub resource_paths: Vec<String>,
}

/// A set of permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// Name.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// The permissions.
    pub permissions: Vec<Permission>,
}

/// One method of one service; `*` stands for any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permission {
    /// Name, unique in its role.
    pub id: String,
    /// Service.
    pub service: String,
    /// Method.
    pub method: String,
}

/// What an OAuth client is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Policies.
    pub policies: Vec<String>,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// E-mail address.
    pub email: Option<String>,
    /// Name that is shown.
    pub display_name: Option<String>,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// Whether fence's own table says administrator.
    pub admin: bool,
    /// Free labels.
    pub tags: IndexMap<String, String>,
    /// Policies.
    pub policies: Vec<String>,
    /// Legacy access to projects.
    pub projects: Vec<Project>,
}

/// Legacy access of a user to one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Identifier of the project.
    pub auth_id: String,
    /// Methods.
    pub privilege: Vec<String>,
    /// Resource path, for projects that `user_project_to_resource` does not name.
    pub resource: Option<String>,
}

impl UserYaml {
    /// The user of this name, or of one that nobody can tell from it.
    pub fn user_like(&self, name: &str) -> Option<&User> {
        let wanted = names::likeness(name);
        self.users.iter().find(|(known, _)| names::likeness(known) == wanted).map(|(_, user)| user)
    }
}

impl Authz {
    /// Full paths of all resources of the tree, each once, parents first.
    pub fn resource_paths(&self) -> IndexSet<String> {
        fn collect(resources: &[Resource], above: &str, paths: &mut IndexSet<String>) {
            for resource in resources {
                let path = format!("{above}/{}", resource.name);
                paths.insert(path.clone());
                collect(&resource.subresources, &path, paths);
            }
        }
        let mut paths = IndexSet::new();
        collect(&self.resources, "", &mut paths);
        paths
    }

    /// The resource path of a legacy project.
    pub fn resource_of<'a>(&'a self, project: &'a Project) -> Option<&'a str> {
        let mapped = || self.user_project_to_resource.get(&project.auth_id).map(String::as_str);
        project.resource.as_deref().or_else(mapped)
    }
}
