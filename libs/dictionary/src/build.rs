//! From resolved files to a typed [`Dictionary`].

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    Category, Dictionary, Link, LinkGroup, LinkItem, LoadError, Multiplicity, NodeType, Problem, Property,
    ScalarType, Severity, builtin, connect,
    model::{LINK_KEYS, NOT_NODES},
    problem::step,
    resolve, source, unreadable,
};

/// An id without its underscores must leave room for `node_` and `_node_id_idx` in PostgreSQL's 63
/// characters.
pub(crate) const MAX_ID: usize = 46;

impl Dictionary {
    /// Loads a dictionary from a folder, a merged JSON file or an address; see [`crate::read_files`]. A
    /// process that loads from `https` has to install a TLS provider first.
    ///
    /// # Errors
    /// It cannot be read, or it breaks rules that the services rely on: then all problems are listed.
    pub async fn load(source: &str) -> Result<Self, LoadError> {
        Self::from_files(source::read_files(source).await?)
    }

    /// Builds a dictionary from the unresolved contents of its files, by file name, in dictionary order.
    ///
    /// # Errors
    /// See [`Dictionary::load`].
    pub fn from_files(files: IndexMap<String, Value>) -> Result<Self, LoadError> {
        let (dictionary, mut problems) = Self::as_far_as_possible(files, &[]);
        problems.retain(|problem| problem.severity == Severity::Error);
        if problems.is_empty() { Ok(dictionary) } else { Err(LoadError::Invalid(problems)) }
    }

    /// Builds what can be built, and tells everything that is wrong. `unread` has the names of files that are
    /// there but could not be read.
    pub(crate) fn as_far_as_possible(
        files: IndexMap<String, Value>,
        unread: &[String],
    ) -> (Self, Vec<Problem>) {
        let digest = digest(&files);
        let files = builtin::with_builtins(files);
        let (resolved, mut problems) = resolve::resolve(&files);
        let nodes = nodes(&resolved, &mut problems);
        let settings = settings(&resolved, &mut problems);
        let understood: HashSet<&str> = nodes.iter().map(|(file, _)| *file).collect();
        let others = files.keys().chain(unread).filter(|file| !understood.contains(file.as_str()));
        let ids = files.values().filter_map(|file| file.get("id").and_then(Value::as_str));
        let named: HashSet<&str> = ids.chain(others.map(|file| stem(file))).collect();
        let nodes = connect::connect(nodes, &named, &mut problems);
        let nodes = nodes.into_iter().map(|(_, node)| (node.id.clone(), node)).collect();
        let files = resolved.into_iter().map(|(name, value)| (stem(&name).to_owned(), value)).collect();
        let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning);
        let warnings = warnings.cloned().collect();
        (Self { nodes, files, settings, digest, warnings }, problems)
    }
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn digest(files: &IndexMap<String, Value>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in files {
        let value = value.to_string();
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(value);
    }
    hex::encode(hash.finalize())
}

fn settings(resolved: &IndexMap<String, Value>, problems: &mut Vec<Problem>) -> Map<String, Value> {
    match resolved.get("_settings.yaml") {
        Some(Value::Object(settings)) => settings.clone(),
        None | Some(Value::Null) => Map::new(),
        Some(_) => {
            let remedy = "Write name: value lines.";
            problems.push(Problem::new("_settings.yaml", "", "it is not a mapping", remedy));
            Map::new()
        }
    }
}

/// Reads the node types, each with the name of its file.
fn nodes<'a>(resolved: &'a IndexMap<String, Value>, problems: &mut Vec<Problem>) -> Vec<(&'a str, NodeType)> {
    let mut nodes: Vec<(&str, NodeType)> = Vec::new();
    for (file, schema) in resolved {
        if NOT_NODES.contains(&file.as_str()) {
            continue;
        }
        let mut reader = SchemaReader { file, problems: Vec::new() };
        let node = reader.node(schema);
        if let Some((other, _)) = nodes.iter().find(|(_, known)| known.id == node.id) {
            let message = format!("the id {} is also that of {other}", node.id);
            reader.problem("/id", message, "Give each node type its own id.");
        }
        if reader.problems.iter().all(|problem| problem.severity == Severity::Warning) {
            nodes.push((file, node));
        }
        problems.append(&mut reader.problems);
    }
    nodes
}

