//! Writes one record: first the values of the settings and the story, then those that the dictionary still
//! asks for.

use dictionary::{NodeType, Property, Validators, Violation};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::{
    content, schema,
    story::{self, Scene},
    study::{DemoFile, GenerateError, Record, Unfit},
};
use crate::{dice::Dice, settings::Settings};

/// The chance that an optional property is filled in, if it has a choice of values and nothing else gives it
/// one.
const OPTIONAL: f64 = 0.6;
/// Properties that are not filled in from their schema.
const APART: [&str; 5] = ["id", "type", "submitter_id", "object_id", "project_id"];
/// A GUID that only looks like one.
const STAND_IN: &str = "00000000-0000-4000-8000-000000000000";

pub(super) struct Author<'a> {
    settings: &'a Settings,
    validators: &'a Validators,
    pub(super) unfit: Vec<Unfit>,
}

/// A record that is being written.
struct Draft<'n> {
    node: &'n NodeType,
    document: Map<String, Value>,
}

impl<'a> Author<'a> {
    pub(super) fn new(settings: &'a Settings, validators: &'a Validators) -> Self {
        Self { settings, validators, unfit: Vec::new() }
    }

    /// The program record.
    pub(super) fn program(&mut self, node: &NodeType) -> Result<Map<String, Value>, GenerateError> {
        let name = &self.settings.program;
        let given =
            [("type", json!("program")), ("name", json!(name)), ("dbgap_accession_number", json!(name))];
        let document = given.map(|(property, value)| (property.to_owned(), value)).into_iter().collect();
        self.upper(Draft { node, document }, "program", Map::new())
    }

    /// The project record, without its link to the program, which follows from the address that it is sent
    /// to.
    pub(super) fn project(&mut self, node: &NodeType) -> Result<Map<String, Value>, GenerateError> {
        let code = &self.settings.project;
        let given =
            [("type", json!("project")), ("code", json!(code)), ("dbgap_accession_number", json!(code))];
        let document = given.map(|(property, value)| (property.to_owned(), value)).into_iter().collect();
        let mut draft = Draft { node, document };
        let offered = self.settings.project_values.clone();
        for (property, value) in offered {
            self.offer(&mut draft, &property, &value);
        }
        let programs = node.all_links().into_iter().filter(|link| link.target_type == "program");
        let links =
            programs.map(|link| (link.name.clone(), json!({"name": self.settings.program}))).collect();
        self.upper(draft, "project", links)
    }

    /// Completes the draft with the values that the dictionary still asks for. `apart` is not sent, but is
    /// checked with the record; so are system properties, which the commons sets itself.
    fn upper(
        &mut self,
        mut draft: Draft<'_>,
        node: &'static str,
        mut apart: Map<String, Value>,
    ) -> Result<Map<String, Value>, GenerateError> {
        let mut dice = Dice::of(self.settings.seed, node);
        for property in draft.missing() {
            let name = &property.name;
            if apart.contains_key(name) {
                continue;
            }
            if draft.node.system_properties.contains(name) {
                let value = schema::value(&property.schema, &mut dice);
                apart.extend(value.map(|value| (name.clone(), value)));
            } else {
                draft.fill(property, &mut dice);
            }
        }
        let mut whole = draft.document.clone();
        whole.extend(apart);
        match self.validators.check(node, &Value::Object(whole)).first() {
            Some(violation) => Err(GenerateError::Unmakeable { node, reason: violation.message.clone() }),
            None => Ok(draft.document),
        }
    }

    /// Writes a record of the type `node`.
    ///
    /// # Errors
    /// What is wrong with the best record that can be made.
    pub(super) fn record(
        &mut self,
        node: &NodeType,
        scene: &Scene<'_>,
        links: Map<String, Value>,
        given: Map<String, Value>,
    ) -> Result<Record, String> {
        let mut dice = Dice::of(self.settings.seed, &format!("record {}", scene.name));
        let mut draft = Draft { node, document: Map::new() };
        draft.document.insert("type".to_owned(), json!(node.id));
        draft.document.insert("submitter_id".to_owned(), json!(scene.name));
        draft.document.extend(links);
        if node.required.iter().any(|name| name == "project_id") {
            let project_id = format!("{}-{}", self.settings.program, self.settings.project);
            draft.document.insert("project_id".to_owned(), json!(project_id));
        }
        for (property, value) in &given {
            self.offer(&mut draft, property, value);
        }
        for (property, value) in story::tell(self.settings, &node.id, scene) {
            if !given.contains_key(property) {
                self.offer(&mut draft, property, &value);
            }
        }
        let file = if node.category.is_file() {
            Some(self.file(&mut draft, scene, &mut dice).map_err(|error| error.to_string())?)
        } else {
            None
        };
        for property in draft.missing() {
            draft.fill(property, &mut dice);
        }
        if !self.settings.records.contains_key(&node.id) {
            // Types that the settings name get only the values that were chosen for them, and none at random.
            for property in draft.open() {
                if !schema::is_free_text(property) && dice.chance(OPTIONAL) {
                    draft.fill(property, &mut dice);
                }
            }
        }
        self.corrected(draft, &mut dice).map(|document| Record { node: node.id.clone(), document, file })
    }

