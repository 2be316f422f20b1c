//! From YAML nodes to what they say. What does not fit is reported and left out.

use yaml::{Content, Kind, Mapping as YamlMapping, Node, Position};

use super::model::{Body, Collector, Injection, Mapping, Word};
use crate::{likeness::meant, problem::Report};

pub(super) struct Reader<'r> {
    pub(super) report: &'r mut Report,
}

/// A mapping and where it stands.
pub(super) struct Section<'n> {
    mapping: &'n YamlMapping,
    pub(super) at: Position,
}

impl<'n> Section<'n> {
    /// The value of a key that is given.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.mapping.get(key).filter(|value| !value.is_null())
    }
}

const KNOWN: [&str; 17] = [
    "name",
    "doc_type",
    "type",
    "root",
    "props",
    "parent_props",
    "flatten_props",
    "aggregated_props",
    "nested_props",
    "joining_props",
    "joining",
    "filter",
    "settings",
    "special_props",
    "category",
    "injecting_props",
    "target_nodes",
];

impl Reader<'_> {
    pub(super) fn mappings(&mut self, root: &Node) -> Vec<Mapping> {
        let Some(section) = self.section(root, "the file") else { return Vec::new() };
        self.unknown_keys(&section, &["mappings"]);
        if section.get("mappings").is_none() {
            self.report.error(
                section.at,
                "`mappings` is missing",
                "write `mappings:` and a list of mappings",
            );
        }
        self.items(&section, "mappings", Self::mapping)
    }

    fn mapping(&mut self, node: &Node) -> Option<Mapping> {
        let section = self.section(node, "a mapping")?;
        self.unknown_keys(&section, &KNOWN);
        let (name, doc_type) = (self.word(&section, "name"), self.word(&section, "doc_type"));
        let (kind, root) = (self.word(&section, "type"), self.word(&section, "root"));
        let kind = kind?;
        let body = match kind.text.as_str() {
            "aggregator" => Body::Aggregator(Box::new(self.aggregator(&section, root)?)),
            "collector" => Body::Collector(self.collector(&section)),
            other => {
                let remedy = meant(other, ["aggregator", "collector"]);
                self.report.error(kind.at, format!("`{other}` is no type of a mapping"), remedy);
                return None;
            }
        };
        Some(Mapping { name: name?, doc_type: doc_type?, body })
    }

    fn collector(&mut self, section: &Section<'_>) -> Collector {
        let default = Word { text: "data_file".to_owned(), at: section.at };
        let category = section.get("category").and_then(|node| self.word_at(node)).unwrap_or(default);
        let ignored = ["parent_props", "flatten_props", "aggregated_props", "nested_props", "joining_props"];
        for key in ignored.into_iter().chain(["joining", "filter"]) {
            if let Some(node) = section.get(key) {
                let message = format!("a collector has no `{key}`");
                self.report.warning(node.position, message, "it does nothing; remove it");
            }
        }
        let mut injected = Vec::new();
        if let Some(nodes) = section.get("injecting_props").and_then(|node| self.mapping_of(node)) {
            for entry in nodes.iter() {
                let node = Word { text: entry.key.text.clone(), at: entry.position };
                let Some(inner) = self.section(&entry.value, "the properties of an ancestor") else {
                    continue;
                };
                self.unknown_keys(&inner, &["props"]);
                injected.push(Injection { node, props: self.items(&inner, "props", Self::prop) });
            }
        }
        Collector { category, props: self.items(section, "props", Self::prop), injected }
    }

    /// `node` as a mapping.
    pub(super) fn section<'n>(&mut self, node: &'n Node, what: &str) -> Option<Section<'n>> {
        if let Content::Mapping(mapping) = &node.content {
            return Some(Section { mapping, at: node.position });
        }
        self.report.error(node.position, format!("{what} is not a mapping"), "write `key: value` lines");
        None
    }

    fn mapping_of<'n>(&mut self, node: &'n Node) -> Option<&'n YamlMapping> {
        self.section(node, "this").map(|section| section.mapping)
    }

    /// Keys that nobody reads are most often misspelt.
    pub(super) fn unknown_keys(&mut self, section: &Section<'_>, known: &[&str]) {
        for entry in section.mapping.iter() {
            let key = entry.key.text.as_str();
            if !known.contains(&key) {
                let remedy = meant(key, known.iter().copied());
                self.report.warning(entry.position, format!("nobody reads the key `{key}`"), remedy);
            }
        }
    }

    /// A name that must be there.
    pub(super) fn word(&mut self, section: &Section<'_>, key: &str) -> Option<Word> {
        match section.get(key) {
            Some(node) => self.word_at(node),
            None => {
                self.report.error(section.at, format!("`{key}` is missing"), format!("add `{key}: ...`"));
                None
            }
        }
    }

    /// A name, as it is written: also one that YAML takes for a number or a boolean.
    pub(super) fn word_at(&mut self, node: &Node) -> Option<Word> {
        if let Content::Scalar(scalar) = &node.content
            && scalar.kind != Kind::Null
            && !scalar.text.trim().is_empty()
        {
            return Some(Word { text: scalar.text.trim().to_owned(), at: node.position });
        }
        self.report.error(node.position, "this is not a name", "write one name");
        None
    }

    /// The items of a list; none if it is not given.
    pub(super) fn items<T>(
        &mut self,
        section: &Section<'_>,
        key: &str,
        mut item: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = section.get(key) else { return Vec::new() };
        let Content::List(nodes) = &node.content else {
            self.report.error(node.position, format!("`{key}` is not a list"), "begin its items with `- `");
            return Vec::new();
        };
        nodes.iter().filter_map(|node| item(self, node)).collect()
    }
}
