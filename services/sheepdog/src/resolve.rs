//! Entities to nodes: which stored node each means, and what its properties become.
//!
//! Pure: [`wanted`] says what to look up, [`instantiate`] uses what was found.

use std::collections::{BTreeMap, HashMap};

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use crate::{
    classify::Scope,
    entity::{Action, Entity, ErrorType, Node, keys_of, same},
    members::{Members, Repeats},
    python,
};

/// What to look up in the table of one node type. Positions say for which entity (or link) it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Ids.
    pub ids: Vec<(usize, String)>,
    /// Unique keys, a list a key tuple of the type.
    pub keys: Vec<WantedKeys>,
}

/// Values of one key tuple, compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WantedKeys {
    /// Property names.
    pub members: Vec<String>,
    /// Position and values.
    pub values: Vec<(usize, Vec<String>)>,
}

/// How a stored node was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Id,
    /// By the key tuple with this number.
    Key(usize),
}

/// A stored node that was found for a position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub position: usize,
    pub via: Via,
    pub node_id: String,
    pub props: Map<String, Value>,
}

impl Wanted {
    /// For a type with these key tuples.
    pub(crate) fn of(node: &NodeType) -> Self {
        let keys = keys_of(node).map(|tuple| WantedKeys { members: tuple.clone(), values: Vec::new() });
        Self { ids: Vec::new(), keys: keys.collect() }
    }
}

/// What is known about the nodes that a submission may mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// By node type.
    pub hits: BTreeMap<String, Vec<Hit>>,
    /// Types of all nodes that have an id which the submission names.
    pub labels_of_ids: HashMap<String, Vec<String>>,
}

/// What has to be looked up for the valid `entities`, by node type.
pub(crate) fn wanted(
    entities: &[Entity],
    scope: &Scope,
    dictionary: &Dictionary,
) -> BTreeMap<String, Wanted> {
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    for (position, entity) in entities.iter().enumerate().filter(|(_, entity)| entity.is_valid()) {
        let Some(node) = entity.node_type(dictionary) else { continue };
        let of_type = wanted.entry(node.id.clone()).or_insert_with(|| Wanted::of(node));
        if let Some(id) = entity.given_id() {
            of_type.ids.push((position, id.to_owned()));
        }
        for keys in &mut of_type.keys {
            if let Some(values) = key_values(entity, &keys.members, scope) {
                keys.values.push((position, values));
            }
        }
    }
    wanted
}

/// The values of a key tuple; `None` when one is missing or empty, for then it identifies nothing.
pub(crate) fn key_texts<'e>(
    entity: &'e Entity,
    members: &[String],
    scope: &'e Scope,
) -> Option<Vec<&'e str>> {
    let value = |member: &String| match entity.get(member).and_then(Value::as_str) {
        Some(text) => Some(text),
        None => (member == "project_id").then_some(scope.project_id.as_str()),
    };
    members.iter().map(value).map(|value| value.filter(|text| !text.is_empty())).collect()
}

fn key_values(entity: &Entity, members: &[String], scope: &Scope) -> Option<Vec<String>> {
    key_texts(entity, members, scope).map(|values| values.into_iter().map(str::to_owned).collect())
}

/// Gives every valid entity its node: the stored one that it means, or a new one with a fresh id. Says whether an entity
/// got an error for an id or key that exists already: then the submission must end, because rows would collide.
pub(crate) fn instantiate(
    entities: &mut [Entity],
    found: Found,
    scope: &Scope,
    dictionary: &Dictionary,
    now: &str,
) -> bool {
    let mut by_position: Vec<Vec<Hit>> = vec![Vec::new(); entities.len()];
    for hit in found.hits.into_values().flatten() {
        if let Some(hits) = by_position.get_mut(hit.position) {
            hits.push(hit);
        }
    }
    let mut collides = false;
    for (entity, mut hits) in entities.iter_mut().zip(by_position) {
        let Some(node) = entity.node_type(dictionary) else { continue };
        if !entity.is_valid() {
            continue;
        }
        match meant(entity, node, &hits, scope) {
            Some(hit) => update(entity, node, hits.swap_remove(hit), scope, now),
            None => {
                create(entity, node, scope, now);
                collides |= refuse_collisions(entity, node, &hits, &found.labels_of_ids, scope);
            }
        }
    }
    collides
}

