//! Entities to nodes: which stored node each means, and what its properties become.
//!
//! [`wanted`] says what to look up, [`instantiate`] uses what was found.

use std::collections::{BTreeMap, HashMap};

use dictionary::{Dictionary, NodeType};
use serde_json::Value;

use super::{
    keys::{key_texts, key_values, refuse_stored_id},
    properties::{create, update},
};
use crate::model::{
    entity::Entity,
    lookup::{Hit, NodeLookup, Shown, Via},
    problem::ErrorType,
    scope::{Scope, Writes},
};

/// The stored nodes that the documents of a submission may mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredNodes {
    /// What was found, by node type.
    pub hits: BTreeMap<String, Vec<Hit>>,
    /// The types of all nodes that have an id which the submission names.
    pub labels_of_ids: HashMap<String, Vec<String>>,
}

/// The lookups that the valid `entities` need, by node type.
pub(crate) fn wanted(
    entities: &[Entity],
    scope: &Scope,
    dictionary: &Dictionary,
) -> BTreeMap<String, NodeLookup> {
    let mut wanted: BTreeMap<String, NodeLookup> = BTreeMap::new();
    for (position, entity) in entities.iter().enumerate().filter(|(_, entity)| entity.is_valid()) {
        let Some(node) = entity.node_type(dictionary) else { continue };
        let of_type = wanted.entry(node.id.clone()).or_insert_with(|| NodeLookup::of(node));
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

/// Gives every valid entity its node: the stored one that it means, or a new one with a fresh id. Says
/// whether an entity got an error for an id or key that exists already: then the submission must end, because
/// rows would collide.
pub(crate) fn instantiate(
    entities: &mut [Entity],
    found: StoredNodes,
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
            // Told nothing of it, the caller makes a new record, in the wrong project.
            Some(hit) if hits[hit].shown == Shown::Hidden => {
                create(entity, node, scope, now);
                collides |= refuse_collisions(entity, node, &[], &found.labels_of_ids, scope);
            }
            Some(hit) => update(entity, node, hits.swap_remove(hit), scope, now),
            None => {
                create(entity, node, scope, now);
                collides |= refuse_collisions(entity, node, &hits, &found.labels_of_ids, scope);
            }
        }
    }
    collides
}

