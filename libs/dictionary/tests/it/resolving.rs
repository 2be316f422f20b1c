use dictionary::Dictionary;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::mini::{Files, changed, dictionary, files, problems};

/// The resolved form of `value` as property `x` of case.
fn resolved(files: Files) -> Value {
    Dictionary::from_files(files).expect("it loads").nodes["case"].schema["properties"]["x"].clone()
}

fn with(definitions: Value, x: Value) -> Files {
    let mut files = changed("case.yaml", "/properties/x", x);
    let all = files["_definitions.yaml"].as_object_mut().expect("an object");
    all.extend(definitions.as_object().expect("an object").clone());
    files
}

#[test]
fn the_referent_wins_over_what_stands_beside_the_reference() {
    let files = with(
        json!({"d": {"type": "string", "description": "theirs"}}),
        json!({"description": "mine", "$ref": "_definitions.yaml#/d", "maxLength": 3}),
    );
    assert_eq!(resolved(files).to_string(), r#"{"description":"theirs","maxLength":3,"type":"string"}"#);
}

#[test]
fn every_key_that_begins_with_ref_is_a_reference_and_the_last_wins() {
    let files = with(
        json!({"a": {"type": "string", "pattern": "a"}, "b": {"type": "integer"}}),
        json!({"$ref": "_definitions.yaml#/a", "$ref_more": "_definitions.yaml#/b"}),
    );
    assert_eq!(resolved(files), json!({"type": "integer", "pattern": "a"}));
}

#[test]
fn the_merge_is_shallow() {
    let files = with(
        json!({"d": {"items": {"type": "string"}}}),
        json!({"$ref": "_definitions.yaml#/d", "items": {"maxLength": 3}}),
    );
    assert_eq!(resolved(files), json!({"items": {"type": "string"}}));
}

#[test]
fn a_local_reference_is_of_the_file_that_it_is_written_in() {
    let files = with(
        json!({"outer": {"inner": {"$ref": "#/UUID"}}, "list": {"anyOf": [{"$ref": "#/outer"}]}}),
        json!({"$ref": "_definitions.yaml#/list"}),
    );
    let inner = json!({"type": "string", "pattern": "^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$"});
    assert_eq!(resolved(files), json!({"anyOf": [{"inner": inner}]}));
}

#[test]
fn a_path_may_lead_through_lists_escapes_and_references() {
    let definitions = json!({
        "a/b~c": [{"type": "string"}, {"type": "integer"}],
        "base": {"deep": {"type": "boolean"}},
        "derived": {"$ref": "#/base"},
    });
    let one = with(definitions.clone(), json!({"$ref": "_definitions.yaml#/a~1b~0c/1"}));
    assert_eq!(resolved(one), json!({"type": "integer"}));
    let through = with(definitions, json!({"$ref": "_definitions.yaml#/derived/deep"}));
    assert_eq!(resolved(through), json!({"type": "boolean"}));
}

#[test]
fn definitions_that_no_type_uses_stay_as_they_are_written() {
    let definitions = &dictionary().files["_definitions"];
    assert_eq!(definitions["unused"], json!({"$ref": "_terms.yaml#/nowhere"}));
    assert_eq!(definitions["also_unused"], json!({"$ref": "#/UUID"}));
    assert_eq!(definitions["common"]["id"], definitions["UUID"]);
}

#[test]
fn a_reference_that_cannot_be_followed_is_named_with_its_place() {
    let cases = [
        (
            json!({"$ref": "nope.yaml#/a"}),
            "the reference nope.yaml#/a names a file that the dictionary lacks",
        ),
        (json!({"$ref": "_definitions.yaml#/nope"}), "the reference _definitions.yaml#/nope leads nowhere"),
        (json!({"$ref": "_definitions.yaml"}), "the reference _definitions.yaml has no #"),
        (
            json!({"$ref": ["_definitions.yaml#/UUID"]}),
            "a reference must be a string, not a list or anything else",
        ),
        (
            json!({"$ref": "_definitions.yaml#/datetime/oneOf"}),
            "the reference _definitions.yaml#/datetime/oneOf does not lead to a mapping",
        ),
    ];
    for (x, expected) in cases {
        let problem = &problems(changed("case.yaml", "/properties/x", x))[0];
        assert_eq!((problem.file.as_str(), problem.path.as_str()), ("case.yaml", "/properties/x/$ref"));
        assert_eq!(problem.message, expected);
        assert!(!problem.remedy.is_empty());
    }
}

#[test]
fn a_property_may_refer_to_its_neighbour_beside_a_reference() {
    let mut files = with(json!({}), json!({"$ref": "#/properties/sex"}));
    assert_eq!(resolved(files.clone()), json!({"enum": ["Female", "Male"]}));
    files["case.yaml"]["properties"]["x"] = json!({"$ref": "#/properties/submitter_id"});
    assert_eq!(resolved(files), json!({"type": "string"}), "what a reference brings in can be referred to");
}

#[test]
fn two_files_may_refer_to_properties_of_each_other() {
    let mut files = with(json!({}), json!({"$ref": "scan.yaml#/properties/y"}));
    files["scan.yaml"]["properties"]["y"] = json!({"$ref": "case.yaml#/properties/sex"});
    assert_eq!(resolved(files), json!({"enum": ["Female", "Male"]}));
}

#[test]
fn references_in_a_circle_on_the_way_to_a_target_are_refused() {
    let files = with(
        json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}),
        json!({"$ref": "_definitions.yaml#/a/deeper"}),
    );
    assert!(problems(files)[0].message.contains("in a circle"));
}