/// Which of `hits` is the stored node that an entity means: the one that has its id, where one is given, **and** all
/// its keys. An incomplete key identifies nothing.
fn meant(entity: &Entity, node: &NodeType, hits: &[Hit], scope: &Scope) -> Option<usize> {
    if scope.creates_only || hits.is_empty() {
        return None;
    }
    let tuples = keys_of(node).count();
    let complete = tuples > 0 && keys_of(node).all(|tuple| key_texts(entity, tuple, scope).is_some());
    let by_id = || hits.iter().position(|hit| hit.via == Via::Id);
    let by_keys = || {
        hits.iter().position(|hit| {
            (0..tuples).all(|number| {
                hits.iter().any(|other| other.via == Via::Key(number) && other.node_id == hit.node_id)
            })
        })
    };
    match (entity.given_id(), complete) {
        (Some(_), false) => by_id(),
        (Some(id), true) => by_keys().filter(|hit| hits[*hit].node_id == id),
        (None, true) => by_keys(),
        (None, false) => None,
    }
}

/// A new node must not have an id or a key that exists; ids must not even exist under another type.
fn refuse_collisions(
    entity: &mut Entity,
    node: &NodeType,
    hits: &[Hit],
    labels_of_ids: &HashMap<String, Vec<String>>,
    scope: &Scope,
) -> bool {
    let before = entity.errors.len();
    for (number, members) in keys_of(node).enumerate() {
        if hits.iter().any(|hit| hit.via == Via::Key(number)) {
            let values = key_values(entity, members, scope).unwrap_or_default();
            let pairs = members.iter().cloned().zip(values.into_iter().map(Value::from)).collect();
            let message =
                format!("{} with {} already exists in the DB", node.id, python::repr(&Value::Object(pairs)));
            let keys: Vec<&str> = members.iter().map(String::as_str).collect();
            entity.refuse(ErrorType::Error, message, &keys);
        }
    }
    if let Some(id) = entity.given_id().map(str::to_owned) {
        refuse_stored_id(entity, &id, labels_of_ids);
    }
    entity.errors.len() > before
}

fn refuse_stored_id(entity: &mut Entity, id: &str, labels_of_ids: &HashMap<String, Vec<String>>) {
    if let Some(label) = labels_of_ids.get(id).and_then(|labels| labels.first()) {
        let message = format!("{label} with {} already exists in the DB", python::repr(&json!({ "id": id })));
        entity.refuse(ErrorType::Error, message, &["id"]);
    }
}

/// New nodes at `adopted` got their ids from the file index after the other checks: these must be neither a
/// stored node's nor another entity's. `first` is the number of the first of these entities.
pub(crate) fn refuse_taken_ids(
    entities: &mut [Entity],
    (first, adopted): (usize, &[usize]),
    labels_of_ids: &HashMap<String, Vec<String>>,
    members: &mut Members,
    labels: &[&str],
) {
    for position in adopted {
        let Some(entity) = entities.get_mut(*position) else { continue };
        let (Some(id), Some(label)) =
            (entity.node.as_ref().map(|node| node.id.clone()), entity.label.clone())
        else {
            continue;
        };
        refuse_stored_id(entity, &id, labels_of_ids);
        if !members.adopt(first + position, labels, &label, &id) {
            refuse_repeated_id(entity, &id);
        }
    }
}

fn refuse_repeated_id(entity: &mut Entity, id: &str) {
    let message = format!("Entity is not unique, another entity of this request has the id '{id}'");
    entity.refuse(ErrorType::NotUnique, message, &["id"]);
}

