//! Documents to entities: what type each is, and whether it fits its schema. Needs nothing but the
//! dictionary.

use dictionary::{Dictionary, Validators};
use serde_json::{Value, json};

use crate::model::{
    entity::{Entity, unique_keys},
    problem::ErrorType,
    scope::{Scope, Writes},
};

/// The entities of `documents` in their order, and the errors of documents that are not entities at all.
pub(crate) fn classify(
    documents: Vec<Value>,
    scope: &Scope,
    dictionary: &Dictionary,
    validators: &Validators,
) -> (Vec<Entity>, Vec<Value>) {
    let (mut entities, mut unclassified) = (Vec::with_capacity(documents.len()), Vec::new());
    for document in documents {
        match classify_one(document, scope, dictionary) {
            Ok(entity) => entities.push(entity),
            Err(error) => unclassified.push(error),
        }
    }
    for entity in &mut entities {
        validate(entity, validators);
    }
    (entities, unclassified)
}

fn classify_one(document: Value, scope: &Scope, dictionary: &Dictionary) -> Result<Entity, Value> {
    let mut entity = Entity::of(document);
    let Value::Object(map) = &mut entity.document else {
        let kind = python::type_name(&entity.document);
        let message = format!("Entity document must be an object, not a {kind}");
        entity.refuse(ErrorType::InvalidValue, message, &[]);
        entity.refuse(ErrorType::MissingProperty, "'type' is a required property", &["type"]);
        return Ok(entity);
    };
    let given = map.get("type").unwrap_or(&Value::Null);
    let Some(node) = given.as_str().and_then(|label| dictionary.nodes.get(label)) else {
        let name = python::str(given);
        let message =
            format!("Unable to parse entity. Details: [400] - Node type \"{name}\" not found in dictionary");
        return Err(json!({ "message": message }));
    };
    // A blank project_id, as in a template filled in without it, is one that was not given.
    if map.get("project_id").is_some_and(Value::is_null) {
        map.shift_remove("project_id");
    }
    if node.category.is_file() && !node.properties.contains_key("urls") {
        entity.urls = map.shift_remove("urls").as_ref().and_then(Value::as_str).map(split_urls);
    }
    entity.shown_type = json!(node.id);
    let project_id = json!(scope.project_id);
    let value = |key: &str| map.get(key).or((key == "project_id").then_some(&project_id));
    entity.shown_keys = unique_keys(node, value);
    entity.label = Some(node.id.clone());
    if !node.properties.contains_key("project_id") {
        let message = format!("{} is not an entity that can be upload via the project endpoint.", node.id);
        entity.refuse(ErrorType::InvalidType, message, &["id"]);
        return Ok(entity);
    }
    entity.shown_id = map.get("id").cloned().unwrap_or(Value::Null);
    if scope.writes == Writes::Creations && !entity.shown_id.is_null() && !is_uuid(&entity.shown_id) {
        let message = "Cannot create entity with custom id that is not a UUID.";
        entity.refuse(ErrorType::InvalidValue, message, &["id"]);
    }
    Ok(entity)
}

fn split_urls(urls: &str) -> Vec<String> {
    urls.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| uuid::Uuid::try_parse(text).is_ok())
}

fn validate(entity: &mut Entity, validators: &Validators) {
    let Some(label) = entity.label.as_deref() else { return };
    if validators.is_valid(label, &entity.document) {
        return;
    }
    let violations = validators.check(label, &entity.document);
    entity.errors.extend(violations.into_iter().map(Into::into));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        crate::testing::scope(Writes::Creations)
    }

    fn run(document: Value) -> (Vec<Entity>, Vec<Value>) {
        let dictionary = crate::testing::dictionary();
        let validators = Validators::compile(&dictionary).unwrap();
        classify(vec![document], &scope(), &dictionary, &validators)
    }

    fn answer(document: Value) -> Value {
        let dictionary = crate::testing::dictionary();
        json!(crate::model::entity::Shown { entity: &run(document).0[0], dictionary: &dictionary })
    }

    #[test]
    fn a_document_without_a_known_type_is_no_entity() {
        for (given, name) in
            [(json!({}), "None"), (json!({"type": 5}), "5"), (json!({"type": "Case"}), "Case")]
        {
            let (entities, errors) = run(given);
            assert_eq!(entities, vec![]);
            let message = format!(
                "Unable to parse entity. Details: [400] - Node type \"{name}\" not found in dictionary"
            );
            assert_eq!(errors, vec![json!({ "message": message })]);
        }
    }

    #[test]
    fn a_list_is_an_invalid_entity() {
        assert_eq!(
            answer(json!([1])),
            json!({"action": null, "id": null, "type": null, "unique_keys": [], "valid": false,
            "warnings": [],
                   "errors": [
                       {"keys": [], "message": "Entity document must be an object, not a list",
                       "type": "INVALID_VALUE"},
                       {"keys": ["type"], "message": "'type' is a required property",
                       "type": "MISSING_PROPERTY"}]})
        );
    }

    #[test]
    fn types_outside_projects_cannot_be_uploaded() {
        let answer = answer(json!({"type": "root", "id": "root"}));
        assert_eq!(answer["errors"][0]["type"], "INVALID_TYPE");
        assert_eq!(answer["id"], Value::Null);
    }

    #[test]
    fn a_new_id_must_be_a_uuid() {
        let answer =
            answer(json!({"type": "case", "submitter_id": "C", "id": "x", "studies": {"submitter_id": "S"}}));
        assert_eq!(answer["errors"].as_array().unwrap().len(), 2);
        assert_eq!(
            answer["errors"][0],
            json!({"keys": ["id"], "message": "Cannot create entity with custom id that is not a UUID.",
            "type": "INVALID_VALUE"})
        );
        assert_eq!(answer["id"], "x");
        assert_eq!(answer["unique_keys"], json!([{"project_id": "P-Q", "submitter_id": "C"}]));
    }

    #[test]
    fn urls_of_a_file_are_taken_out_before_validation() {
        let (entities, _) =
            run(json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 1,
            "md5sum": "00000000000000000000000000000001", "studies": {"submitter_id": "S"},
            "urls": "s3://a/b, gs://c"}));
        assert_eq!(entities[0].errors, vec![]);
        assert_eq!(entities[0].urls, Some(vec!["s3://a/b".to_owned(), "gs://c".to_owned()]));
    }

    #[test]
    fn an_entity_after_one_without_a_type_is_checked_too() {
        let dictionary = crate::testing::dictionary();
        let validators = Validators::compile(&dictionary).unwrap();
        let documents = vec![json!({"submitter_id": "A"}), json!({"type": "case", "submitter_id": "B"})];
        let (entities, errors) = classify(documents, &scope(), &dictionary, &validators);
        assert_eq!((entities.len(), errors.len()), (1, 1));
        assert_eq!(entities[0].errors[0].keys, ["studies"]);
    }
}
