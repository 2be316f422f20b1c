//! From YAML nodes to the types of a user.yaml. What does not fit is reported and read as empty.

use indexmap::IndexMap;
use yaml::{Content, Kind, Mapping, Node, Scalar};

use crate::{
    model::{Authz, Client, Group, Permission, Policy, Project, Resource, Role, User, UserYaml},
    path::Path,
    report::Report,
};

const QUOTE: &str = "put it in quotes";

/// Reads the document with this root.
pub(crate) fn user_yaml(root: &Node, report: &mut Report<'_>) -> UserYaml {
    Reader { report }.user_yaml(root)
}

struct Reader<'r, 'd> {
    report: &'r mut Report<'d>,
}

/// A mapping and where it stands.
struct Section<'a> {
    mapping: Option<&'a Mapping>,
    path: Path<'a>,
}

impl<'a> Section<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.mapping?.get(key).filter(|value| !value.is_null())
    }
}

fn kind(node: &Node) -> &'static str {
    match &node.content {
        Content::List(_) => "a list",
        Content::Mapping(_) => "a mapping",
        Content::Scalar(scalar) => kind_of_scalar(scalar),
    }
}

fn kind_of_scalar(scalar: &Scalar) -> &'static str {
    match scalar.kind {
        Kind::Null => "nothing",
        Kind::Bool(_) => "a boolean",
        Kind::Number(_) => "a number",
        Kind::String => "a text",
    }
}

/// The string that is meant, if it is one, or would be one but for YAML 1.1: `on`, `010`, `1_000`, `1:30`.
fn string(scalar: &Scalar) -> Option<&str> {
    let text = scalar.text.as_str();
    let is_string = match scalar.kind {
        Kind::Null => false,
        Kind::Bool(_) => !["true", "false"].contains(&text.to_ascii_lowercase().as_str()),
        Kind::Number(_) => {
            let digits = text.trim_start_matches(['+', '-']).as_bytes();
            let is_padded = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
            is_padded || text.contains(['_', ':'])
        }
        Kind::String => true,
    };
    is_string.then_some(text)
}

impl Reader<'_, '_> {
    fn wanted(&mut self, path: &Path<'_>, node: &Node, wanted: &str, remedy: &str) {
        self.report.problem(path, format!("is {}, but {wanted} is wanted", kind(node)), remedy);
    }

    /// The mapping at `path`.
    fn mapping<'a>(&mut self, path: &Path<'_>, value: Option<&'a Node>) -> Option<&'a Mapping> {
        let value = value.filter(|value| !value.is_null())?;
        if let Content::Mapping(mapping) = &value.content {
            return Some(mapping);
        }
        self.wanted(path, value, "a mapping", "write `key: value` lines");
        None
    }