/// Two documents of one request must not mean the same node. The same key, letter by letter, in any two
/// types is an error of the transaction (so the original has it), which is returned; other repeats are errors of the later
/// entity. Entities have to come in their order, those of all batches.
pub(crate) fn refuse_repeats(
    entities: &mut [Entity],
    members: &Members,
    repeats: &mut Repeats,
    scope: &Scope,
    dictionary: &Dictionary,
) -> (Vec<Value>, bool) {
    let (mut transactional, mut collides) = (Vec::new(), false);
    for entity in entities.iter_mut().filter(|entity| entity.node.is_some()) {
        let Some(node) = entity.node_type(dictionary) else { continue };
        if repeats.exact(members, entity, node, scope) {
            transactional.push(repeated(entity, node, scope));
            continue;
        }
        for (number, names) in keys_of(node).enumerate() {
            let Some(values) = key_texts(entity, names, scope) else { continue };
            if repeats.folded(members, node, number, &values) {
                let keys: Vec<&str> = names.iter().map(String::as_str).collect();
                let message = format!(
                    "{} has the same {} as another entity of this request but for the case of letters",
                    node.id,
                    keys.join(", ")
                );
                entity.refuse(ErrorType::NotUnique, message, &keys);
                collides = true;
            }
        }
        let id = entity.node.as_ref().map(|node| node.id.clone()).unwrap_or_default();
        if repeats.id(members, &id) && entity.is_valid() {
            refuse_repeated_id(entity, &id);
            collides = true;
        }
    }
    (transactional, collides)
}

fn repeated(entity: &Entity, node: &NodeType, scope: &Scope) -> Value {
    let written = keys_of(node).filter_map(|tuple| key_texts(entity, tuple, scope)).map(|tuple| {
        let values: Vec<String> = tuple.iter().map(|value| python::repr_text(value)).collect();
        python::tuple(&values)
    });
    let message = format!("Entity is not unique, {}", python::tuple(&written.collect::<Vec<_>>()));
    json!({ "message": message, "type": "NOT_UNIQUE" })
}

/// Drops what later steps do not ask for: all but id, keys and links.
pub(crate) fn shrink(entity: &mut Entity, node: &NodeType) {
    let is_asked_for = |name: &str| {
        name == "id" || node.is_link(name) || keys_of(node).flatten().any(|member| member == name)
    };
    if let Value::Object(document) = &mut entity.document {
        document.retain(|name, _| is_asked_for(name));
    }
}

fn create(entity: &mut Entity, node: &NodeType, scope: &Scope, now: &str) {
    let id = entity.given_id().map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let mut props = Map::new();
    props.insert("project_id".to_owned(), json!(scope.project_id));
    for name in &node.system_properties {
        // What a user says about these does not count when a node is made.
        if let Some(property) = node.properties.get(name).filter(|_| !is_kept_by_the_store(name)) {
            props.insert(name.clone(), property.schema.get("default").cloned().unwrap_or(Value::Null));
        }
    }
    set_submitted(entity, node, &mut props, |entity, name, value, props| {
        if name == "project_id" && value.as_str() != Some(&scope.project_id) {
            refuse_system_change(entity, name, props.get(name), value);
        }
    });
    for stamp in ["created_datetime", "updated_datetime"] {
        if node.properties.contains_key(stamp) {
            props.insert(stamp.to_owned(), json!(now));
        }
    }
    entity.node = Some(Node { id, action: Action::Create, old: None, props });
}

fn update(entity: &mut Entity, node: &NodeType, hit: Hit, scope: &Scope, now: &str) {
    let owner = hit.props.get("project_id").and_then(Value::as_str).unwrap_or_default();
    if owner != scope.project_id {
        let message = format!("Entity is owned by project {owner}, not {}", scope.project_id);
        entity.refuse(ErrorType::InvalidPermissions, message, &["project_id"]);
        return;
    }
    let mut props = hit.props.clone();
    set_submitted(entity, node, &mut props, |entity, name, value, props| {
        let stored = props.get(name).unwrap_or(&Value::Null);
        let has_default = node.properties.get(name).is_some_and(|p| p.schema.get("default").is_some());
        match same(stored, value) {
            true => {}
            false if has_default => warn_ignored(entity, name, value),
            false => refuse_system_change(entity, name, Some(stored), value),
        }
    });
    refuse_file_state(entity, &props);
    if node.properties.contains_key("state") && props.get("state").is_none_or(Value::is_null) {
        props.insert("state".to_owned(), json!("validated"));
    }
    let mut written = Node { id: hit.node_id, action: Action::Update, old: Some(hit.props), props };
    if written.is_changed() && node.properties.contains_key("updated_datetime") {
        written.props.insert("updated_datetime".to_owned(), json!(now));
    }
    entity.node = Some(written);
}

