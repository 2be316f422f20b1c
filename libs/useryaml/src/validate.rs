//! Whether the parts of a file fit together.

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use crate::{
    model::{Authz, Resource, Role, UserYaml},
    names,
    path::Path,
    report::Report,
};

/// The methods that the services of a commons ask for.
const METHODS: &[&str] = &[
    "*",
    "read",
    "read-storage",
    "write",
    "write-storage",
    "create",
    "update",
    "delete",
    "file_upload",
    "access",
    "upload",
    "launch",
];

/// Reports every problem of the file, and what is odd in it.
pub(crate) fn check(file: &UserYaml, report: &mut Report<'_>) {
    let authz = &file.authz;
    let known = Known {
        paths: authz.resource_paths(),
        roles: authz.roles.iter().map(|role| role.id.as_str()).collect(),
        policies: authz.policies.iter().map(|policy| policy.id.as_str()).collect(),
    };
    let section = report.section;
    let mut check = Check { report, known };
    let top = Path::FILE.key(section);
    check.resources(&top.key("resources"), "", &authz.resources);
    check.roles(&top.key("roles"), authz);
    check.policies(&top.key("policies"), authz);
    check.groups(&top.key("groups"), file);
    check.public_lists(&top, authz);
    check.projects(&top.key("user_project_to_resource"), authz);
    check.users(&Path::FILE.key("users"), file);
    let clients = Path::FILE.key("clients");
    for (name, client) in &file.clients {
        check.policies_exist(&clients.key(name).key("policies"), &client.policies);
    }
    check.look_alikes(&Path::FILE.key("users"), file);
}

struct Known<'a> {
    paths: IndexSet<String>,
    roles: HashSet<&'a str>,
    policies: HashSet<&'a str>,
}

struct Check<'r, 'd, 'f> {
    report: &'r mut Report<'d>,
    known: Known<'f>,
}