    /// The mapping at `path`; keys other than these are warned about.
    fn section<'a>(&mut self, path: &'a Path<'a>, value: Option<&'a Node>, keys: &[&str]) -> Section<'a> {
        let mapping = self.mapping(path, value);
        let given = mapping.into_iter().flat_map(Mapping::iter).filter_map(|entry| string(&entry.key));
        for key in given.filter(|key| !keys.contains(key)) {
            let remedy = format!("known here are {}", keys.join(", "));
            self.report.warning(&path.key(key), "nobody reads this key", remedy);
        }
        Section { mapping, path: *path }
    }

    /// The items of the list under `key`, each read by `read`.
    fn list<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        read: fn(&mut Self, &Path<'_>, &Node) -> T,
    ) -> Vec<T> {
        let Some(value) = section.get(key) else { return Vec::new() };
        let path = section.path.key(key);
        let items = match &value.content {
            Content::List(items) => items,
            // The original's usersync iterates over it, and a mapping without keys has nothing there.
            Content::Mapping(mapping) if mapping.iter().next().is_none() => {
                self.report.warning(&path, "is an empty mapping, and is read as an empty list", "write `[]`");
                return Vec::new();
            }
            _ => {
                self.wanted(&path, value, "a list", "write one `- item` a line");
                return Vec::new();
            }
        };
        items.iter().enumerate().map(|(index, item)| read(self, &path.index(index), item)).collect()
    }

    /// The entries of a mapping with free keys, each value read by `read`.
    fn entries<T>(
        &mut self,
        path: &Path<'_>,
        value: Option<&Node>,
        read: fn(&mut Self, &Path<'_>, &Node) -> Option<T>,
    ) -> IndexMap<String, T> {
        let mapping = self.mapping(path, value);
        let mut entries = IndexMap::new();
        for entry in mapping.into_iter().flat_map(Mapping::iter) {
            let Some(key) = string(&entry.key) else {
                let message = format!("a key is {}, but a text is wanted", kind_of_scalar(&entry.key));
                self.report.problem_at(entry.position, path, message, QUOTE);
                continue;
            };
            if let Some(value) = read(self, &path.key(key), &entry.value) {
                entries.insert(key.to_owned(), value);
            }
        }
        entries
    }

    fn text_at(&mut self, path: &Path<'_>, value: &Node) -> Option<String> {
        let remedy = match &value.content {
            Content::Scalar(scalar) => match string(scalar) {
                Some(text) => return Some(text.to_owned()),
                None if scalar.kind == Kind::Null => "write a text",
                None => QUOTE,
            },
            Content::List(_) | Content::Mapping(_) => "write a text",
        };
        self.wanted(path, value, "a text", remedy);
        None
    }

    fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        self.text_at(&section.path.key(key), section.get(key)?)
    }

    /// A string that must be given and must not be empty.
    fn name(&mut self, section: &Section<'_>, key: &str) -> String {
        if section.get(key).is_none() {
            self.report.problem(&section.path, format!("`{key}` is missing"), format!("add `{key}: ...`"));
            return String::new();
        }
        let text = self.text(section, key);
        if text.as_ref().is_some_and(String::is_empty) {
            self.report.problem(&section.path.key(key), "is empty", "write a name");
        }
        text.unwrap_or_default()
    }

    /// A free text: numbers and booleans are taken as they are written.
    fn scalar(&mut self, path: &Path<'_>, value: &Node) -> Option<String> {
        match &value.content {
            Content::Scalar(scalar) if scalar.kind == Kind::Null => Some(String::new()),
            Content::Scalar(scalar) => Some(scalar.text.clone()),
            Content::List(_) | Content::Mapping(_) => self.text_at(path, value),
        }
    }

    fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        self.list(section, key, Self::text_at).into_iter().flatten().collect()
    }

    /// A boolean, also one in quotes.
    fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(value) = section.get(key) else { return false };
        let flag = match &value.content {
            Content::Scalar(Scalar { kind: Kind::Bool(flag), .. }) => Some(*flag),
            Content::Scalar(Scalar { kind: Kind::String, text }) => yaml::boolean(text),
            _ => None,
        };
        if flag.is_none() {
            self.wanted(&section.path.key(key), value, "true or false", "write `true` or `false`");
        }
        flag.unwrap_or(false)
    }

    fn user_yaml(&mut self, root: &Node) -> UserYaml {
        let known = ["authz", "rbac", "clients", "users", "cloud_providers", "groups"];
        let top = self.section(&Path::FILE, Some(root), &known);
        if top.get("authz").is_some() && top.get("rbac").is_some() {
            let remedy = "move everything into `authz`";
            self.report.warning(&top.path.key("rbac"), "nobody reads this beside `authz`", remedy);
        }
        let section = self.report.section;
        UserYaml {
            authz: self.authz(&top.path.key(section), top.get(section)),
            clients: self.entries(&top.path.key("clients"), top.get("clients"), Self::client),
            users: self.entries(&top.path.key("users"), top.get("users"), Self::user),
            warnings: Vec::new(),
        }
    }

    fn authz(&mut self, path: &Path<'_>, value: Option<&Node>) -> Authz {
        let projects = "user_project_to_resource";
        let known = [
            "anonymous_policies",
            "all_users_policies",
            "groups",
            "resources",
            "policies",
            "roles",
            projects,
        ];
        let section = self.section(path, value, &known);
        Authz {
            user_project_to_resource: self.entries(&path.key(projects), section.get(projects), Self::text_at),
            anonymous_policies: self.texts(&section, "anonymous_policies"),
            all_users_policies: self.texts(&section, "all_users_policies"),
            groups: self.list(&section, "groups", Self::group),
            resources: self.list(&section, "resources", Self::resource),
            policies: self.list(&section, "policies", Self::policy),
            roles: self.list(&section, "roles", Self::role),
        }
    }

    fn group(&mut self, path: &Path<'_>, value: &Node) -> Group {
        let section = self.section(path, Some(value), &["name", "policies", "users", "description"]);
        Group {
            name: self.name(&section, "name"),
            policies: self.texts(&section, "policies"),
            users: self.texts(&section, "users"),
        }
    }

    fn resource(&mut self, path: &Path<'_>, value: &Node) -> Resource {
        let section = self.section(path, Some(value), &["name", "description", "subresources"]);
        Resource {
            name: self.name(&section, "name"),
            description: self.text(&section, "description"),
            subresources: self.list(&section, "subresources", Self::resource),
        }
    }

    fn policy(&mut self, path: &Path<'_>, value: &Node) -> Policy {
        let section = self.section(path, Some(value), &["id", "description", "role_ids", "resource_paths"]);
        Policy {
            id: self.name(&section, "id"),
            description: self.text(&section, "description"),
            role_ids: self.texts(&section, "role_ids"),
            resource_paths: self.texts(&section, "resource_paths"),
        }
    }

    fn role(&mut self, path: &Path<'_>, value: &Node) -> Role {
        let section = self.section(path, Some(value), &["id", "description", "permissions"]);
        Role {
            id: self.name(&section, "id"),
            description: self.text(&section, "description"),
            permissions: self.list(&section, "permissions", Self::permission),
        }
    }

    fn permission(&mut self, path: &Path<'_>, value: &Node) -> Permission {
        let section = self.section(path, Some(value), &["id", "description", "action", "constraints"]);
        let id = self.name(&section, "id");
        let Some(action) = section.get("action") else {
            let remedy = "add `action: {service: ..., method: ...}`";
            self.report.problem(path, "`action` is missing", remedy);
            return Permission { id, ..Permission::default() };
        };
        let path = path.key("action");
        let action = self.section(&path, Some(action), &["service", "method"]);
        Permission { id, service: self.name(&action, "service"), method: self.name(&action, "method") }
    }

    fn client(&mut self, path: &Path<'_>, value: &Node) -> Option<Client> {
        let section = self.section(path, Some(value), &["policies"]);
        Some(Client { policies: self.texts(&section, "policies") })
    }

    fn user(&mut self, path: &Path<'_>, value: &Node) -> Option<User> {
        let known = ["email", "display_name", "phone_number", "admin", "tags", "policies", "projects"];
        let section = self.section(path, Some(value), &known);
        let phone_number = section.get("phone_number");
        Some(User {
            tags: self.entries(&path.key("tags"), section.get("tags"), Self::scalar),
            email: self.text(&section, "email"),
            display_name: self.text(&section, "display_name"),
            phone_number: phone_number.and_then(|value| self.scalar(&path.key("phone_number"), value)),
            admin: self.flag(&section, "admin"),
            policies: self.texts(&section, "policies"),
            projects: self.list(&section, "projects", Self::project),
        })
    }

    fn project(&mut self, path: &Path<'_>, value: &Node) -> Project {
        let section = self.section(path, Some(value), &["auth_id", "privilege", "resource"]);
        if section.get("privilege").is_none() {
            self.report.problem(path, "`privilege` is missing", "add `privilege: [read]`");
        }
        Project {
            auth_id: self.name(&section, "auth_id"),
            privilege: self.texts(&section, "privilege"),
            resource: self.text(&section, "resource"),
        }
    }
}
