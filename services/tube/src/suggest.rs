//! A mapping for any dictionary: what an explorer needs, without anybody writing it. Pure.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    fmt::Write as _,
};

use dictionary::{Dictionary, Link, NodeType, ScalarType};

/// What roots are called in the dictionaries of the world, the likeliest first.
const ROOTS: [&str; 8] =
    ["case", "subject", "participant", "patient", "individual", "person", "donor", "animal"];
/// Properties that nobody looks for.
const DULL: [&str; 5] = ["id", "type", "state", "created_datetime", "updated_datetime"];
/// What files are found by, where types differ in the rest.
const FILE_PROPERTIES: [&str; 8] = [
    "file_name",
    "file_size",
    "md5sum",
    "object_id",
    "data_category",
    "data_type",
    "data_format",
    "submitter_id",
];
/// Words that YAML 1.1 reads as something else.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"];
/// An index has at most about this many fields; engines take 1,000, each text counting twice.
const FIELDS: usize = 400;

/// A mapping of a dictionary, and what guppy has to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// etlMapping.yaml.
    pub mapping: String,
    /// guppy's configuration: JSON.
    pub guppy: String,
}

/// Suggests a mapping whose indices are called `PREFIX_TYPE`. `None` if the dictionary has nothing below its
/// projects.
pub fn suggest(dictionary: &Dictionary, prefix: &str) -> Option<Suggestion> {
    let root = root(dictionary)?;
    let files =
        dictionary.nodes.values().any(|node| node.category.is_data_file() && is_below(dictionary, node));
    // A root called `file` would collide with the collector of files.
    let file_type = if root.id == "file" { "data_file" } else { "file" };
    let mut writer = Writer { dictionary, text: String::new(), names: HashSet::new(), fields: 0 };
    writer.head();
    writer.aggregator(prefix, root, files.then_some(file_type));
    let mut indices = vec![(format!("{prefix}_{}", root.id), root.id.as_str())];
    if files {
        writer.collector(prefix, root, file_type);
        indices.push((format!("{prefix}_{file_type}"), file_type));
    }
    let indices: Vec<_> =
        indices.iter().map(|(index, kind)| serde_json::json!({ "index": index, "type": kind })).collect();
    let guppy = serde_json::json!({
        "indices": indices,
        "config_index": crate::aliases::shared_config(prefix),
        "auth_filter_field": "auth_resource_path",
    });
    Some(Suggestion { mapping: writer.text, guppy: format!("{guppy:#}\n") })
}

fn is_system(node: &NodeType) -> bool {
    ["program", "project", "root", "data_release"].contains(&node.id.as_str())
}

/// Whether records of a type can belong to a project.
fn is_below(dictionary: &Dictionary, node: &NodeType) -> bool {
    !is_system(node) && ancestors(dictionary, node).contains("project")
}

fn ancestors<'d>(dictionary: &'d Dictionary, node: &'d NodeType) -> BTreeSet<&'d str> {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![node]);
    while let Some(node) = waiting.pop() {
        for link in node.all_links() {
            if let Some(parent) = dictionary.nodes.get(&link.target_type)
                && seen.insert(parent.id.as_str())
            {
                waiting.push(parent);
            }
        }
    }
    seen
}

/// The type that is searched for: one with a usual name, else the one with the most types right below it.
fn root(dictionary: &Dictionary) -> Option<&NodeType> {
    let mut usual = ROOTS.iter().filter_map(|name| dictionary.nodes.get(*name));
    let fits = |node: &&NodeType| {
        is_below(dictionary, node) && !node.category.is_file() && has_project(node) && is_plain(&node.id)
    };
    let all = || dictionary.nodes.values().filter(fits);
    let children =
        |node: &NodeType| node.backlinks.iter().map(|(source, _)| source).collect::<BTreeSet<_>>().len();
    // Of several the first: `max_by_key` would take the last.
    usual.find(fits).or_else(|| all().rev().max_by_key(|node| children(node)))
}

fn has_project(node: &NodeType) -> bool {
    node.properties.contains_key("project_id")
}

/// Whether a name can be part of the name of an index.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

struct Writer<'d> {
    dictionary: &'d Dictionary,
    text: String,
    /// The fields of the index that is written.
    names: HashSet<String>,
    fields: usize,
}

impl<'d> Writer<'d> {
    fn line(&mut self, indent: usize, line: &str) {
        // Writing into a text does not fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    fn head(&mut self) {
        self.line(0, "# Made by `commons etl init` from the dictionary: a start, to be changed as needed.");
        self.line(0, "mappings:");
    }

