use dictionary::{Breach, Change, Dictionary, Impact, StoredValidators, compare};
use serde_json::{Value, json};

use crate::mini::{Files, changed, dictionary, files, without};

/// Letters for whom a change hurts.
fn letters(change: &Change) -> String {
    let letter = |impact: &Impact| match impact {
        Impact::StoredRecords => 'R',
        Impact::Submissions => 'S',
        Impact::Queries => 'Q',
        Impact::Access => 'A',
    };
    change.impact.iter().map(letter).collect()
}

fn to(new: Files) -> Vec<String> {
    between(files(), new)
}

fn between(old: Files, new: Files) -> Vec<String> {
    let load = |files| Dictionary::from_files(files).expect("it loads");
    let tell = |change: Change| {
        let property = change.property.as_ref().map(|name| format!(".{name}")).unwrap_or_default();
        let letters = letters(&change);
        assert_eq!(change.remedy.is_empty(), letters.is_empty(), "{change}");
        format!("{}{property} [{letters}] {}", change.node, change.message)
    };
    compare(&load(old), &load(new)).into_iter().map(tell).collect()
}

fn back(new: Files) -> Vec<String> {
    between(new, files())
}

#[test]
fn a_dictionary_is_the_same_as_itself_and_texts_do_not_count() {
    assert_eq!(to(files()), Vec::<String>::new());
    let described = changed("case.yaml", "/properties/sex/description", json!("What is recorded."));
    assert_eq!(to(described), Vec::<String>::new());
    assert_eq!(to(changed("case.yaml", "/title", json!("Patient"))), Vec::<String>::new());
}

/// Pointer in `case.yaml`, new value, what is said there, and what is said of the way back.
#[test]
fn each_change_of_a_property_is_told_with_whom_it_hurts() {
    let cases: [(&str, Value, &str, &str); 19] = [
        (
            "/properties/sex/enum",
            json!(["Female"]),
            "case.sex [RS] it can no longer be 'Male'",
            "case.sex [] it can also be 'Male'",
        ),
        (
            "/properties/sex",
            json!({"type": "string"}),
            "case.sex [] it is no longer one of a list of values",
            "case.sex [RS] it must be one of 'Female', 'Male' now",
        ),
        (
            "/properties/age/maximum",
            json!(80),
            "case.age [RS] its maximum is 80 now, and was 90",
            "case.age [] its maximum is 90 now, and was 80",
        ),
        (
            "/properties/age/minimum",
            json!(-1),
            "case.age [] its minimum is -1 now, and was 0",
            "case.age [RS] its minimum is 0 now, and was -1",
        ),
        (
            "/properties/age/exclusiveMinimum",
            json!(true),
            "case.age [RS] exclusiveMinimum holds now",
            "case.age [] exclusiveMinimum does not hold any more",
        ),
        (
            "/properties/step_2/pattern",
            json!("^[a-y]+$"),
            "case.step_2 [RS] its pattern must be ^[a-y]+$ now",
            "case.step_2 [RS] its pattern must be ^[a-z]+$ now",
        ),
        (
            "/properties/step_2",
            json!({"type": "string"}),
            "case.step_2 [] it may have any pattern now",
            "case.step_2 [RS] its pattern must be ^[a-z]+$ now",
        ),
        (
            "/properties/weight/type",
            json!(["number"]),
            "case.weight [RS] it is number now, and was number or string",
            "case.weight [] it is number or string now, and was number",
        ),
        ("/properties/weight/type", json!(["number", "string", "null"]), "", ""),
        (
            "/properties/sites/items/type",
            json!("integer"),
            "case.sites [RS] in the list: it is integer now, and was string",
            "case.sites [RS] in the list: it is string now, and was integer",
        ),
        (
            "/properties/sites/maxItems",
            json!(3),
            "case.sites [RS] its maxItems is 3 now, and was none",
            "case.sites [] its maxItems is none now, and was 3",
        ),
        (
            "/properties/sites/uniqueItems",
            json!(true),
            "case.sites [RS] uniqueItems holds now",
            "case.sites [] uniqueItems does not hold any more",
        ),
        (
            "/properties/note",
            json!({"type": "string"}),
            "case.note [] this property is new",
            "case.note [RSQA] this property is gone; stored values stay, but nobody sees them",
        ),
        (
            "/properties/visited",
            json!({"oneOf": [{"type": "string"}]}),
            "case.visited [RS] the condition oneOf is another one",
            "case.visited [RS] the condition oneOf is another one",
        ),
        (
            "/additionalProperties",
            json!(true),
            "case [] properties that the schema does not name are accepted now",
            "case [RS] properties that the schema does not name are refused now",
        ),
        (
            "/required",
            json!(["submitter_id", "type", "projects", "age"]),
            "case.age [RS] it must be given now, and may not be null",
            "case.age [] it need not be given any more",
        ),
        (
            "/systemProperties",
            json!(["id", "project_id", "state", "age"]),
            "case.age [S] users cannot set it any more",
            "case.age [] users can set it now",
        ),
        (
            "/uniqueKeys",
            json!([["id"], ["project_id", "submitter_id"], ["age"]]),
            "case [RS] age must be unique now",
            "case [S] age need not be unique any more, and records are no longer found by it; its unique \
             index is dropped",
        ),
        (
            "/category",
            json!("biospecimen"),
            "case [] the category is biospecimen instead of clinical",
            "case [] the category is clinical instead of biospecimen",
        ),
    ];
    for (pointer, value, there, and_back) in cases {
        let expected =
            |text: &str| -> Vec<String> { (!text.is_empty()).then(|| text.to_owned()).into_iter().collect() };
        let new = changed("case.yaml", pointer, value);
        assert_eq!(to(new.clone()), expected(there), "{pointer}");
        assert_eq!(back(new), expected(and_back), "{pointer}, back");
    }
}

