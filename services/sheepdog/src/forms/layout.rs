//! What leaves of a record, and in which order; and records as JSON objects. `rows.rs` writes very many.

use dictionary::{Dictionary, Link, NodeType};
use documents::CellType;
use serde_json::{Map, Value, json};

use super::template::Template;
use crate::model::record::{LinkTarget, StoredRecord};

/// What is exported of a node type: the template's columns without those that only a submission has.
pub(crate) struct Layout<'a> {
    pub node: &'a NodeType,
    /// Unique keys, then the other properties, each with the form of its cells.
    pub(super) properties: Vec<(&'a str, CellType)>,
    /// Links with the property by which their targets are named.
    pub links: Vec<(&'a Link, &'a str)>,
    pub(super) ids: Ids,
}

/// Whether the ids of records and of the targets of links are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    Shown,
    Hidden,
}

impl<'a> Layout<'a> {
    /// The layout of `node`.
    pub(crate) fn of(dictionary: &'a Dictionary, node: &'a NodeType, ids: Ids) -> Self {
        let template = Template::of(dictionary, node);
        let first_key = |keys: Vec<&'a str>| keys.first().copied().unwrap_or("submitter_id");
        let links = template.links.into_iter().map(|(link, keys)| (link, first_key(keys))).collect();
        let names = template.keys.into_iter().chain(template.properties);
        let properties = names.map(|name| (name, cell_type(node, name))).collect();
        Self { node, properties, links, ids }
    }

    /// Names of the columns.
    pub(crate) fn header(&self) -> Vec<String> {
        let mut header = vec!["type".to_owned()];
        if self.ids == Ids::Shown {
            header.push("id".to_owned());
        }
        header.extend(self.names().map(str::to_owned));
        for (link, key) in &self.links {
            if self.ids == Ids::Shown {
                header.push(format!("{}.id", link.name));
            }
            header.push(format!("{}.{key}", link.name));
        }
        header
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.properties.iter().map(|(name, _)| *name)
    }

    /// The record as an object that has every property and link.
    pub(crate) fn complete(&self, record: &StoredRecord) -> Value {
        let mut object = Map::new();
        if self.ids == Ids::Shown {
            object.insert("id".to_owned(), json!(record.id));
        }
        for ((link, key), targets) in self.links.iter().zip(&record.links) {
            object.insert(link.name.clone(), self.targets(key, targets));
        }
        object.insert("type".to_owned(), json!(self.node.id));
        for name in self.names() {
            object.insert(name.to_owned(), record.props.get(name).cloned().unwrap_or_default());
        }
        Value::Object(object)
    }

    pub(super) fn targets(&self, key: &str, targets: &[LinkTarget]) -> Value {
        let one = |target: &LinkTarget| match self.ids {
            Ids::Hidden => json!({ key: target.key }),
            Ids::Shown => json!({ "node_id": target.id, key: target.key }),
        };
        targets.iter().map(one).collect()
    }
}

/// The form of the cells of a property; keys that are no properties are texts.
fn cell_type(node: &NodeType, name: &str) -> CellType {
    CellType::of(node.properties.get(name).map_or(&Value::Null, |property| &property.schema))
}

/// A record as `entities/<id>` shows it.
pub(crate) fn entity(node: &NodeType, record: &StoredRecord) -> Value {
    let mut properties = Map::new();
    for property in node.stored_properties() {
        properties
            .insert(property.name.clone(), record.props.get(&property.name).cloned().unwrap_or_default());
    }
    for (link, targets) in node.all_links().into_iter().zip(&record.links) {
        if !targets.is_empty() {
            let one = |target: &LinkTarget| json!({ "id": target.id, "submitter_id": target.key });
            properties.insert(link.name.clone(), targets.iter().map(one).collect());
        }
    }
    properties.insert("id".to_owned(), json!(record.id));
    properties.insert("type".to_owned(), json!(node.id));
    let home = record.props.get("project_id").and_then(Value::as_str);
    let home = home.and_then(psqlgraph::ids::split_project_id).unzip();
    json!({ "program": home.0, "project": home.1, "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::dictionary;

    fn record() -> StoredRecord {
        let props = json!({
            "project_id": "P-Q", "submitter_id": "s1", "state": "validated",
            "created_datetime": "2026-01-01T00:00:00+00:00",
        });
        StoredRecord { id: "0".to_owned(), props: serde_json::from_value(props).unwrap(), links: Vec::new() }
    }

    fn target(id: &str, key: &str) -> LinkTarget {
        LinkTarget { id: id.to_owned(), key: json!(key) }
    }

    #[test]
    fn system_properties_other_than_the_project_are_not_exported() {
        let dictionary = dictionary();
        let layout = Layout::of(&dictionary, &dictionary.nodes["sample"], Ids::Shown);
        let header = layout.header();
        assert_eq!(header[..4], ["type", "id", "project_id", "submitter_id"]);
        assert!(!header.iter().any(|name| name == "state" || name == "created_datetime"), "{header:?}");
    }

    #[test]
    fn the_complete_form_has_every_property_and_link() {
        let dictionary = dictionary();
        let layout = Layout::of(&dictionary, &dictionary.nodes["sample"], Ids::Shown);
        let links = layout.links.iter().map(|_| Vec::new()).collect();
        let complete = layout.complete(&StoredRecord { links, ..record() });
        assert_eq!(complete.as_object().unwrap().len(), 2 + layout.names().count() + layout.links.len());
    }

    #[test]
    fn an_entity_shows_every_property_and_the_links_that_have_targets() {
        let dictionary = dictionary();
        let node = &dictionary.nodes["sample"];
        let mut links: Vec<Vec<LinkTarget>> = node.all_links().iter().map(|_| Vec::new()).collect();
        links[0] = vec![target("1", "a")];
        let shown = entity(node, &StoredRecord { links, ..record() });
        assert_eq!((&shown["program"], &shown["project"]), (&json!("P"), &json!("Q")));
        let properties = shown["properties"].as_object().unwrap();
        assert_eq!(properties.len(), node.stored_properties().count() + 3);
        assert_eq!(properties[&node.all_links()[0].name], json!([{"id": "1", "submitter_id": "a"}]));
        assert_eq!(properties["state"], "validated");
    }
}