    fn begin(&mut self, prefix: &str, doc_type: &str, kind: &str, root: &str) {
        self.names = ["project_id", "auth_resource_path", "node_id", "source_node"].map(str::to_owned).into();
        self.names.insert(format!("_{doc_type}_id"));
        self.names.insert(format!("_{root}_id"));
        self.fields = 0;
        self.line(2, &format!("- name: {}", word(&format!("{prefix}_{doc_type}"))));
        self.line(4, &format!("doc_type: {}", word(doc_type)));
        self.line(4, &format!("type: {kind}"));
        self.line(4, &format!("root: {}", word(root)));
    }

    /// Takes a name for a field, if it is free and there is room.
    fn claim(&mut self, name: &str) -> bool {
        let is_free =
            self.fields < FIELDS && !name.contains(['.', '[', ',', ']', ':']) && !name.starts_with('_');
        let is_taken = is_free && self.names.insert(name.to_owned());
        self.fields += usize::from(is_taken);
        is_taken
    }

    fn aggregator(&mut self, prefix: &str, root: &'d NodeType, file_type: Option<&str>) {
        self.begin(prefix, &root.id, "aggregator", &root.id);
        self.line(4, "props:");
        self.line(6, "- name: project_id");
        for name in interesting(root) {
            if self.claim(name) {
                self.line(6, &format!("- name: {}", word(name)));
            }
        }
        self.parents(root);
        self.children(root);
        self.counts(root);
        if let Some(file_type) = file_type
            && self.files_lead_to(root)
        {
            self.joined_files(root, file_type);
        }
    }

    /// What the ancestors up to the project are called.
    fn parents(&mut self, root: &'d NodeType) {
        let mut lines = Vec::new();
        for link in root.all_links() {
            let Some(parent) = self.dictionary.nodes.get(&link.target_type) else { continue };
            if is_system(parent) || lines.iter().any(|(of, _)| *of == &parent.id) {
                continue;
            }
            let mut props = Vec::new();
            for (name, source) in named(parent) {
                if self.claim(&name) {
                    props.push(if name == source { name } else { format!("{name}:{source}") });
                }
            }
            if !props.is_empty() {
                lines.push((
                    &parent.id,
                    format!("- path: {}", quoted(&format!("{}[{}]", link.name, props.join(",")))),
                ));
            }
        }
        if !lines.is_empty() {
            self.line(4, "parent_props:");
            lines.iter().for_each(|(_, line)| self.line(6, line));
        }
    }

    /// What hangs on the root: single records as fields of their own, others as objects.
    fn children(&mut self, root: &'d NodeType) {
        let (mut flat, mut nested) = (Vec::new(), Vec::new());
        for (child, link) in self.children_of(root) {
            let properties = interesting(child);
            let is_flat = link.multiplicity.one_source();
            if !is_flat && (child.category.is_file() || !self.claim(&link.backref)) {
                continue;
            }
            let mut lines = Vec::new();
            let mut inner = HashSet::new();
            for name in properties {
                let is_new = if is_flat { self.claim(name) } else { self.room() && inner.insert(name) };
                if is_new && name != "project_id" {
                    lines.push(format!("- name: {}", word(name)));
                }
            }
            let blocks = if is_flat { &mut flat } else { &mut nested };
            if !lines.is_empty() {
                blocks.push((link.backref.clone(), lines));
            }
        }
        for (key, blocks) in [("flatten_props:", flat), ("nested_props:", nested)] {
            if !blocks.is_empty() {
                self.line(4, key);
            }
            for (backref, lines) in blocks {
                self.line(6, &format!("- path: {}", word(&backref)));
                self.line(8, "props:");
                lines.iter().for_each(|line| self.line(10, line));
            }
        }
    }

    fn room(&mut self) -> bool {
        self.fields += 1;
        self.fields <= FIELDS
    }

    /// Types right below a type, each by its first link.
    fn children_of(&self, node: &'d NodeType) -> Vec<(&'d NodeType, &'d Link)> {
        let mut seen = HashSet::new();
        let links = node.backlinks.iter();
        let child = |(source, link): &'d (String, Link)| Some((self.dictionary.nodes.get(source)?, link));
        links.filter_map(child).filter(|(child, _)| child.id != node.id && seen.insert(&child.id)).collect()
    }

