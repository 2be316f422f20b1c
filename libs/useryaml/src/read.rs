//! From YAML values to the types of a user.yaml, collecting what does not fit.

use indexmap::IndexMap;
use serde_yaml_ng::{Mapping, Value};

use crate::{Authz, Client, Group, Permission, Policy, Problem, Project, Resource, Role, User, UserYaml};

/// Reads values; what does not fit is noted and read as empty.
pub(crate) struct Reader {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    /// The name under which the file has `authz`.
    pub(crate) section: &'static str,
}

impl Default for Reader {
    fn default() -> Self {
        Self { problems: Vec::new(), warnings: Vec::new(), section: "authz" }
    }
}

/// A mapping and where it stands.
struct Section<'a> {
    map: Option<&'a Mapping>,
    path: String,
}

impl<'a> Section<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    fn at(&self, key: &str) -> String {
        child(&self.path, key)
    }
}

fn child(path: &str, key: &str) -> String {
    let plain = !key.contains(['.', ' ', '[', '\'']);
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}['{key}']"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a value with a tag",
    }
}

const QUOTE: &str = "put it in quotes";

impl Reader {
    fn problem(&mut self, path: &str, message: String, remedy: &str) {
        self.problems.push(Problem::new(path, message, remedy));
    }

    /// The mapping at `path`; keys outside `known` are warned about (none: any key will do).
    fn section<'a>(&mut self, path: String, value: Option<&'a Value>, known: &[&str]) -> Section<'a> {
        let map = match value {
            None | Some(Value::Null) => None,
            Some(Value::Mapping(map)) => Some(map),
            Some(other) => {
                self.problem(
                    &path,
                    format!("is {}, but a mapping is wanted", kind(other)),
                    "write `key: value` lines",
                );
                None
            }
        };
        if let (Some(map), false) = (map, known.is_empty()) {
            let unknown = map.keys().filter_map(Value::as_str).filter(|key| !known.contains(key));
            for key in unknown {
                let remedy = format!("known here are {}", known.join(", "));
                self.warnings.push(Problem::new(&child(&path, key), "nobody reads this key", remedy));
            }
        }
        Section { map, path }
    }

    fn list<'a>(&mut self, section: &Section<'a>, key: &str) -> Vec<(String, &'a Value)> {
        let path = section.at(key);
        match section.get(key) {
            None => Vec::new(),
            Some(Value::Sequence(items)) => {
                items.iter().enumerate().map(|(at, item)| (format!("{path}[{at}]"), item)).collect()
            }
            Some(other) => {
                self.problem(
                    &path,
                    format!("is {}, but a list is wanted", kind(other)),
                    "write one `- item` a line",
                );
                Vec::new()
            }
        }
    }

    /// Entries of a mapping with free keys.
    fn entries<'a>(&mut self, section: &Section<'a>) -> Vec<(String, String, &'a Value)> {
        let mut entries = Vec::new();
        for (key, value) in section.map.into_iter().flatten() {
            match key {
                Value::String(name) => entries.push((name.clone(), section.at(name), value)),
                other => {
                    let message = format!("a key is {}, but a text is wanted", kind(other));
                    self.problem(&section.path, message, QUOTE);
                }
            }
        }
        entries
    }

    fn text_at(&mut self, path: &str, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => {
                self.problem(path, format!("is {}, but a text is wanted", kind(value)), QUOTE);
                None
            }
            other => {
                self.problem(path, format!("is {}, but a text is wanted", kind(other)), "write a text");
                None
            }
        }
    }

    fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        let value = section.get(key)?;
        self.text_at(&section.at(key), value)
    }

    /// A text that must be there and not be empty.
    fn name(&mut self, section: &Section<'_>, key: &str) -> String {
        if section.get(key).is_none() {
            self.problem(&section.path, format!("`{key}` is missing"), &format!("add `{key}: ...`"));
            return String::new();
        }
        let text = self.text(section, key).unwrap_or_default();
        if text.is_empty() && section.get(key).is_some_and(Value::is_string) {
            self.problem(&section.at(key), "is empty".to_owned(), "write a name");
        }
        text
    }

    /// A free text, for which numbers and booleans do as well.
    fn scalar(&mut self, path: &str, value: &Value) -> Option<String> {
        match value {
            Value::Null => Some(String::new()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            other => self.text_at(path, other),
        }
    }

    fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let items = self.list(section, key);
        items.into_iter().filter_map(|(path, item)| self.text_at(&path, item)).collect()
    }

    /// A boolean, also in the spellings of YAML 1.1.
    fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        match section.get(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text))
                if matches!(text.as_str(), "yes" | "Yes" | "YES" | "on" | "On" | "ON") =>
            {
                true
            }
            Some(Value::String(text))
                if matches!(text.as_str(), "no" | "No" | "NO" | "off" | "Off" | "OFF") =>
            {
                false
            }
            Some(other) => {
                let message = format!("is {}, but true or false is wanted", kind(other));
                self.problem(&section.at(key), message, "write `true` or `false`");
                false
            }
        }
    }

    pub(crate) fn user_yaml(&mut self, document: &Value) -> UserYaml {
        let known = ["authz", "rbac", "clients", "users", "cloud_providers", "groups"];
        let top = self.section(String::new(), Some(document), &known);
        let authz = match (top.get("authz"), top.get("rbac")) {
            (None, Some(rbac)) => {
                self.section = "rbac";
                self.authz("rbac", Some(rbac))
            }
            (authz, rbac) => {
                if rbac.is_some() {
                    let remedy = "move everything into `authz`";
                    self.warnings.push(Problem::new("rbac", "nobody reads this beside `authz`", remedy));
                }
                self.authz("authz", authz)
            }
        };
        let clients = self.section(top.at("clients"), top.get("clients"), &[]);
        let clients = self.entries(&clients).into_iter().map(|(name, path, value)| {
            let section = self.section(path, Some(value), &["policies"]);
            (name, Client { policies: self.texts(&section, "policies") })
        });
        let clients: IndexMap<String, Client> = clients.collect();
        let users = self.section(top.at("users"), top.get("users"), &[]);
        let users =
            self.entries(&users).into_iter().map(|(name, path, value)| (name, self.user(path, value)));
        UserYaml { authz, clients, users: users.collect(), warnings: Vec::new() }
    }

    fn authz(&mut self, path: &str, value: Option<&Value>) -> Authz {
        let known = [
            "anonymous_policies",
            "all_users_policies",
            "groups",
            "resources",
            "policies",
            "roles",
            "user_project_to_resource",
        ];
        let section = self.section(path.to_owned(), value, &known);
        let mapping = self.section(section.at(known[6]), section.get(known[6]), &[]);
        let mut user_project_to_resource = IndexMap::new();
        for (auth_id, path, value) in self.entries(&mapping) {
            if let Some(resource) = self.text_at(&path, value) {
                user_project_to_resource.insert(auth_id, resource);
            }
        }
        Authz {
            anonymous_policies: self.texts(&section, known[0]),
            all_users_policies: self.texts(&section, known[1]),
            groups: self.each(&section, known[2], Self::group),
            resources: self.each(&section, known[3], Self::resource),
            policies: self.each(&section, known[4], Self::policy),
            roles: self.each(&section, known[5], Self::role),
            user_project_to_resource,
        }
    }

    fn each<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        read: fn(&mut Self, String, &Value) -> T,
    ) -> Vec<T> {
        let items = self.list(section, key);
        items.into_iter().map(|(path, item)| read(self, path, item)).collect()
    }

    fn group(&mut self, path: String, value: &Value) -> Group {
        let section = self.section(path, Some(value), &["name", "policies", "users", "description"]);
        Group {
            name: self.name(&section, "name"),
            policies: self.texts(&section, "policies"),
            users: self.texts(&section, "users"),
        }
    }

    fn resource(&mut self, path: String, value: &Value) -> Resource {
        let section = self.section(path, Some(value), &["name", "description", "subresources"]);
        Resource {
            name: self.name(&section, "name"),
            description: self.text(&section, "description"),
            subresources: self.each(&section, "subresources", Self::resource),
        }
    }

    fn policy(&mut self, path: String, value: &Value) -> Policy {
        let section = self.section(path, Some(value), &["id", "description", "role_ids", "resource_paths"]);
        Policy {
            id: self.name(&section, "id"),
            description: self.text(&section, "description"),
            role_ids: self.texts(&section, "role_ids"),
            resource_paths: self.texts(&section, "resource_paths"),
        }
    }

    fn role(&mut self, path: String, value: &Value) -> Role {
        let section = self.section(path, Some(value), &["id", "description", "permissions"]);
        Role {
            id: self.name(&section, "id"),
            description: self.text(&section, "description"),
            permissions: self.each(&section, "permissions", Self::permission),
        }
    }

    fn permission(&mut self, path: String, value: &Value) -> Permission {
        let section = self.section(path, Some(value), &["id", "description", "action", "constraints"]);
        let id = self.name(&section, "id");
        if section.get("action").is_none() {
            self.problem(
                &section.path,
                "`action` is missing".to_owned(),
                "add `action: {service: ..., method: ...}`",
            );
            return Permission { id, ..Permission::default() };
        }
        let action = self.section(section.at("action"), section.get("action"), &["service", "method"]);
        Permission { id, service: self.name(&action, "service"), method: self.name(&action, "method") }
    }

    fn user(&mut self, path: String, value: &Value) -> User {
        let known = ["email", "display_name", "phone_number", "admin", "tags", "policies", "projects"];
        let section = self.section(path, Some(value), &known);
        let phone_number = section.get("phone_number");
        let labels = self.section(section.at("tags"), section.get("tags"), &[]);
        let mut tags = IndexMap::new();
        for (key, path, value) in self.entries(&labels) {
            if let Some(text) = self.scalar(&path, value) {
                tags.insert(key, text);
            }
        }
        User {
            email: self.text(&section, "email"),
            display_name: self.text(&section, "display_name"),
            phone_number: phone_number.and_then(|value| self.scalar(&section.at("phone_number"), value)),
            admin: self.flag(&section, "admin"),
            tags,
            policies: self.texts(&section, "policies"),
            projects: self.each(&section, "projects", Self::project),
        }
    }

    fn project(&mut self, path: String, value: &Value) -> Project {
        let section = self.section(path, Some(value), &["auth_id", "privilege", "resource"]);
        if section.get("privilege").is_none() {
            self.problem(&section.path, "`privilege` is missing".to_owned(), "add `privilege: [read]`");
        }
        Project {
            auth_id: self.name(&section, "auth_id"),
            privilege: self.texts(&section, "privilege"),
            resource: self.text(&section, "resource"),
        }
    }
}
