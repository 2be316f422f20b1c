//! Rules that concern one node type by itself.

use serde_json::Value;

use super::rules::Rules;
use crate::{
    Link, LinkItem, Property, ScalarType, graphql_names::is_graphql_name, model::LINK_KEYS, problem::step,
};

const KEYS: [&str; 8] =
    ["id", "category", "program", "project", "uniqueKeys", "links", "validators", "systemProperties"];

fn is_field(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Rules<'_> {
    /// Checks what the metaschema asks of the top of a schema.
    pub(super) fn keys(&mut self) {
        let schema = &self.node.schema;
        for key in KEYS {
            if schema.get(key).is_none() {
                self.problem("", format!("{key} is missing"), format!("Add {key}, empty or '*' if need be."));
            }
        }
        if self.node.unique_keys.first().is_none_or(|key| *key != ["id"]) {
            self.problem("/uniqueKeys", "the first unique key is not [id]", "Write [id] first.");
        }
        for name in self.node.unique_keys.iter().flatten() {
            if !self.node.properties.contains_key(name) {
                let message = format!("the unique key {name} is not a property");
                self.problem("/uniqueKeys", message, "Correct it, or add the property.");
            }
        }
        for name in &self.node.required {
            if !self.node.properties.contains_key(name) {
                let message = format!("{name} is required, but no property");
                self.problem("/required", message, "Correct it, or add the property.");
            }
        }
    }

    /// Checks the file name and the spelling of names.
    pub(super) fn naming(&mut self) {
        let id = &self.node.id;
        if self.file.strip_suffix(".yaml") != Some(id) {
            self.problem("/id", format!("the id {id} differs from the file's name"), "Make them the same.");
        }
        if !is_graphql_name(id) || id.chars().any(|c| c.is_ascii_uppercase()) {
            let remedy = "Use lower case letters, digits and underscores.";
            self.problem("/id", format!("the id {id} is not in lower case snake form"), remedy);
        }
        for name in self.node.properties.keys().filter(|name| !is_graphql_name(name)) {
            let remedy = "Use letters, digits and underscores, no digit first: it becomes a GraphQL field.";
            let message = format!("the property {name} has an unusable name");
            self.problem(&step("/properties", name), message, remedy);
        }
    }

    pub(super) fn needs(&mut self, properties: &[&str], required: &[&str]) {
        let (id, category) = (&self.node.id, &self.node.category.0);
        for name in properties {
            if !self.node.properties.contains_key(*name) {
                let message = format!("{id} (category {category}) lacks the property {name}");
                self.problem("/properties", message, format!("Add {name}."));
            }
        }
        for name in required {
            if !self.node.required.iter().any(|known| known == name) {
                let message = format!("{id} (category {category}) does not require {name}");
                self.problem("/required", message, format!("Add {name} to required."));
            }
        }
    }

    pub(super) fn links(&mut self) {
        let raw = self.node.schema.get("links").and_then(Value::as_array).cloned().unwrap_or_default();
        for (i, item) in raw.iter().enumerate() {
            self.link_keys(item, &step("/links", i));
        }
        for (i, item) in self.node.links.iter().enumerate() {
            for link in item.flatten() {
                self.link(link, &step("/links", i));
            }
            if let LinkItem::Link(link) = item {
                self.link_keys_exist(link);
            }
        }
    }

    fn link_keys(&mut self, item: &Value, path: &str) {
        if let Some(members) = item.get("subgroup").and_then(Value::as_array) {
            let known = ["exclusive", "required", "subgroup"];
            for key in item.as_object().into_iter().flat_map(|item| item.keys()) {
                if !known.contains(&key.as_str()) {
                    let message = format!("a subgroup cannot have the key {key}");
                    self.problem(path, message, format!("Only {} are known.", known.join(", ")));
                }
            }
            for (i, member) in members.iter().enumerate() {
                self.link_keys(member, &step(&step(path, "subgroup"), i));
            }
            return;
        }
        for key in item.as_object().into_iter().flat_map(|item| item.keys()) {
            if !LINK_KEYS.contains(&key.as_str()) {
                let message = format!("a link cannot have the key {key}");
                self.problem(path, message, format!("Only {} are known.", LINK_KEYS.join(", ")));
            }
        }
    }

    fn link(&mut self, link: &Link, path: &str) {
        for (key, text) in [("name", &link.name), ("backref", &link.backref), ("label", &link.label)] {
            if !is_field(text) {
                let message = format!("the {key} {text} of a link has an unusable form");
                self.problem(path, message, "Use letters, digits and underscores.");
            }
        }
        if !self.node.properties.contains_key(&link.name) {
            let message = format!("the link {} is not a property", link.name);
            self.problem(
                path,
                message,
                "Add a property of that name that refers to _definitions.yaml#/to_one or to_many.",
            );
        }
    }

    /// Checks that the keys by which a link names its target are properties of the target.
    fn link_keys_exist(&mut self, link: &Link) {
        let Some(target) = self.dictionary.nodes.get(&link.target_type) else { return };
        let Some(property) = self.node.properties.get(&link.name) else { return };
        if target.id == "program" || target.category.is_internal() {
            return;
        }
        let path = step("/properties", &link.name);
        let keys = property.schema.pointer("/anyOf/0/items/properties").and_then(Value::as_object);
        let Some(keys) = keys else {
            let message = format!("the link {} has no anyOf/0/items/properties", link.name);
            self.problem(&path, message, "Refer to _definitions.yaml#/to_one or to_many.");
            return;
        };
        for key in keys.keys().filter(|key| !target.properties.contains_key(*key)) {
            let message = format!("the link {} names {key}, which {} lacks", link.name, target.id);
            self.problem(
                &path,
                message,
                format!("Add {key} to {}, or refer to another definition.", target.id),
            );
        }
    }

    pub(super) fn properties(&mut self) {
        for property in self.node.properties.values() {
            self.property(property);
        }
    }

    fn property(&mut self, property: &Property) {
        let path = step("/properties", &property.name);
        let schema = &property.schema;
        if let Some(values) = schema.get("enum") {
            if schema.get("type").is_some() {
                let message = format!("{} has both enum and type", property.name);
                self.problem(&path, message, "Remove the type: with it, null is refused.");
            }
            let texts = values.as_array().is_some_and(|values| {
                !values.is_empty() && values.iter().all(|value| value.is_string() || value.is_null())
            });
            if !texts {
                let message = format!("{} has enum values that are not strings", property.name);
                self.problem(&path, message, "Put quotes around Yes, No and numbers.");
            }
        }
        if property.scalar == ScalarType::Array && schema.get("items").is_none() {
            let message = format!("{} is an array without items", property.name);
            self.problem(&path, message, "Say what the items are: items: {type: string}.");
        }
        if property.name == "file_size" && property.scalar != ScalarType::Integer {
            self.problem(&path, "file_size is not an integer", "Write type: integer.");
        }
    }
}
