//! Templates: the columns in which records of a node type are written down.

use std::collections::BTreeSet;

use dictionary::{Dictionary, Link, NodeType};
use serde_json::{Map, Value, json};

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Tsv,
    Csv,
    Json,
}

impl FileFormat {
    /// The format of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "tsv" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its name, which is also the ending of file names.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Tsv => "tsv",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// The columns of a node type's records, in the order of templates.
pub(crate) struct Template<'a> {
    dictionary: &'a Dictionary,
    node: &'a NodeType,
    /// Members of unique keys without `id`.
    pub keys: Vec<&'a str>,
    /// Links with the keys by which their targets are named.
    pub links: Vec<(&'a Link, Vec<&'a str>)>,
    /// Other properties that a submitter may set: required ones, then optional ones.
    pub properties: Vec<&'a str>,
}

impl<'a> Template<'a> {
    /// The template of `node`.
    pub(crate) fn of(dictionary: &'a Dictionary, node: &'a NodeType) -> Self {
        let keys: BTreeSet<&str> =
            node.unique_keys.iter().flatten().map(String::as_str).filter(|key| *key != "id").collect();
        let is_system = |name: &str| node.system_properties.iter().any(|hidden| hidden == name);
        let keys: BTreeSet<&str> =
            keys.into_iter().filter(|key| *key == "project_id" || !is_system(key)).collect();
        let hidden = |name: &str| name == "id" || name == "type" || is_system(name);
        let mut properties: Vec<&str> = node
            .properties
            .keys()
            .map(String::as_str)
            .filter(|name| !hidden(name) && !keys.contains(name) && !node.is_link(name))
            .collect();
        properties.sort_by_key(|name| (!is_required(node, name), *name));
        let mut links = node.all_links();
        links.sort_by(|a, b| a.name.cmp(&b.name));
        let links = links.into_iter().map(|link| (link, target_keys(dictionary, link))).collect();
        Self { dictionary, node, keys: keys.into_iter().collect(), links, properties }
    }

    /// The header: required names begin with `*`.
    pub(crate) fn header(&self) -> Vec<String> {
        let starred = |name: &&str| star(self.node, name);
        let link = |(link, keys): &(&Link, Vec<&str>)| {
            let name = star(self.node, &link.name);
            keys.iter().map(move |key| format!("{name}.{key}")).collect::<Vec<_>>()
        };
        let mut header = vec![star(self.node, "type")];
        header.extend(self.keys.iter().map(starred));
        header.extend(self.links.iter().flat_map(link));
        header.extend(self.properties.iter().map(starred));
        if self.node.category.is_data_file() {
            header.push("urls".to_owned());
        }
        header
    }

    /// The header and one row with the node type's name and blanks.
    pub(crate) fn delimited(&self, delimiter: char) -> String {
        let header = self.header();
        let blanks = delimiter.to_string().repeat(header.len() - 1);
        format!("{}\r\n{}{blanks}\r\n", header.join(&delimiter.to_string()), self.node.id)
    }

    /// One empty record.
    pub(crate) fn json(&self) -> Value {
        let mut record = Map::new();
        record.insert(star(self.node, "type"), json!(self.node.id));
        for name in &self.keys {
            record.insert(star(self.node, name), Value::Null);
        }
        for (link, _) in &self.links {
            let keys = all_target_keys(self.dictionary, link).into_iter();
            let keys = keys.map(|key| (key.to_owned(), Value::Null)).collect();
            record.insert(star(self.node, &link.name), Value::Object(keys));
        }
        for name in &self.properties {
            record.insert(star(self.node, name), Value::Null);
        }
        if self.node.category.is_data_file() {
            record.insert("urls".to_owned(), Value::Null);
        }
        Value::Object(record)
    }

    /// The template in the given format.
    pub(crate) fn render(&self, format: FileFormat) -> String {
        match format {
            FileFormat::Tsv => self.delimited('\t'),
            FileFormat::Csv => self.delimited(','),
            FileFormat::Json => format!("{:#}", self.json()),
        }
    }
}