/// Which of `hits` is the stored node that an entity means: the one that has its id, where one is given,
/// **and** all its keys. An incomplete key identifies nothing.
fn meant(entity: &Entity, node: &NodeType, hits: &[Hit], scope: &Scope) -> Option<usize> {
    if scope.writes == Writes::Creations || hits.is_empty() {
        return None;
    }
    let tuples = node.natural_keys().count();
    let complete = tuples > 0 && node.natural_keys().all(|tuple| key_texts(entity, tuple, scope).is_some());
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
    for (number, members) in node.natural_keys().enumerate() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use super::super::classify::classify;
    use crate::model::entity::Action;

    const NOW: &str = "2026-01-02T03:04:05.000006+00:00";

    fn scope(writes: Writes) -> Scope {
        crate::testing::scope(writes)
    }

    /// Instantiates one document against the stored nodes `(id, via, props)`.
    fn run(document: Value, stored: &[(&str, Via, Value)], writes: Writes) -> Entity {
        let dictionary = crate::testing::dictionary();
        let validators = dictionary::Validators::compile(&dictionary).unwrap();
        let (mut entities, _) = classify(vec![document], &scope(writes), &dictionary, &validators);
        let hit = |(id, via, props): &(&str, Via, Value)| Hit {
            position: 0,
            via: *via,
            node_id: (*id).to_owned(),
            props: props.as_object().cloned().unwrap_or_default(),
            shown: if *id == "hidden" { Shown::Hidden } else { Shown::Openly },
        };
        let hits = stored.iter().map(hit).collect();
        let found =
            StoredNodes { hits: BTreeMap::from([("case".to_owned(), hits)]), ..StoredNodes::default() };
        instantiate(&mut entities, found, &scope(writes), &dictionary, NOW);
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
        let (entities, _) =
            classify(documents, &scope(Writes::CreationsAndUpdates), &dictionary, &validators);
        let wanted = wanted(&entities, &scope(Writes::CreationsAndUpdates), &dictionary);
        let values = &wanted["case"].keys[0].values;
        assert_eq!(*values, vec![(0, vec!["P-Q".to_owned(), "C".to_owned()])]);
    }

    #[test]
    fn an_update_changes_only_what_the_document_says() {
        let before = stored(json!({"age": 5, "weight": 1.5, "updated_datetime": "x"}));
        let entity = run(case(json!({"age": 6})), &[("c", Via::Key(0), before)], Writes::CreationsAndUpdates);
        let node = entity.node.unwrap();
        assert_eq!((node.id.as_str(), node.action), ("c", Action::Update));
        let after = stored(json!({"age": 6, "weight": 1.5, "updated_datetime": NOW}));
        assert_eq!(Value::Object(node.props), after);
    }

    #[test]
    fn the_same_again_is_no_change() {
        let before = stored(json!({"age": 5, "weight": 2.0}));
        let entity = run(
            case(json!({"age": 5, "weight": 2})),
            &[("c", Via::Key(0), before)],
            Writes::CreationsAndUpdates,
        );
        assert!(!entity.node.unwrap().is_changed());
    }

    #[test]
    fn a_node_of_another_project_is_not_touched() {
        let foreign = || stored(json!({"project_id": "P-R"}));
        let document = || case(json!({"project_id": "P-R"}));
        let entity = run(document(), &[("c", Via::Key(0), foreign())], Writes::CreationsAndUpdates);
        let keys: Vec<_> = entity.errors.iter().map(|error| (error.kind, error.keys.join(","))).collect();
        let expected = ["", "project_id"].map(|keys| (ErrorType::InvalidPermissions, keys.to_owned()));
        assert_eq!(keys, expected);
        assert_eq!(entity.node.map(|node| (node.id, node.action)), Some(("c".to_owned(), Action::Update)));
        // Somebody who may not read there is told nothing of it.
        let entity = run(document(), &[("hidden", Via::Key(0), foreign())], Writes::CreationsAndUpdates);
        let messages: Vec<&str> = entity.errors.iter().map(|error| error.message.as_str()).collect();
        let expected = "Key 'project_id' is a system property and cannot be updated from 'P-Q' to 'P-R'";
        assert_eq!(messages, [expected]);
        assert_eq!(entity.node.map(|node| node.action), Some(Action::Create));
    }

    #[test]
    fn id_and_key_must_mean_the_same_node() {
        let id = "11111111-1111-4111-8111-111111111111";
        let by_id = (id, Via::Id, stored(json!({"submitter_id": "D"})));
        let by_key = ("other", Via::Key(0), stored(json!({})));
        let entity = run(case(json!({ "id": id })), &[by_id, by_key], Writes::CreationsAndUpdates);
        assert_eq!(
            entity.errors[0].message,
            "case with {'project_id': 'P-Q', 'submitter_id': 'C'} already exists in the DB"
        );
    }

    #[test]
    fn system_properties_are_warned_about_or_refused() {
        let entity = run(
            case(json!({"state": "submitted"})),
            &[("c", Via::Key(0), stored(json!({})))],
            Writes::CreationsAndUpdates,
        );
        assert_eq!(entity.errors, vec![]);
        assert_eq!(
            entity.warnings[0].message,
            "Property 'state' (submitted) is a system property and will be ignored."
        );
        let entity = run(case(json!({"project_id": "P-R"})), &[], Writes::Creations);
        assert_eq!(
            entity.errors[0].message,
            "Key 'project_id' is a system property and cannot be updated from 'P-Q' to 'P-R'"
        );
        assert_eq!(entity.errors[0].keys, ["project_id"]);
    }

    #[test]
    fn a_system_property_that_is_null_or_nothing_is_not_warned_about() {
        for nothing in [json!(null), json!("")] {
            let mut entity = case(json!({}));
            entity["state"] = nothing;
            let stored = [("c", Via::Key(0), stored(json!({})))];
            let entity = run(entity, &stored, Writes::CreationsAndUpdates);
            assert_eq!(entity.warnings, vec![]);
        }
    }

    #[test]
    fn a_missing_state_becomes_validated() {
        let entity = run(
            case(json!({})),
            &[("c", Via::Key(0), stored(json!({"state": null})))],
            Writes::CreationsAndUpdates,
        );
        assert_eq!(entity.node.unwrap().props["state"], "validated");
    }
}
