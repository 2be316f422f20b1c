//! Whether what a file says holds together.

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use crate::{Authz, Problem, Resource, UserYaml};

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

/// Every problem of the file.
pub(crate) fn problems(file: &UserYaml) -> Vec<Problem> {
    let known = Known {
        paths: file.authz.resource_paths(),
        roles: file.authz.roles.iter().map(|role| role.id.as_str()).collect(),
        policies: file.authz.policies.iter().map(|policy| policy.id.as_str()).collect(),
    };
    let mut check = Check { problems: Vec::new(), known };
    check.resources("authz.resources", "", &file.authz.resources);
    check.roles(&file.authz);
    check.policies(&file.authz);
    check.groups(file);
    check.public_lists(&file.authz);
    check.mapping(&file.authz);
    check.users(file);
    for (name, client) in &file.clients {
        check.policies_exist(&format!("clients.{name}.policies"), &client.policies);
    }
    check.problems
}

struct Known<'a> {
    paths: IndexSet<String>,
    roles: HashSet<&'a str>,
    policies: HashSet<&'a str>,
}

struct Check<'a> {
    problems: Vec<Problem>,
    known: Known<'a>,
}

impl Check<'_> {
    fn say(&mut self, path: &str, message: String, remedy: &str) {
        self.problems.push(Problem::new(path, message, remedy));
    }

    fn unique<'n>(&mut self, path: &str, what: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = HashSet::new();
        for (at, name) in names.enumerate() {
            if !seen.insert(name) {
                let message = format!("the {what} `{name}` stands here a second time");
                self.say(&format!("{path}[{at}]"), message, "merge the two or rename one");
            }
        }
    }

    fn resources(&mut self, path: &str, above: &str, resources: &[Resource]) {
        for (at, resource) in resources.iter().enumerate() {
            let (here, name) = (format!("{path}[{at}]"), &resource.name);
            if name.contains([' ', '/', '\0']) {
                let message = format!("the resource name `{name}` holds a space or a slash");
                self.say(&here, message, "use `_` or `-` in its place; slashes only separate names in paths");
            }
            if above == "/programs" && name.contains('-') {
                let message = format!("the program name `{name}` holds `-`");
                self.say(
                    &here,
                    message,
                    "programs and projects are joined by `-`, so a program needs a name without",
                );
            }
            self.resources(
                &format!("{here}.subresources"),
                &format!("{above}/{name}"),
                &resource.subresources,
            );
        }
    }

    fn roles(&mut self, authz: &Authz) {
        self.unique("authz.roles", "role", authz.roles.iter().map(|role| role.id.as_str()));
        for (at, role) in authz.roles.iter().enumerate() {
            let here = format!("authz.roles[{at}]");
            if role.permissions.is_empty() {
                self.say(
                    &here,
                    format!("the role `{}` has no permissions", role.id),
                    "add one under `permissions`",
                );
            }
            for (number, permission) in role.permissions.iter().enumerate() {
                self.method(&format!("{here}.permissions[{number}].action.method"), &permission.method);
            }
        }
    }

    fn method(&mut self, path: &str, method: &str) {
        if !METHODS.contains(&method) {
            let remedy = format!("use one of {}", METHODS.join(", "));
            self.say(path, format!("the method `{method}` is unknown"), &remedy);
        }
    }

    fn resource_exists(&mut self, path: &str, resource: &str) {
        if !resource.starts_with('/') {
            self.say(
                path,
                format!("the resource path `{resource}` does not start with `/`"),
                "write the full path",
            );
        } else if !self.known.paths.contains(resource) {
            let message = format!("the resource `{resource}` does not exist");
            self.say(path, message, "add it to `authz.resources` or correct the path");
        }
    }

    fn policies(&mut self, authz: &Authz) {
        self.unique("authz.policies", "policy", authz.policies.iter().map(|policy| policy.id.as_str()));
        for (at, policy) in authz.policies.iter().enumerate() {
            let here = format!("authz.policies[{at}]");
            for (key, empty) in [
                ("role_ids", policy.role_ids.is_empty()),
                ("resource_paths", policy.resource_paths.is_empty()),
            ] {
                if empty {
                    let message = format!("the policy `{}` has no {key}", policy.id);
                    self.say(&here, message, "list at least one, or remove the policy");
                }
            }
            for (number, role) in policy.role_ids.iter().enumerate() {
                if !self.known.roles.contains(role.as_str()) {
                    let path = format!("{here}.role_ids[{number}]");
                    self.say(&path, format!("the role `{role}` does not exist"), "add it to `authz.roles`");
                }
            }
            for (number, resource) in policy.resource_paths.iter().enumerate() {
                self.resource_exists(&format!("{here}.resource_paths[{number}]"), resource);
            }
        }
    }

    fn policies_exist(&mut self, path: &str, policies: &[String]) {
        for (at, policy) in policies.iter().enumerate() {
            if !self.known.policies.contains(policy.as_str()) {
                let message = format!("the policy `{policy}` does not exist");
                self.say(&format!("{path}[{at}]"), message, "add it to `authz.policies` or correct the name");
            }
        }
    }

    fn groups(&mut self, file: &UserYaml) {
        let groups = &file.authz.groups;
        self.unique("authz.groups", "group", groups.iter().map(|group| group.name.as_str()));
        for (at, group) in groups.iter().enumerate() {
            let here = format!("authz.groups[{at}]");
            if matches!(group.name.as_str(), "anonymous" | "logged-in") {
                let message = format!("the group `{}` is built in", group.name);
                self.say(&here, message, "use `anonymous_policies` or `all_users_policies`");
            }
            self.policies_exist(&format!("{here}.policies"), &group.policies);
            let mut seen = HashSet::new();
            for (number, user) in group.users.iter().enumerate() {
                let path = format!("{here}.users[{number}]");
                if !file.users.contains_key(user) {
                    self.say(&path, format!("the user `{user}` does not exist"), "add the user to `users`");
                }
                if !seen.insert(user) {
                    self.say(
                        &path,
                        format!("the user `{user}` stands here a second time"),
                        "remove one of them",
                    );
                }
            }
        }
    }

    /// Policies of everybody must not reach a role that permits something on every service.
    fn public_lists(&mut self, authz: &Authz) {
        let of_every_service = |role: &crate::Role| role.permissions.iter().any(|p| p.service == "*");
        let wide: HashSet<&str> =
            authz.roles.iter().filter(|role| of_every_service(role)).map(|role| role.id.as_str()).collect();
        for (key, list) in [
            ("anonymous_policies", &authz.anonymous_policies),
            ("all_users_policies", &authz.all_users_policies),
        ] {
            let path = format!("authz.{key}");
            self.policies_exist(&path, list);
            for (at, policy) in list.iter().enumerate() {
                let named = authz.policies.iter().filter(|candidate| candidate.id == *policy);
                for role in
                    named.flat_map(|policy| &policy.role_ids).filter(|role| wide.contains(role.as_str()))
                {
                    let message =
                        format!("the policy `{policy}` gives everybody the role `{role}` on every service");
                    self.say(
                        &format!("{path}[{at}]"),
                        message,
                        "name the services in the role in place of `*`",
                    );
                }
            }
        }
    }

    fn mapping(&mut self, authz: &Authz) {
        for (auth_id, resource) in &authz.user_project_to_resource {
            self.resource_exists(&format!("authz.user_project_to_resource.{auth_id}"), resource);
        }
    }

    fn users(&mut self, file: &UserYaml) {
        for (name, user) in &file.users {
            let here = format!("users.{name}");
            if name.is_empty() {
                self.say("users", "a user has an empty name".to_owned(), "name or remove the user");
            }
            self.policies_exist(&format!("{here}.policies"), &user.policies);
            for (at, project) in user.projects.iter().enumerate() {
                let path = format!("{here}.projects[{at}]");
                for (number, method) in project.privilege.iter().enumerate() {
                    self.method(&format!("{path}.privilege[{number}]"), method);
                }
                match file.authz.resource_of(project) {
                    Some(resource) => self.resource_exists(&path, resource),
                    None => {
                        let message = format!("the project `{}` leads to no resource", project.auth_id);
                        self.say(
                            &path,
                            message,
                            "add `resource: /path` or name it in `user_project_to_resource`",
                        );
                    }
                }
            }
        }
    }
}

/// Users that arborist takes for one, since it decides without regard to letter case.
pub(crate) fn same_but_for_case(file: &UserYaml) -> Vec<Problem> {
    let mut first: HashMap<String, &str> = HashMap::new();
    let mut warnings = Vec::new();
    for name in file.users.keys() {
        if let Some(other) = first.insert(name.to_lowercase(), name) {
            let message =
                format!("`{other}` and `{name}` are one user to arborist, who has the policies of both");
            warnings.push(Problem::new(&format!("users.{name}"), message, "write the name in one way"));
        }
    }
    warnings
}