/// Sets what the document says; `system` decides about the names that are not the user's.
fn set_submitted(
    entity: &mut Entity,
    node: &NodeType,
    props: &mut Map<String, Value>,
    system: impl Fn(&mut Entity, &str, &Value, &Map<String, Value>),
) {
    let Value::Object(document) = std::mem::take(&mut entity.document) else { return };
    for (name, value) in &document {
        let ignored = is_kept_by_the_store(name) && name != "project_id";
        if ignored || node.is_link(name) {
            continue;
        }
        if name == "project_id" || node.system_properties.iter().any(|s| s == name) {
            system(entity, name, value, props);
        } else if node.properties.contains_key(name) {
            match props.get_mut(name) {
                Some(known) => known.clone_from(value),
                None => drop(props.insert(name.clone(), value.clone())),
            }
        } else {
            let message = format!("Key '{name}' is not a valid property for type '{}'.", node.id);
            entity.refuse(ErrorType::InvalidProperty, message, &[name]);
        }
    }
    entity.document = Value::Object(document);
}

/// Properties that follow from elsewhere, whatever a document says.
fn is_kept_by_the_store(name: &str) -> bool {
    matches!(name, "id" | "type" | "project_id" | "created_datetime" | "updated_datetime")
}

fn refuse_system_change(entity: &mut Entity, name: &str, from: Option<&Value>, to: &Value) {
    let (from, to) = (python::str(from.unwrap_or(&Value::Null)), python::str(to));
    let message = format!("Key '{name}' is a system property and cannot be updated from '{from}' to '{to}'");
    entity.refuse(ErrorType::InvalidPermissions, message, &[name]);
}

fn warn_ignored(entity: &mut Entity, name: &str, value: &Value) {
    let message =
        format!("Property '{name}' ({}) is a system property and will be ignored.", python::str(value));
    entity.warnings.push(crate::entity::Problem::new(ErrorType::InvalidProperty, message, &[name]));
}