#[test]
fn a_type_that_graphql_and_tsv_see_otherwise_is_told() {
    let new = changed("case.yaml", "/properties/weight/type", json!(["string", "number"]));
    assert_eq!(to(new), ["case.weight [SQ] in GraphQL and in TSV it is text now, and was a number"]);
    let new = changed("case.yaml", "/properties/smoker", json!({"enum": ["yes", "no"]}));
    let told = to(new);
    assert_eq!(
        told,
        [
            "case.smoker [RS] it must be one of 'yes', 'no' now",
            "case.smoker [SQ] in GraphQL and in TSV it is text now, and was true or false",
        ]
    );
}

/// Pointer in `scan.yaml` or `case.yaml`, new value, what is said.
#[test]
fn each_change_of_a_link_is_told_with_whom_it_hurts() {
    let scan = "/links/0/subgroup/0";
    let cases: [(&str, String, Value, &[&str]); 10] = [
        (
            "case.yaml",
            "/links/0/required".into(),
            json!(false),
            &["case [] more combinations of links are allowed"],
        ),
        (
            "case.yaml",
            "/links/0/backref".into(),
            json!("patients"),
            &["case.projects [Q] from project it is called patients now, and was cases"],
        ),
        (
            "case.yaml",
            "/links/0/multiplicity".into(),
            json!("one_to_one"),
            &["case.projects [RS] it is one_to_one now, and was many_to_one: a target may have one record \
                 only"],
        ),
        (
            "case.yaml",
            "/links/0/multiplicity".into(),
            json!("many_to_many"),
            &["case.projects [] it is many_to_many now, and was many_to_one"],
        ),
        (
            "case.yaml",
            "/links/0/label".into(),
            json!("part_of"),
            &["case.projects [RQA] this link leads to project by part_of now, and led to project by \
               member_of; stored links stay, but nobody sees them"],
        ),
        (
            "scan.yaml",
            format!("{scan}/target_type"),
            json!("project"),
            &["scan.cases [SQA] this link leads to project by data_from now, and led to case by data_from; \
               stored links stay, but nobody sees them"],
        ),
        (
            "scan.yaml",
            "/links/0/required".into(),
            json!(false),
            &["scan [] more combinations of links are allowed"],
        ),
        (
            "scan.yaml",
            "/links/0/exclusive".into(),
            json!(true),
            &[
                "scan [RS] cases and core_metadata_collections can no longer be used together",
                "scan [RS] cases and parents can no longer be used together",
            ],
        ),
        (
            "scan.yaml",
            "/links/0/subgroup/1/exclusive".into(),
            json!(false),
            &["scan [] more combinations of links are allowed"],
        ),
        (
            "scan.yaml",
            "/links/0/subgroup".into(),
            json!([
                {"name": "cases", "backref": "cases_scans", "label": "data_from", "target_type": "case",
                 "multiplicity": "one_to_many", "required": false},
            ]),
            &[
                "scan.core_metadata_collections [SQA] this link to project is gone; stored links stay, but \
                 nobody sees them",
                "scan.parents [SQA] this link to scan is gone; stored links stay, but nobody sees them",
                "scan [RS] with core_metadata_collections alone, one of cases is missing now",
                "scan [RS] with parents alone, one of cases is missing now",
            ],
        ),
    ];
    for (file, pointer, value, expected) in cases {
        assert_eq!(to(changed(file, &pointer, value)), expected, "{file} {pointer}");
    }
}