    fn file(
        &mut self,
        draft: &mut Draft<'_>,
        scene: &Scene<'_>,
        dice: &mut Dice,
    ) -> std::io::Result<DemoFile> {
        let content = content::content(draft.node, &scene.origin(), dice)?;
        let name = format!("{}{}", scene.name, content.extension);
        let md5 = hex::encode(Md5::digest(&content.bytes));
        self.offer(draft, "file_name", &json!(name));
        self.offer(draft, "file_size", &json!(content.bytes.len()));
        self.offer(draft, "md5sum", &json!(md5));
        for (property, value) in content.values {
            self.offer(draft, property, &value);
        }
        Ok(DemoFile { name, bytes: content.bytes, md5 })
    }

    /// Writes a value into the draft if the dictionary takes it.
    fn offer(&mut self, draft: &mut Draft<'_>, name: &str, value: &Value) {
        let property = draft.node.properties.get(name);
        match property.and_then(|property| schema::fit(property, value)) {
            Some(value) => drop(draft.document.insert(name.to_owned(), value)),
            None => self.not_taken(draft.node, name, value),
        }
    }

    fn not_taken(&mut self, node: &NodeType, property: &str, value: &Value) {
        let is_known = |unfit: &Unfit| unfit.node == node.id && unfit.property == property;
        if !self.unfit.iter().any(is_known) {
            self.unfit.push(Unfit {
                node: node.id.clone(),
                property: property.to_owned(),
                value: value.to_string(),
            });
        }
    }

    /// Corrects the document by the whole schema: refused values are made anew if they are required, else
    /// left out.
    fn corrected(&mut self, mut draft: Draft<'_>, dice: &mut Dice) -> Result<Map<String, Value>, String> {
        // The upload gives the real one. Until then a placeholder satisfies dictionaries that require it.
        let has_object = draft.node.category.is_file() && draft.node.properties.contains_key("object_id");
        if has_object {
            draft.document.insert("object_id".to_owned(), json!(STAND_IN));
        }
        let refused = self.violations(&mut draft);
        for name in refused.iter().filter_map(|violation| violation.keys.first()) {
            let Some(property) = draft.node.properties.get(name) else { continue };
            if let Some(refused) = draft.document.shift_remove(name) {
                self.not_taken(draft.node, name, &refused);
            }
            if draft.node.required.contains(name) {
                draft.fill(property, dice);
            }
        }
        if !refused.is_empty()
            && let Some(violation) = self.violations(&mut draft).first()
        {
            return Err(violation.message.clone());
        }
        if has_object {
            draft.document.shift_remove("object_id");
        }
        Ok(draft.document)
    }

    fn violations(&self, draft: &mut Draft<'_>) -> Vec<Violation> {
        let document = Value::Object(std::mem::take(&mut draft.document));
        let violations = self.validators.check(&draft.node.id, &document);
        if let Value::Object(document) = document {
            draft.document = document;
        }
        violations
    }
}

impl<'n> Draft<'n> {
    /// Properties without a value, except links.
    fn empty(&self) -> impl Iterator<Item = &'n Property> {
        let is_empty = |property: &&Property| {
            let name = &property.name;
            !APART.contains(&name.as_str()) && !self.document.contains_key(name) && !self.node.is_link(name)
        };
        self.node.properties.values().filter(is_empty)
    }

    /// The properties without a value that a submitter may set.
    fn open(&self) -> Vec<&'n Property> {
        self.empty().filter(|property| !self.node.system_properties.contains(&property.name)).collect()
    }

    /// The properties without a value that are required, system properties included.
    fn missing(&self) -> Vec<&'n Property> {
        self.empty().filter(|property| self.node.required.contains(&property.name)).collect()
    }

    fn fill(&mut self, property: &Property, dice: &mut Dice) {
        let default = property.schema.get("default").cloned();
        if let Some(value) = default.or_else(|| schema::value(&property.schema, dice)) {
            self.document.insert(property.name.clone(), value);
        }
    }
}
