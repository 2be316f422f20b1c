//! Lists of numbers and booleans, and properties whose values are of several kinds.

use std::sync::Arc;

use dictionary::Dictionary;
use serde_json::{Value, json};

use crate::support::Commons;

/// Cases with such properties.
async fn commons() -> Commons {
    let mut files: Value = serde_json::from_str(include_str!("../data/dictionary.json")).unwrap();
    for (name, schema) in [
        ("spacing", json!({"type": "array", "items": {"type": "number"}})),
        ("flags", json!({"type": "array", "items": {"type": "boolean"}})),
        ("notes", json!({"type": "array", "items": {"type": ["string", "number"]}})),
        ("grade", json!({"type": ["number", "string"]})),
        ("agreed", json!({"type": ["boolean", "string"]})),
        ("level", json!({"enum": [1, 2, "x"]})),
    ] {
        files["case.yaml"]["properties"][name] = schema;
    }
    // A property that another type has with another type.
    files["sample.yaml"]["properties"]["grade"] = json!({"type": "string"});
    let dictionary = Dictionary::from_files(serde_json::from_value(files).unwrap()).unwrap();
    let mut commons = Commons::empty().await;
    commons.service = commons.service.with_dictionary(Arc::new(dictionary));
    let to = commons.loader();
    let a = json!({"spacing": [0.5, 0.70, 3], "flags": [true], "notes": ["1", "a"], "grade": 7,
                   "agreed": true, "level": 1});
    let b = json!({"spacing": [0.5, null], "flags": [true, false], "notes": [1], "grade": "n/a",
                   "agreed": "unknown", "level": "x"});
    let c = json!({"spacing": [], "grade": 7.5, "agreed": false, "level": 2});
    let d = json!({"spacing": null});
    for (name, props) in [("a", a), ("b", b), ("c", c), ("d", d)] {
        to.entity("P-Q", "case", name, props).await;
    }
    to.entity("P-Q", "sample", "s", json!({"grade": "7"})).await;
    to.edge("sample-s", "derived_from", "case-a").await;
    commons
}

async fn check(commons: &Commons, filter: &str, wanted: &[&str]) {
    let found = commons.found(&format!("{{case(first: 0, {filter}) {{submitter_id}}}}")).await;
    assert_eq!(found, wanted, "{filter}");
    let count = commons.data("admin", &format!("{{n: _case_count({filter})}}")).await;
    assert_eq!(count, json!({ "n": wanted.len() }), "{filter}");
}

#[actix_web::test]
async fn lists_of_numbers_and_booleans_are_searched_by_their_values() {
    let commons = commons().await;
    for (filter, wanted) in [
        ("spacing: \"0.5\"", &["a", "b"][..]),
        ("spacing: 0.5", &["a", "b"]),
        ("spacing: [\"0.5\", \"0.7\"]", &["a"]),
        ("spacing: [0.7, \"3.0\"]", &["a"]),
        ("spacing: \"0.50\"", &["a", "b"]),
        ("spacing: [0.5, null]", &["a", "b"]),
        ("spacing: \"half\"", &[]),
        ("spacing: []", &["a", "b", "c", "d"]),
        ("flags: false", &["b"]),
        ("flags: \"true\"", &["a", "b"]),
        ("flags: \"False\"", &["b"]),
        ("notes: \"1\"", &["a", "b"]),
        ("notes: [1, \"a\"]", &["a"]),
        ("not: [{spacing: 3}]", &["b", "c"]),
        ("not: [{spacing: \"0.5\"}]", &["c"]),
        ("not: [{flags: \"false\"}]", &["a"]),
    ] {
        check(&commons, filter, wanted).await;
    }
    let shown = commons.data("admin", "{case(submitter_id: \"b\") {spacing flags notes}}").await;
    assert_eq!(
        shown["case"][0],
        json!({"spacing": ["0.5", null], "flags": ["true", "false"], "notes": ["1"]})
    );
}

#[actix_web::test]
async fn a_property_of_several_types_is_found_and_shown_as_stored() {
    let commons = commons().await;
    for (filter, wanted) in [
        ("grade: 7", &["a"][..]),
        ("grade: 7.0", &["a"]),
        ("grade: \"7\"", &["a"]),
        ("grade: [\"n/a\", 7.5]", &["b", "c"]),
        ("grade: []", &[]),
        ("agreed: true", &["a"]),
        ("agreed: [\"unknown\", false]", &["b", "c"]),
        ("level: 1", &["a"]),
        ("level: [\"2\", \"x\"]", &["b", "c"]),
        ("not: [{grade: 7.5}]", &["a", "b"]),
        ("not: [{grade: \"n/a\"}]", &["a", "c"]),
        ("not: [{level: 1}]", &["b", "c"]),
        ("not: [{agreed: true}]", &["b", "c"]),
    ] {
        check(&commons, filter, wanted).await;
    }
    let shown = commons.data("admin", "{case(order_by_asc: \"submitter_id\") {grade agreed level}}").await;
    assert_eq!(
        shown["case"],
        json!([
            {"grade": 7.0, "agreed": true, "level": "1"},
            {"grade": "n/a", "agreed": "unknown", "level": "x"},
            {"grade": 7.5, "agreed": false, "level": "2"},
            {"grade": null, "agreed": null, "level": null},
        ])
    );
}

#[actix_web::test]
async fn paths_look_for_values_of_the_kind_that_their_end_stores() {
    let commons = commons().await;
    let found =
        async |path: &str| commons.found(&format!("{{sample(with_path_to: {path}) {{submitter_id}}}}")).await;
    for path in [
        "{type: \"case\", grade: 7}",
        "{type: \"case\", grade: \"7\"}",
        "{type: \"case\", spacing: [\"0.5\", 3]}",
        "{type: \"case\", spacing: \"0.7\", level: 1}",
        "{type: \"case\", flags: true, agreed: \"true\"}",
    ] {
        assert_eq!(found(path).await, ["s"], "{path}");
    }
    assert!(found("{type: \"case\", grade: 8}").await.is_empty());
    let cases = commons.found("{case(with_path_to: {type: \"sample\", grade: 7}) {submitter_id}}").await;
    assert_eq!(cases, ["a"]);
}

#[actix_web::test]
async fn what_an_argument_takes_is_shown_as_the_original_shows_it() {
    let commons = commons().await;
    let query = "{__type(name: \"NotPropertiesInput_case\") {inputFields {name type {name}}}}";
    let data = commons.data("admin", query).await;
    let shown = |name: &str| {
        let fields = data["__type"]["inputFields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap()["type"]["name"].clone()
    };
    assert_eq!([shown("grade"), shown("spacing"), shown("level")], ["Float", "String", "String"]);
}
