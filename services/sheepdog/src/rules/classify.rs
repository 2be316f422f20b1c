//! Documents to entities: what type each is, and whether it fits its schema. Needs nothing but the
//! dictionary.

use dictionary::{Dictionary, Property, ScalarType, Validators};
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
        refuse_blank_keys(entity, dictionary);
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
    let mut has_bad_urls = false;
    if node.category.is_file() && !node.properties.contains_key("urls") {
        let given = map.shift_remove("urls");
        entity.urls = given.as_ref().and_then(urls);
        has_bad_urls = entity.urls.is_none() && given.is_some_and(|given| !says_nothing(&given));
    }
    entity.shown_type = json!(node.id);
    let project_id = json!(scope.project_id);
    let value = |key: &str| {
        let given =
            map.get(key).filter(|value| node.properties.get(key).is_none_or(|p| is_of_type(p, value)));
        given.or((key == "project_id" && !map.contains_key(key)).then_some(&project_id))
    };
    entity.shown_keys = unique_keys(node, value);
    entity.label = Some(node.id.clone());
    if !node.properties.contains_key("project_id") {
        let message = format!("{} is not an entity that can be upload via the project endpoint.", node.id);
        entity.refuse(ErrorType::InvalidType, message, &["id"]);
        return Ok(entity);
    }
    entity.shown_id = map.get("id").cloned().unwrap_or(Value::Null);
    if has_bad_urls {
        let message = "'urls' is neither a text with commas nor a list of texts";
        entity.refuse(ErrorType::InvalidValue, message, &["urls"]);
    }
    if scope.writes == Writes::Creations && !entity.shown_id.is_null() && !is_uuid(&entity.shown_id) {
        let message = "Cannot create entity with custom id that is not a UUID.";
        entity.refuse(ErrorType::InvalidValue, message, &["id"]);
    }
    Ok(entity)
}

/// Locations, as a text with commas or as a list of texts.
fn urls(value: &Value) -> Option<Vec<String>> {
    let trimmed = |urls: Vec<&str>| {
        let urls = urls.into_iter().map(str::trim).filter(|url| !url.is_empty());
        urls.map(str::to_owned).collect()
    };
    match value {
        Value::String(text) if !says_nothing(value) => Some(trimmed(text.split(',').collect())),
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<Vec<&str>>>().map(trimmed),
        _ => None,
    }
}

/// Whether it is null or a blank text.
fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Refuses a record in which a member of a unique key that it must have is there without a value: nobody
/// could mean it again, and it would be another record each time.
fn refuse_blank_keys(entity: &mut Entity, dictionary: &Dictionary) {
    let Some(node) = entity.node_type(dictionary) else { return };
    for key in node.required.iter().filter(|name| *name != "project_id") {
        let is_key = node.natural_keys().flatten().any(|member| member == key);
        let is_refused = entity.errors.iter().any(|error| error.keys.contains(key));
        if is_key && !is_refused && entity.get(key).is_some_and(says_nothing) {
            let message =
                format!("'{key}' is a required property: it is part of the record's key, and blank");
            entity.refuse(ErrorType::MissingProperty, message, &[key]);
        }
    }
}

/// Whether a value is of the type that its property is stored as; others are not shown as keys.
fn is_of_type(property: &Property, value: &Value) -> bool {
    match property.scalar {
        ScalarType::String => value.is_string(),
        ScalarType::Number => value.is_number(),
        ScalarType::Integer => value.is_i64() || value.is_u64(),
        ScalarType::Boolean => value.is_boolean(),
        ScalarType::Array => value.is_array(),
    }
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
        let entity = &run(document).0[0];
        json!(crate::model::entity::Shown { entity, dictionary: &dictionary, message: None })
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

    fn file(urls: Value) -> Entity {
        let document = json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 1,
            "md5sum": "00000000000000000000000000000001", "studies": {"submitter_id": "S"}, "urls": urls});
        run(document).0.remove(0)
    }

    #[test]
    fn urls_may_be_a_list_and_nothing_else_than_text_or_list() {
        assert_eq!(
            file(json!(["s3://a/b ", "gs://c/d,e"])).urls,
            Some(vec!["s3://a/b".into(), "gs://c/d,e".into()])
        );
        assert_eq!(file(json!([])).urls, Some(vec![]));
        for nothing in [json!(null), json!(" ")] {
            let entity = file(nothing);
            assert_eq!((entity.urls, entity.errors), (None, vec![]));
        }
        for wrong in [json!(5), json!({"a": "s3://a/b"}), json!(["s3://a/b", null])] {
            assert_eq!(file(wrong).errors[0].keys, ["urls"]);
        }
    }

    #[test]
    fn a_required_part_of_the_key_is_not_blank() {
        for blank in [json!(null), json!(""), json!("  ")] {
            let document = json!({"type": "case", "submitter_id": blank, "studies": {"submitter_id": "S"}});
            let entity = run(document).0.remove(0);
            assert_eq!(
                (entity.errors[0].kind, &*entity.errors[0].keys),
                (ErrorType::MissingProperty, &["submitter_id".to_owned()][..])
            );
        }
    }

    #[test]
    fn a_number_as_a_key_is_shown_as_null() {
        let answer = answer(json!({"type": "case", "submitter_id": 5, "studies": {"submitter_id": "S"}}));
        assert_eq!(answer["unique_keys"], json!([{"project_id": "P-Q", "submitter_id": null}]));
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
