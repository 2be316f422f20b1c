//! Entities of a PFB as documents that sheepdog takes.

use dictionary::{Dictionary, NodeType, Property, ScalarType};
use pfb::{Entity, Relation};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::order;

/// How documents are made.
pub(super) struct Conversion<'a> {
    pub(super) dictionary: &'a Dictionary,
    /// The project of all records, instead of those that they name.
    pub(super) project: Option<&'a str>,
    /// Whether records get other ids, which follow from their project and the old ones.
    pub(super) new_ids: bool,
    /// Whether properties that the dictionary does not have are left out.
    pub(super) leave_out: bool,
}

/// What an entity becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Converted {
    /// A program or project, which is made otherwise.
    Head(Entity),
    /// A document of a project.
    Document {
        project: String,
        node: String,
        document: Value,
        /// Links whose name could be another one: a PFB names only the type of their targets.
        guessed: usize,
    },
}

impl Conversion<'_> {
    /// # Errors
    /// With the reason why the record cannot be submitted, and the remedy.
    pub(super) fn convert(&self, entity: Entity) -> Result<Converted, String> {
        if matches!(entity.node.as_str(), "program" | "project") {
            return Ok(Converted::Head(entity));
        }
        let node = self.dictionary.nodes.get(&entity.node).filter(|node| order::is_in_projects(node));
        let node = node.ok_or("the dictionary of the commons has no such node type; it needs another one")?;
        let own = entity.properties.get("project_id").and_then(Value::as_str);
        let project = self.project.or(own).ok_or("it names no project; say one with --project")?.to_owned();
        let mut document = Map::new();
        document.insert("type".to_owned(), json!(node.id));
        if let Some(id) = entity.id.as_deref().and_then(|id| self.id(id, &project)) {
            document.insert("id".to_owned(), json!(id));
        } else if let (Some(id), false) = (&entity.id, entity.properties.contains_key("submitter_id")) {
            document.insert("submitter_id".to_owned(), json!(id));
        }
        for (name, value) in entity.properties {
            match node.properties.get(&name).filter(|_| !node.is_link(&name)) {
                _ if is_of_the_system(node, &name) => {}
                Some(property) => drop(document.insert(name, restored(property, value))),
                None if self.leave_out => {}
                None => {
                    return Err(format!(
                        "the dictionary of the commons has no property {name} of {}; --leave-out leaves it \
                         out",
                        node.id
                    ));
                }
            }
        }
        let mut guessed = 0;
        for relation in &entity.relations {
            guessed += usize::from(self.add_link(node, relation, &project, &mut document)?);
        }
        Ok(Converted::Document { project, node: node.id.clone(), document: Value::Object(document), guessed })
    }

    /// The id that a record gets; ids that are no UUIDs are names.
    fn id(&self, id: &str, project: &str) -> Option<String> {
        let uuid = Uuid::try_parse(id).ok()?;
        if !self.new_ids {
            return Some(id.to_owned());
        }
        Some(Uuid::new_v5(&uuid, project.as_bytes()).to_string())
    }

    /// Adds a target; tells whether there are several links that it could be of.
    fn add_link(
        &self,
        node: &NodeType,
        relation: &Relation,
        project: &str,
        document: &mut Map<String, Value>,
    ) -> Result<bool, String> {
        let links = node.all_links();
        let to_type: Vec<_> = links.iter().filter(|link| link.target_type == relation.name).collect();
        // Some writers name the link.
        let named = || links.iter().find(|link| link.name == relation.name);
        let link = to_type.first().copied().or_else(named);
        let link = link.ok_or_else(|| format!("{} has no link to {}", node.id, relation.name))?;
        let reference = match self.id(&relation.id, project) {
            _ if link.target_type == "project" => {
                let code = psqlgraph::ids::split_project_id(project).map_or(project, |(_, code)| code);
                json!({ "code": code })
            }
            Some(id) => json!({ "id": id }),
            None => json!({ "submitter_id": relation.id }),
        };
        match document.get_mut(&link.name) {
            Some(Value::Array(several)) => several.push(reference),
            Some(one) => *one = json!([one.take(), reference]),
            None => drop(document.insert(link.name.clone(), reference)),
        }
        Ok(to_type.len() > 1)
    }
}

/// Whether the commons sets it by itself.
fn is_of_the_system(node: &NodeType, name: &str) -> bool {
    const ITS_OWN: [&str; 5] = ["id", "type", "project_id", "created_datetime", "updated_datetime"];
    ITS_OWN.contains(&name) || node.system_properties.iter().any(|own| own == name)
}

/// What a PFB has no type for is JSON in a text.
fn restored(property: &Property, value: Value) -> Value {
    let kinds = match property.schema.get("type") {
        Some(Value::Array(kinds)) => kinds.as_slice(),
        Some(kind) => std::slice::from_ref(kind),
        None => &[],
    };
    let is_text = kinds.iter().any(|kind| kind == "string") || property.schema.get("enum").is_some();
    let is_deep = property.scalar == ScalarType::Array || kinds.iter().any(|kind| kind == "object");
    match &value {
        Value::String(text) if is_deep && !is_text => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Entity {
        Entity {
            id: Some("d339a424-ad52-5351-a499-493973249414".to_owned()),
            node: "sample".to_owned(),
            properties: serde_json::from_value(json!({
                "submitter_id": "s", "project_id": "P-Q", "state": "validated",
                "created_datetime": "2026-01-01T00:00:00+00:00",
            }))
            .unwrap(),
            relations: vec![Relation { id: "subject-1".to_owned(), name: "subject".to_owned() }],
        }
    }

    fn convert(entity: Entity, project: Option<&str>, new_ids: bool) -> Result<Converted, String> {
        let dictionary = crate::dictionaries::built_in().unwrap();
        Conversion { dictionary: &dictionary, project, new_ids, leave_out: false }.convert(entity)
    }

    #[test]
    fn what_the_commons_sets_is_left_to_it_and_links_are_named() {
        let Ok(Converted::Document { project, document, .. }) = convert(sample(), None, false) else {
            panic!("no document")
        };
        assert_eq!(project, "P-Q");
        assert_eq!(
            document,
            json!({
                "type": "sample", "id": "d339a424-ad52-5351-a499-493973249414", "submitter_id": "s",
                "subjects": { "submitter_id": "subject-1" },
            })
        );
    }

    #[test]
    fn new_ids_follow_from_the_project_and_the_old_ones() {
        let id = |project| match convert(sample(), Some(project), true) {
            Ok(Converted::Document { document, .. }) => document["id"].as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(id("A-B"), id("A-B"));
        assert_ne!(id("A-B"), id("A-C"));
    }

    #[test]
    fn what_cannot_be_submitted_is_told_with_a_remedy() {
        let mut entity = sample();
        entity.properties.insert("colour".to_owned(), json!("red"));
        assert!(convert(entity, None, false).unwrap_err().contains("--leave-out"));
        let unknown = Entity { node: "unheard_of".to_owned(), ..sample() };
        assert!(convert(unknown, None, false).unwrap_err().contains("no such node type"));
        let mut homeless = sample();
        homeless.properties.remove("project_id");
        assert!(convert(homeless, None, false).unwrap_err().contains("--project"));
        let relations = vec![Relation { id: "x".to_owned(), name: "program".to_owned() }];
        let stray = Entity { relations, ..sample() };
        assert!(convert(stray, None, false).unwrap_err().contains("no link to program"));
    }
}