/// The bytes of a file that has gone on in its life can no longer be described anew.
fn refuse_file_state(entity: &mut Entity, props: &Map<String, Value>) {
    let Some(state) = props.get("file_state").and_then(Value::as_str) else { return };
    if !["registered", "uploading", "uploaded", "validating"].contains(&state) {
        let message = format!("This file is already in file_state '{state}' and cannot be updated.");
        entity.refuse(ErrorType::InvalidPermissions, message, &["file_state"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::classify;

    const NOW: &str = "2026-01-02T03:04:05.000006+00:00";

    fn scope(creates_only: bool) -> Scope {
        Scope { project_id: "P-Q".into(), code: "Q".into(), project_node_id: "q".into(), creates_only }
    }

    /// Instantiates one document against the stored nodes `(id, via, props)`.
    fn run(document: Value, stored: &[(&str, Via, Value)], creates_only: bool) -> Entity {
        let dictionary = crate::testing::dictionary();
        let validators = dictionary::Validators::compile(&dictionary).unwrap();
        let (mut entities, _) = classify(vec![document], &scope(creates_only), &dictionary, &validators);
        let hit = |(id, via, props): &(&str, Via, Value)| Hit {
            position: 0,
            via: *via,
            node_id: (*id).to_owned(),
            props: props.as_object().cloned().unwrap_or_default(),
        };
        let hits = stored.iter().map(hit).collect();
        let found = Found { hits: BTreeMap::from([("case".to_owned(), hits)]), ..Found::default() };
        instantiate(&mut entities, found, &scope(creates_only), &dictionary, NOW);
        entities.remove(0)
    }

    fn case(more: Value) -> Value {
        let mut document = json!({"type": "case", "submitter_id": "C", "studies": {"submitter_id": "S"}});
        let Value::Object(more) = more else { return document };
        document.as_object_mut().unwrap().extend(more);
        document
    }

    fn stored(more: Value) -> Value {
        let mut props = json!({"submitter_id": "C", "project_id": "P-Q", "state": "validated"});
        props.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        props
    }

    #[test]
    fn a_key_is_looked_up_whole_or_not_at_all() {
        let dictionary = crate::testing::dictionary();
        let validators = dictionary::Validators::compile(&dictionary).unwrap();
        let documents = vec![case(json!({})), case(json!({"submitter_id": null}))];
        let (entities, _) = classify(documents, &scope(false), &dictionary, &validators);
        let wanted = wanted(&entities, &scope(false), &dictionary);
        let values = &wanted["case"].keys[0].values;
        assert_eq!(*values, vec![(0, vec!["P-Q".to_owned(), "C".to_owned()])]);
    }

    #[test]
    fn an_update_changes_only_what_the_document_says() {
        let before = stored(json!({"age": 5, "weight": 1.5, "updated_datetime": "x"}));
        let entity = run(case(json!({"age": 6})), &[("c", Via::Key(0), before)], false);
        let node = entity.node.unwrap();
        assert_eq!((node.id.as_str(), node.action), ("c", Action::Update));
        let after = stored(json!({"age": 6, "weight": 1.5, "updated_datetime": NOW}));
        assert_eq!(Value::Object(node.props), after);
    }

    #[test]
    fn the_same_again_is_no_change() {
        let before = stored(json!({"age": 5, "weight": 2.0}));
        let entity = run(case(json!({"age": 5, "weight": 2})), &[("c", Via::Key(0), before)], false);
        assert!(!entity.node.unwrap().is_changed());
    }

    #[test]
    fn a_node_of_another_project_is_not_touched() {
        let foreign = stored(json!({"project_id": "P-R"}));
        let entity = run(case(json!({})), &[("c", Via::Key(0), foreign)], false);
        assert_eq!(entity.errors[0].kind, ErrorType::InvalidPermissions);
        assert_eq!(entity.node, None);
    }

    #[test]
    fn an_id_from_the_file_index_is_free_or_refused() {
        let named = |id: &str| {
            let mut entity = run(case(json!({})), &[], true);
            entity.node.as_mut().unwrap().id = id.to_owned();
            entity
        };
        let mut entities = [named("free"), named("stored"), named("twice"), named("twice"), named("free")];
        let labels_of_ids = HashMap::from([("stored".to_owned(), vec!["reading".to_owned()])]);
        let dictionary = crate::testing::dictionary();
        let mut members = Members::default();
        for entity in &entities {
            // The first ones have their ids of before.
            let mut before = entity.clone();
            if members.count() < 4 {
                before.node.as_mut().unwrap().id = uuid::Uuid::new_v4().to_string();
            }
            members.add(&before, dictionary.nodes.get("case"), &scope(true));
        }
        members.settle();
        refuse_taken_ids(&mut entities, (0, &[0, 1, 2, 3]), &labels_of_ids, &mut members, &["case"]);
        let messages =
            entities.map(|entity| entity.errors.into_iter().map(|e| e.message).collect::<Vec<_>>());
        let repeated =
            |id: &str| format!("Entity is not unique, another entity of this request has the id '{id}'");
        let stored = "reading with {'id': 'stored'} already exists in the DB".to_owned();
        assert_eq!(messages, [vec![repeated("free")], vec![stored], vec![], vec![repeated("twice")], vec![]]);
    }

    #[test]
    fn id_and_key_must_mean_the_same_node() {
        let id = "11111111-1111-4111-8111-111111111111";
        let by_id = (id, Via::Id, stored(json!({"submitter_id": "D"})));
        let by_key = ("other", Via::Key(0), stored(json!({})));
        let entity = run(case(json!({ "id": id })), &[by_id, by_key], false);
        assert_eq!(
            entity.errors[0].message,
            "case with {'project_id': 'P-Q', 'submitter_id': 'C'} already exists in the DB"
        );
    }

    #[test]
    fn system_properties_are_warned_about_or_refused() {
        let entity =
            run(case(json!({"state": "submitted"})), &[("c", Via::Key(0), stored(json!({})))], false);
        assert_eq!(entity.errors, vec![]);
        assert_eq!(
            entity.warnings[0].message,
            "Property 'state' (submitted) is a system property and will be ignored."
        );
        let entity = run(case(json!({"project_id": "P-R"})), &[], true);
        assert_eq!(
            entity.errors[0].message,
            "Key 'project_id' is a system property and cannot be updated from 'P-Q' to 'P-R'"
        );
        assert_eq!(entity.errors[0].keys, ["project_id"]);
    }

    #[test]
    fn a_missing_state_becomes_validated() {
        let entity = run(case(json!({})), &[("c", Via::Key(0), stored(json!({"state": null})))], false);
        assert_eq!(entity.node.unwrap().props["state"], "validated");
    }
}
