//! The user.yaml of a commons: who its users are and what they may do.
//!
//! [`UserYaml::parse`] reads the whole file and checks it before anything is written anywhere. Every problem is
//! reported with the place in the file and what to do about it, not only the first one.
//!
//! The file is YAML (so JSON will do). Of the older YAML 1.1 that the Python services read, the booleans `yes`,
//! `no`, `on` and `off` are understood where a boolean is wanted; elsewhere they are plain texts.

mod problem;
mod read;
mod validate;

use indexmap::{IndexMap, IndexSet};
use serde_yaml_ng::Value;

pub use problem::Problem;

/// Largest file that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A user.yaml without problems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserYaml {
    /// Section `authz` (or `rbac`, its old name).
    pub authz: Authz,
    /// Section `clients`: client name to what it is granted.
    pub clients: IndexMap<String, Client>,
    /// Section `users`: user name to who that is and what is granted.
    pub users: IndexMap<String, User>,
    /// What is odd but harmless, such as keys that nobody reads.
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
    /// What hangs below.
    pub subresources: Vec<Resource>,
}

/// Roles on resources.
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
    /// What the role permits.
    pub permissions: Vec<Permission>,
}

/// One permitted thing; `*` stands for any service or method.
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
    /// Name to show.
    pub display_name: Option<String>,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// Whether fence's own table says administrator.
    pub admin: bool,
    /// Free labels.
    pub tags: IndexMap<String, String>,
    /// Policies.
    pub policies: Vec<String>,
    /// Legacy access: methods on projects.
    pub projects: Vec<Project>,
}

/// Legacy access of a user to one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Identifier of the project.
    pub auth_id: String,
    /// Methods.
    pub privilege: Vec<String>,
    /// Resource path, where `user_project_to_resource` does not give it.
    pub resource: Option<String>,
}

impl UserYaml {
    /// Reads and checks a user.yaml.
    ///
    /// # Errors
    /// All problems of the file: of its form, or, when that is fine, of what it says.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut reader = read::Reader::default();
        let document = document(text).map_err(|problem| vec![problem])?;
        let mut read = reader.user_yaml(&document);
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        let mut problems = validate::problems(&read);
        if !problems.is_empty() {
            problems.iter_mut().for_each(|problem| problem.name_section(reader.section));
            return Err(problems);
        }
        read.warnings = reader.warnings;
        read.warnings.extend(validate::same_but_for_case(&read));
        Ok(read)
    }
}

impl Authz {
    /// Full paths of all resources of the tree, parents first, each once.
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

fn document(text: &str) -> Result<Value, Problem> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        return Err(Problem::new("", message, "split the users into groups"));
    }
    let unreadable = |error: serde_yaml_ng::Error| {
        Problem::new(
            "",
            format!("this is no YAML: {error}"),
            "correct the line; a key may stand only once in its place",
        )
    };
    let mut value: Value = serde_yaml_ng::from_str(text).map_err(unreadable)?;
    value.apply_merge().map_err(unreadable)?;
    Ok(value)
}