/// Reads one node schema and collects what is wrong with it.
struct SchemaReader<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl SchemaReader<'_> {
    fn problem(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::new(self.file, path, message, remedy));
    }

    fn node(&mut self, schema: &Value) -> NodeType {
        let id = self.text(schema, "", "id");
        let title = self.text(schema, "", "title");
        // The services can do without it; `commons dictionary check` asks for it.
        let category = match schema.get("category") {
            None | Some(Value::Null) => Category(String::new()),
            Some(_) => Category(self.text(schema, "", "category")),
        };
        if id.replace('_', "").len() > MAX_ID {
            let message = format!("the id {id} has more than {MAX_ID} characters, underscores not counted");
            self.problem("/id", message, "Shorten it: names of tables and indexes are made of it.");
        }
        let links = self.links(schema.get("links"), "/links");
        let links = self.distinct(links);
        self.problems.extend(unreadable::unreadable(self.file, schema));
        NodeType {
            title,
            category,
            properties: self.properties(schema.get("properties")),
            required: self.names(schema.get("required"), "/required"),
            system_properties: self.names(schema.get("systemProperties"), "/systemProperties"),
            unique_keys: self.unique_keys(schema.get("uniqueKeys")),
            links,
            backlinks: Vec::new(),
            schema: schema.clone(),
            id,
        }
    }

    fn warn(&mut self, path: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem::warning(self.file, path, message, remedy));
    }

    fn text(&mut self, object: &Value, path: &str, key: &str) -> String {
        match object.get(key) {
            Some(Value::String(text)) if !text.is_empty() => return text.clone(),
            Some(Value::String(_)) | Some(Value::Null) | None => {
                self.problem(path, format!("{key} is missing"), format!("Add {key}: a string."));
            }
            Some(_) => {
                self.problem(&step(path, key), format!("{key} is not a string"), "Write a string, in quotes.")
            }
        }
        String::new()
    }

    fn flag(&mut self, object: &Value, path: &str, key: &str) -> bool {
        match object.get(key) {
            Some(Value::Bool(flag)) => return *flag,
            None => self.problem(path, format!("{key} is missing"), format!("Add {key}: true or false.")),
            Some(_) => self.problem(&step(path, key), format!("{key} is not true or false"), "Correct it."),
        }
        false
    }

    fn names(&mut self, list: Option<&Value>, path: &str) -> Vec<String> {
        let names = match list {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }
            Some(_) => None,
        };
        names.unwrap_or_else(|| {
            self.problem(path, "it is not a list of names", "Write a list of property names.");
            Vec::new()
        })
    }

    fn unique_keys(&mut self, keys: Option<&Value>) -> Vec<Vec<String>> {
        match keys {
            None | Some(Value::Null) => vec![vec!["id".to_owned()]],
            Some(Value::Array(keys)) => {
                let numbered = keys.iter().enumerate();
                numbered.map(|(i, key)| self.names(Some(key), &step("/uniqueKeys", i))).collect()
            }
            Some(_) => {
                self.problem("/uniqueKeys", "it is not a list", "Write a list of lists of property names.");
                Vec::new()
            }
        }
    }

    fn properties(&mut self, properties: Option<&Value>) -> IndexMap<String, Property> {
        let Some(Value::Object(properties)) = properties else {
            self.problem("/properties", "properties are missing", "Add properties: a mapping of names.");
            return IndexMap::new();
        };
        let mut typed = IndexMap::new();
        for (name, schema) in properties {
            if !schema.is_object() {
                let path = step("/properties", name);
                let message = format!("the property {name} is not a mapping");
                self.problem(&path, message, "Write its JSON schema.");
            }
            let property = Property {
                name: name.clone(),
                scalar: ScalarType::of(schema),
                items: schema.get("items").filter(|items| items.get("type").is_some()).map(ScalarType::of),
                schema: schema.clone(),
            };
            typed.insert(name.clone(), property);
        }
        typed
    }

    fn links(&mut self, links: Option<&Value>, path: &str) -> Vec<LinkItem> {
        match links {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                let numbered = items.iter().enumerate();
                numbered.map(|(i, item)| self.link_item(item, &step(path, i))).collect()
            }
            Some(_) => {
                self.problem(path, "it is not a list", "Write a list of links and subgroups.");
                Vec::new()
            }
        }
    }

    fn link_item(&mut self, item: &Value, path: &str) -> LinkItem {
        if item.get("subgroup").is_some() {
            return LinkItem::Group(LinkGroup {
                exclusive: self.flag(item, path, "exclusive"),
                required: self.flag(item, path, "required"),
                members: self.links(item.get("subgroup"), &step(path, "subgroup")),
            });
        }
        if !item.is_object() {
            let remedy = format!("Write one with {}.", LINK_KEYS.join(", "));
            self.problem(path, "a link is not a mapping", remedy);
        }
        let multiplicity = self.text(item, path, "multiplicity");
        LinkItem::Link(Link {
            name: self.text(item, path, "name"),
            backref: self.text(item, path, "backref"),
            label: self.text(item, path, "label").replace(' ', ""),
            target_type: self.text(item, path, "target_type"),
            multiplicity: Multiplicity::parse(&multiplicity).unwrap_or_else(|| {
                let words = "one_to_one, one_to_many, many_to_one or many_to_many";
                let message = format!("the multiplicity {multiplicity:?} is unknown");
                self.problem(&step(path, "multiplicity"), message, format!("Write {words}."));
                Multiplicity::ManyToMany
            }),
            required: self.flag(item, path, "required"),
        })
    }

    /// Of two links with one name the later one counts, as in the original, whose models have it under that
    /// name.
    fn distinct(&mut self, mut links: Vec<LinkItem>) -> Vec<LinkItem> {
        let names: Vec<String> =
            links.iter().flat_map(LinkItem::flatten).map(|link| link.name.clone()).collect();
        let mut at = 0;
        let mut is_last = |link: &Link| {
            at += 1;
            let last = !names[at..].contains(&link.name);
            if !last {
                let message = format!("two links have the name {}; the later one counts", link.name);
                self.warn("/links", message, "Give each link its own name.");
            }
            last
        };
        links.retain_mut(|item| item.retain(&mut is_last));
        links
    }
}