/// The properties by which a link's target is named: its first unique key that is not the id, without
/// `project_id`.
pub(crate) fn target_keys<'a>(dictionary: &'a Dictionary, link: &Link) -> Vec<&'a str> {
    let target = dictionary.nodes.get(&link.target_type);
    let keys = target.into_iter().flat_map(|target| &target.unique_keys);
    let first = keys.map(|key| key.iter().map(String::as_str).collect::<Vec<_>>()).find(|key| *key != ["id"]);
    let named = first.unwrap_or_default().into_iter().filter(|key| *key != "project_id").collect::<Vec<_>>();
    if named.is_empty() { vec!["submitter_id"] } else { named }
}

/// All properties by which a link's target may be named: the members of its unique keys.
fn all_target_keys<'a>(dictionary: &'a Dictionary, link: &Link) -> BTreeSet<&'a str> {
    let target = dictionary.nodes.get(&link.target_type);
    let members =
        target.into_iter().flat_map(|target| target.unique_keys.iter().flatten()).map(String::as_str);
    let keys: BTreeSet<&str> = members.filter(|key| !matches!(*key, "id" | "project_id")).collect();
    if keys.is_empty() { BTreeSet::from(["submitter_id"]) } else { keys }
}

fn is_required(node: &NodeType, name: &str) -> bool {
    node.required.iter().any(|required| required == name)
}

fn star(node: &NodeType, name: &str) -> String {
    if is_required(node, name) { format!("*{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dictionary;

    fn delimited(label: &str, delimiter: char) -> String {
        let dictionary = dictionary();
        Template::of(&dictionary, &dictionary.nodes[label]).delimited(delimiter)
    }

    #[test]
    fn a_template_has_a_starred_header_and_one_blank_row() {
        let header = delimited("case", ',');
        let mut lines = header.split("\r\n");
        let columns = lines.next().unwrap().split(',').count();
        assert_eq!(lines.next().unwrap(), format!("case{}", ",".repeat(columns - 1)));
        assert_eq!(lines.next(), Some(""));
        assert!(header.starts_with("*type,project_id,*submitter_id,"), "{header}");
    }

    #[test]
    fn targets_are_named_by_their_second_unique_key() {
        let dictionary = dictionary();
        let keys = |label: &str| -> Vec<String> {
            let node = &dictionary.nodes[label];
            node.all_links()
                .iter()
                .flat_map(|link| target_keys(&dictionary, link))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(keys("project"), ["name"]);
        assert_eq!(keys("study"), ["code"]);
        assert_eq!(keys("sample")[0], "submitter_id");
    }

    #[test]
    fn the_json_form_names_targets_by_all_their_unique_keys_and_system_keys_are_hidden() {
        let mut dictionary = dictionary();
        let sample = dictionary.nodes.get_mut("sample").unwrap();
        sample.unique_keys.extend([vec!["barcode".to_owned()], vec!["state".to_owned()]]);
        let label = dictionary.nodes["aliquot"].all_links()[0].name.clone();
        let aliquot = Template::of(&dictionary, &dictionary.nodes["aliquot"]).json();
        let target = aliquot.get(&label).or_else(|| aliquot.get(format!("*{label}"))).unwrap();
        let keys: Vec<&String> = target.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["barcode", "state", "submitter_id"]);
        assert!(!Template::of(&dictionary, &dictionary.nodes["sample"]).keys.contains(&"state"));
    }

    #[test]
    fn only_data_files_have_urls() {
        let dictionary = dictionary();
        for node in dictionary.nodes.values() {
            let header = Template::of(&dictionary, node).header();
            assert_eq!(header.last().unwrap() == "urls", node.category.is_data_file(), "{}", node.id);
        }
    }

    #[test]
    fn the_json_form_has_the_same_names_as_the_header() {
        let dictionary = dictionary();
        for node in dictionary.nodes.values() {
            let template = Template::of(&dictionary, node);
            let of_header: BTreeSet<String> =
                template.header().iter().map(|name| name.split('.').next().unwrap().to_owned()).collect();
            let of_json: BTreeSet<String> = template.json().as_object().unwrap().keys().cloned().collect();
            assert_eq!(of_header, of_json, "{}", node.id);
        }
    }
}
