//! Refuses ids and keys that occur twice, in one request or in a request and in the graph.

use std::collections::HashMap;

use dictionary::{Dictionary, NodeType};
use serde_json::{Value, json};

use super::{
    keys::{key_texts, refuse_stored_id},
    members::{Members, Repeats},
};
use crate::model::{entity::Entity, problem::ErrorType, scope::Scope};

/// New nodes at `adopted` got their ids from the file index after the other checks: these must be neither a
/// stored node's nor another entity's. `first` is the number of the first of these entities.
pub(crate) fn refuse_taken_ids(
    entities: &mut [Entity],
    first: usize,
    adopted: &[usize],
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

/// Two documents of one request must not mean the same node. The same key, letter by letter, in any two types
/// is an error of the transaction, as in the original, and is returned; other repeats are errors of
/// the later entity. The entities of all batches have to come in their order.
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
        for (number, names) in node.natural_keys().enumerate() {
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
    let written = node.natural_keys().filter_map(|tuple| key_texts(entity, tuple, scope)).map(|tuple| {
        let values: Vec<String> = tuple.iter().map(|value| python::repr_text(value)).collect();
        python::tuple(&values)
    });
    let message = format!("Entity is not unique, {}", python::tuple(&written.collect::<Vec<_>>()));
    json!({ "message": message, "type": "NOT_UNIQUE" })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::model::{
        entity::{Action, Node},
        scope::Writes,
    };

    #[test]
    fn an_id_from_the_file_index_is_free_or_refused() {
        let named = |id: &str| {
            let node = Node { id: id.into(), action: Action::Create, old: None, props: Map::new() };
            Entity::stored("case", node)
        };
        let mut entities = [named("free"), named("stored"), named("twice"), named("twice"), named("free")];
        let labels_of_ids = HashMap::from([("stored".to_owned(), vec!["reading".to_owned()])]);
        let dictionary = crate::testing::dictionary();
        let scope = crate::testing::scope(Writes::Creations);
        let mut members = Members::default();
        for entity in &entities {
            // The first ones have their ids of before.
            let mut before = entity.clone();
            if members.count() < 4 {
                before.node.as_mut().unwrap().id = uuid::Uuid::new_v4().to_string();
            }
            members.add(&before, dictionary.nodes.get("case"), &scope);
        }
        members.settle();
        refuse_taken_ids(&mut entities, 0, &[0, 1, 2, 3], &labels_of_ids, &mut members, &["case"]);
        let messages =
            entities.map(|entity| entity.errors.into_iter().map(|e| e.message).collect::<Vec<_>>());
        let repeated =
            |id: &str| format!("Entity is not unique, another entity of this request has the id '{id}'");
        let stored = "reading with {'id': 'stored'} already exists in the DB".to_owned();
        assert_eq!(messages, [vec![repeated("free")], vec![stored], vec![], vec![repeated("twice")], vec![]]);
    }
}