impl Check<'_, '_, '_> {
    fn unique<'n>(&mut self, path: &Path<'_>, what: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = HashSet::new();
        for (at, name) in names.enumerate() {
            if !seen.insert(name) {
                let message = format!("the {what} `{name}` stands here a second time");
                self.report.problem(&path.index(at), message, "merge the two or rename one");
            }
        }
    }

    fn resources(&mut self, path: &Path<'_>, above: &str, resources: &[Resource]) {
        for (at, resource) in resources.iter().enumerate() {
            let (here, name) = (path.index(at), &resource.name);
            if name.contains([' ', '/', '\0']) {
                let message = format!("the resource name `{name}` holds a space or a slash");
                let remedy = "use `_` or `-` in its place; slashes only separate names in paths";
                self.report.problem(&here, message, remedy);
            }
            if above == "/programs" && name.contains('-') {
                let message = format!("the program name `{name}` holds `-`");
                let remedy = "programs and projects are joined by `-`, so a program needs a name without";
                self.report.problem(&here, message, remedy);
            }
            self.resources(&here.key("subresources"), &format!("{above}/{name}"), &resource.subresources);
        }
    }

    fn roles(&mut self, path: &Path<'_>, authz: &Authz) {
        self.unique(path, "role", authz.roles.iter().map(|role| role.id.as_str()));
        for (at, role) in authz.roles.iter().enumerate() {
            let here = path.index(at);
            if role.permissions.is_empty() {
                let message = format!("the role `{}` has no permissions", role.id);
                self.report.problem(&here, message, "add one under `permissions`");
            }
            for (number, permission) in role.permissions.iter().enumerate() {
                let path = here.key("permissions");
                self.method(&path.index(number).key("action").key("method"), &permission.method);
            }
        }
    }

    fn method(&mut self, path: &Path<'_>, method: &str) {
        if !METHODS.contains(&method) {
            let remedy = format!("use one of {}", METHODS.join(", "));
            self.report.problem(path, format!("the method `{method}` is unknown"), remedy);
        }
    }

    fn resource_exists(&mut self, path: &Path<'_>, resource: &str) {
        if !resource.starts_with('/') {
            let message = format!("the resource path `{resource}` does not start with `/`");
            self.report.problem(path, message, "write the full path");
        } else if !self.known.paths.contains(resource) {
            let message = format!("the resource `{resource}` does not exist");
            self.report.problem(path, message, "add it to `authz.resources` or correct the path");
        }
    }

    fn policies(&mut self, path: &Path<'_>, authz: &Authz) {
        self.unique(path, "policy", authz.policies.iter().map(|policy| policy.id.as_str()));
        for (at, policy) in authz.policies.iter().enumerate() {
            let here = path.index(at);
            for (key, list) in [("role_ids", &policy.role_ids), ("resource_paths", &policy.resource_paths)] {
                if list.is_empty() {
                    let message = format!("the policy `{}` has no {key}", policy.id);
                    self.report.problem(&here, message, "list at least one, or remove the policy");
                }
            }
            for (number, role) in policy.role_ids.iter().enumerate() {
                if !self.known.roles.contains(role.as_str()) {
                    let message = format!("the role `{role}` does not exist");
                    let remedy = "add it to `authz.roles`";
                    self.report.problem(&here.key("role_ids").index(number), message, remedy);
                }
            }
            for (number, resource) in policy.resource_paths.iter().enumerate() {
                self.resource_exists(&here.key("resource_paths").index(number), resource);
            }
        }
    }

    fn policies_exist(&mut self, path: &Path<'_>, policies: &[String]) {
        for (at, policy) in policies.iter().enumerate() {
            if !self.known.policies.contains(policy.as_str()) {
                let message = format!("the policy `{policy}` does not exist");
                let remedy = "add it to `authz.policies` or correct the name";
                self.report.problem(&path.index(at), message, remedy);
            }
        }
    }

    fn groups(&mut self, path: &Path<'_>, file: &UserYaml) {
        let groups = &file.authz.groups;
        self.unique(path, "group", groups.iter().map(|group| group.name.as_str()));
        for (at, group) in groups.iter().enumerate() {
            let here = path.index(at);
            if matches!(group.name.as_str(), "anonymous" | "logged-in") {
                let message = format!("the group `{}` is built in", group.name);
                self.report.problem(&here, message, "use `anonymous_policies` or `all_users_policies`");
            }
            self.policies_exist(&here.key("policies"), &group.policies);
            let mut seen = HashSet::new();
            for (number, user) in group.users.iter().enumerate() {
                let users = here.key("users");
                if !file.users.contains_key(user) {
                    let message = format!("the user `{user}` does not exist");
                    self.report.problem(&users.index(number), message, "add the user to `users`");
                }
                if !seen.insert(user) {
                    let message = format!("the user `{user}` stands here a second time");
                    self.report.problem(&users.index(number), message, "remove one of them");
                }
            }
        }
    }

    /// Policies of everybody should name their services. Those that let everybody read are warned about,
    /// because the starter files of existing commons have them; those that let everybody change something are
    /// refused.
    fn public_lists(&mut self, path: &Path<'_>, authz: &Authz) {
        for (key, list) in [
            ("anonymous_policies", &authz.anonymous_policies),
            ("all_users_policies", &authz.all_users_policies),
        ] {
            let path = path.key(key);
            self.policies_exist(&path, list);
            for (at, policy) in list.iter().enumerate() {
                let named = authz.policies.iter().filter(|candidate| candidate.id == *policy);
                let names: HashSet<&String> = named.flat_map(|policy| &policy.role_ids).collect();
                for role in authz.roles.iter().filter(|role| names.contains(&role.id)) {
                    self.public_role(&path.index(at), policy, role);
                }
            }
        }
    }

    fn public_role(&mut self, path: &Path<'_>, policy: &str, role: &Role) {
        let wide: Vec<_> = role.permissions.iter().filter(|permission| permission.service == "*").collect();
        if wide.is_empty() {
            return;
        }
        let message =
            format!("the policy `{policy}` gives everybody the role `{}` on every service", role.id);
        let remedy = "name the services in the role in place of `*`";
        if wide.iter().all(|permission| matches!(permission.method.as_str(), "read" | "read-storage")) {
            self.report.warning(path, message, remedy);
        } else {
            self.report.problem(path, message, remedy);
        }
    }

    fn projects(&mut self, path: &Path<'_>, authz: &Authz) {
        for (auth_id, resource) in &authz.user_project_to_resource {
            self.resource_exists(&path.key(auth_id), resource);
        }
    }

    fn users(&mut self, path: &Path<'_>, file: &UserYaml) {
        for (name, user) in &file.users {
            let here = path.key(name);
            if name.is_empty() {
                self.report.problem(path, "a user has an empty name", "name or remove the user");
            }
            self.policies_exist(&here.key("policies"), &user.policies);
            for (at, project) in user.projects.iter().enumerate() {
                let projects = here.key("projects");
                let path = projects.index(at);
                for (number, method) in project.privilege.iter().enumerate() {
                    self.method(&path.key("privilege").index(number), method);
                }
                match file.authz.resource_of(project) {
                    Some(resource) => self.resource_exists(&path, resource),
                    None => {
                        let message = format!("the project `{}` leads to no resource", project.auth_id);
                        let remedy = "add `resource: /path` or name it in `user_project_to_resource`";
                        self.report.problem(&path, message, remedy);
                    }
                }
            }
        }
    }

    /// A name is what somebody logs in with. Names that people cannot tell apart are a mistake, or a way to
    /// somebody else's rights: the services compare without letter case, and a database or a provider may
    /// compare in another way again.
    fn look_alikes(&mut self, path: &Path<'_>, file: &UserYaml) {
        let mut first: HashMap<String, &str> = HashMap::new();
        for name in file.users.keys() {
            let here = path.key(name);
            if name.trim() != name.as_str() {
                let message = format!("the user name `{name}` begins or ends with a blank");
                self.report.problem(&here, message, "remove the blank");
            }
            let Some(other) = first.insert(names::likeness(name), name) else { continue };
            let line = self.report.line(&path.key(other));
            let message = format!("the user `{name}` looks like `{other}` in line {line}");
            self.report.problem(&here, message, "merge the two, or write the names in different letters");
        }
    }
}