#[test]
fn a_link_that_must_be_given_now_is_told_as_such() {
    let loose = changed("case.yaml", "/links/0/required", json!(false));
    assert_eq!(back(loose), ["case.projects [RS] this link must be given now"]);
    let loose = changed("scan.yaml", "/links/0/required", json!(false));
    assert_eq!(
        back(loose),
        ["scan [RS] one of cases, core_metadata_collections, parents must be linked now"]
    );
}

#[test]
fn a_link_with_another_name_keeps_its_records_and_is_no_link_that_is_gone() {
    let mut new = changed("case.yaml", "/links/0/name", json!("studies"));
    let properties = new["case.yaml"]["properties"].as_object_mut().expect("an object");
    let property = properties.shift_remove("projects").expect("it was there");
    properties.insert("studies".to_owned(), property);
    new["case.yaml"]["required"] = json!(["submitter_id", "type", "studies"]);
    assert_eq!(to(new), ["case.projects [SQ] this link is called studies now; what is linked stays linked"]);
}

#[test]
fn node_types_come_and_go_and_what_was_probably_renamed_is_said() {
    let mut smaller = files();
    smaller.shift_remove("scan.yaml");
    let gone = "this node type is gone; its table and records stay, but nobody sees them";
    assert_eq!(to(smaller.clone()), [format!("scan [SQA] {gone}")]);
    assert_eq!(back(smaller.clone()), ["scan [] this node type is new"]);
    let mut image = files()["scan.yaml"].clone();
    image["id"] = json!("image");
    image["links"][0]["subgroup"][1]["subgroup"][1]["target_type"] = json!("image");
    smaller.insert("image.yaml".to_owned(), image);
    let renamed = Dictionary::from_files(smaller).expect("it loads");
    let changes = compare(&dictionary(), &renamed);
    assert!(changes[0].remedy.starts_with("It looks as if it were renamed to image"), "{}", changes[0]);
}

#[test]
fn a_property_that_was_probably_renamed_is_said() {
    let mut new = without("case.yaml", "/properties/step_2");
    new["case.yaml"]["properties"]["step_3"] = files()["case.yaml"]["properties"]["step_2"].clone();
    let new = Dictionary::from_files(new).expect("it loads");
    let changes = compare(&dictionary(), &new);
    assert!(changes[0].remedy.starts_with("It looks as if it were renamed to step_3"), "{}", changes[0]);
}

#[test]
fn stored_records_are_compared_without_identity_and_links() {
    let dictionary = dictionary();
    let rules = StoredValidators::compile(dictionary.nodes.values()).expect("they compile");
    let broken = |record: Value| -> Vec<(String, String)> {
        let breaches = rules.breaches("case", &record).into_iter();
        breaches.map(|Breach { property, keyword }| (property.unwrap_or_default(), keyword)).collect()
    };
    assert_eq!(broken(json!({"submitter_id": "a", "age": 4, "sex": null})), []);
    let record = json!({"age": 100, "sex": "x", "sites": [1], "gone": 1, "weight": true});
    let expected = [
        ("age", "maximum"),
        ("gone", "additionalProperties"),
        ("sex", "enum"),
        ("sites", "type"),
        ("submitter_id", "required"),
        ("weight", "type"),
    ];
    assert_eq!(broken(record), expected.map(|(property, keyword)| (property.to_owned(), keyword.to_owned())));
}