#[test]
fn every_reference_that_leads_nowhere_is_told() {
    let lost = json!({"$ref": "_definitions.yaml#/nowhere"});
    let mut files =
        with(json!({"a": {"x": lost, "y": {"$ref": "#/b"}}, "b": {"type": "string"}}), lost.clone());
    files["case.yaml"]["properties"]["y"] = json!({"$ref": "_definitions.yaml#/a"});
    files["scan.yaml"]["properties"]["x"] = lost;
    let places: Vec<_> =
        problems(files).into_iter().map(|problem| format!("{}{}", problem.file, problem.path)).collect();
    assert_eq!(
        places,
        ["case.yaml/properties/x/$ref", "_definitions.yaml/a/x/$ref", "scan.yaml/properties/x/$ref"]
    );
}

#[test]
fn cycles_are_refused() {
    let own = with(json!({"a": {"x": {"$ref": "#/a"}}}), json!({"$ref": "_definitions.yaml#/a"}));
    assert!(problems(own)[0].message.contains("leads back to itself"));
    let two =
        with(json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}), json!({"$ref": "_definitions.yaml#/a"}));
    assert!(problems(two)[0].message.contains("leads back to itself"));
}

#[test]
fn references_that_multiply_without_end_are_refused() {
    let mut definitions = json!({"d0": {"a": 1, "b": 2}});
    for level in 1..30 {
        let below = json!({"$ref": format!("#/d{}", level - 1)});
        definitions[format!("d{level}")] = json!({"a": below, "b": below, "c": below});
    }
    let problem = &problems(with(definitions, json!({"$ref": "_definitions.yaml#/d29"})))[0];
    assert!(problem.message.contains("values"), "{problem}");
}

#[test]
fn a_long_text_that_is_referred_to_again_and_again_counts_as_long() {
    let long = json!({"text": "x".repeat(1 << 20)});
    let references = vec![json!({"$ref": "#/long"}); 2000];
    let definitions = json!({"long": long, "many": {"anyOf": references}});
    let problem = &problems(with(definitions, json!({"$ref": "_definitions.yaml#/many"})))[0];
    assert!(problem.message.contains("values"), "{problem}");
}

proptest! {
    /// Whatever stands in a file: an answer or a list of problems, no panic and no unresolved reference in a
    /// type.
    #[test]
    fn any_content_resolves_or_is_refused(x in any_json()) {
        let mut files = files();
        files["case.yaml"]["properties"]["x"] = x;
        if let Ok(dictionary) = Dictionary::from_files(files) {
            prop_assert!(!dictionary.nodes["case"].schema.to_string().contains("\"$ref"));
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec!["a", "$ref", "$ref2", "type", "enum", "items", "anyOf", "0"]);
    let text = prop::sample::select(vec![
        "_definitions.yaml#/UUID",
        "#/properties/x",
        "#",
        "#/",
        "_terms.yaml#/weight/description",
        "x.yaml#/a",
        "_definitions.yaml#/common/id",
        "case.yaml#/properties/x/a",
        "",
    ]);
    let leaf = prop_oneof![text.prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|entries| {
                Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}