    /// How many records of each type hang on the root, by the shortest way.
    fn counts(&mut self, root: &'d NodeType) {
        let mut waiting: VecDeque<(&NodeType, Vec<&str>)> = [(root, Vec::new())].into();
        let mut seen: HashSet<&str> = [root.id.as_str()].into();
        let mut lines = Vec::new();
        while let Some((node, path)) = waiting.pop_front() {
            for (child, link) in self.children_of(node) {
                if is_system(child) || child.category.is_internal() || !seen.insert(&child.id) {
                    continue;
                }
                let mut path = path.clone();
                path.push(link.backref.as_str());
                let name = format!("{}_count", child.id);
                if path.len() <= 3 && self.claim(&name) {
                    lines.push((name, path.join(".")));
                    waiting.push_back((child, path));
                }
            }
        }
        if !lines.is_empty() {
            self.line(4, "aggregated_props:");
        }
        for (name, path) in lines {
            self.line(6, &format!("- name: {}", word(&name)));
            self.line(8, &format!("path: {}", word(&path)));
            self.line(8, "fn: count");
        }
    }

    fn files_lead_to(&self, root: &NodeType) -> bool {
        let mut files = self.dictionary.nodes.values().filter(|node| node.category.is_data_file());
        files.any(|file| ancestors(self.dictionary, file).contains(root.id.as_str()))
    }

    fn joined_files(&mut self, root: &NodeType, file_type: &str) {
        let mut wanted = Vec::new();
        for name in ["data_category", "data_type", "data_format"] {
            if self.is_of_files(name) && self.claim(name) {
                wanted.push(name);
            }
        }
        if wanted.is_empty() {
            return;
        }
        self.line(4, "joining_props:");
        self.line(6, &format!("- index: {}", word(file_type)));
        self.line(8, &format!("join_on: {}", word(&format!("_{}_id", root.id))));
        self.line(8, "props:");
        for name in wanted {
            self.line(10, &format!("- name: {}", word(name)));
            self.line(12, "fn: set");
        }
    }

    fn is_of_files(&self, name: &str) -> bool {
        let mut files = self.dictionary.nodes.values().filter(|node| node.category.is_data_file());
        files.any(|file| is_below(self.dictionary, file) && file.properties.contains_key(name))
    }

    fn collector(&mut self, prefix: &str, root: &NodeType, file_type: &str) {
        self.begin(prefix, file_type, "collector", "None");
        self.line(4, "category: data_file");
        self.line(4, "props:");
        for name in FILE_PROPERTIES.into_iter().filter(|name| self.is_of_files(name)).collect::<Vec<_>>() {
            if self.claim(name) {
                self.line(6, &format!("- name: {name}"));
            }
        }
        if self.files_lead_to(root) {
            self.line(4, "injecting_props:");
            self.line(6, &format!("{}:", word(&root.id)));
            self.line(8, "props:");
            for (name, source) in
                [(format!("_{}_id", root.id), "id"), (format!("{}_submitter_id", root.id), "submitter_id")]
            {
                if source == "id" || root.properties.contains_key(source) {
                    self.line(10, &format!("- name: {}", word(&name)));
                    self.line(12, &format!("src: {source}"));
                    self.line(12, "fn: set");
                }
            }
        }
    }
}

/// The properties of a type that somebody may look for. Only texts, numbers and lists of them: no objects.
fn interesting(node: &NodeType) -> Vec<&str> {
    let of_interest = node.stored_properties().filter(|property| {
        let is_object = property.schema.get("type").and_then(serde_json::Value::as_str) == Some("object");
        let is_plain_list = property.scalar != ScalarType::Array
            || property.items.is_some_and(|items| items != ScalarType::Array);
        !DULL.contains(&property.name.as_str())
            && !is_object
            && is_plain_list
            && !property.name.starts_with('_')
    });
    of_interest.map(|property| property.name.as_str()).filter(|name| *name != "project_id").collect()
}

/// What an ancestor is known by: field and property.
fn named(node: &NodeType) -> Vec<(String, &'static str)> {
    let wanted = ["submitter_id", "name", "title", "study_description"];
    let known = wanted.into_iter().filter(|name| node.properties.contains_key(*name));
    known.map(|name| (format!("{}_{name}", node.id), name)).collect()
}

/// A word of YAML.
fn word(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && (text == "None" || !WORDS.contains(&text.to_ascii_lowercase().as_str()));
    if is_plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
