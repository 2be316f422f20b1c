use dictionary::{Dictionary, Validators, Violation, ViolationKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::mini::{changed, dictionary};

fn validators() -> Validators {
    Validators::compile(&dictionary()).expect("it compiles")
}

fn case(more: Value) -> Value {
    let mut record = json!({"type": "case", "submitter_id": "c1", "projects": {"id": "0"}});
    record["projects"] = json!({"submitter_id": "p"});
    let object = record.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    record
}

fn violation(message: &str, keys: &[&str], kind: ViolationKind) -> Violation {
    Violation { message: message.to_owned(), keys: keys.iter().map(|key| (*key).to_owned()).collect(), kind }
}

#[test]
fn good_records_have_no_violation() {
    let validators = validators();
    let records = [
        json!({}),
        json!({"age": 5, "weight": 1.5, "smoker": true, "sites": ["a"], "sex": "Male"}),
        json!({"age": null, "weight": null, "smoker": null, "sites": null, "sex": null, "visited": null}),
        json!({"visited": "2020-01-31T10:00:00.5+01:00", "state": "validated"}),
        json!({"projects": [{"submitter_id": "p"}, {"any": 1}]}),
    ];
    for record in records {
        assert_eq!(validators.check("case", &case(record)), []);
    }
}

#[test]
fn each_kind_of_violation_has_its_words() {
    use ViolationKind::{Error, InvalidValue};
    let pattern = "'^[a-z]+$'";
    let cases = [
        (json!({"age": "7"}), "'7' is not of type 'integer', 'null'", "age", InvalidValue),
        (json!({"age": 5.0}), "5.0 is not of type 'integer', 'null'", "age", InvalidValue),
        (json!({"age": true}), "True is not of type 'integer', 'null'", "age", InvalidValue),
        (json!({"age": 91}), "91 is greater than the maximum of 90", "age", Error),
        (json!({"age": -1}), "-1 is less than the minimum of 0", "age", Error),
        (
            json!({"weight": [1, "it's"]}),
            "[1, \"it's\"] is not of type 'number', 'string', 'null'",
            "weight",
            InvalidValue,
        ),
        (json!({"weight": false}), "False is not of type 'number', 'string', 'null'", "weight", InvalidValue),
        (json!({"sites": ["a", 5]}), "5 is not of type 'string'", "sites.1", InvalidValue),
        (json!({"sex": "male"}), "'male' is not one of ['Female', 'Male', None]", "sex", Error),
        (json!({"step_2": "A1"}), &format!("'A1' does not match {pattern}"), "step_2", Error),
        (
            json!({"visited": "2020-01-31"}),
            "'2020-01-31' is not valid under any of the given schemas: '2020-01-31' is not a 'date-time' \
             and '2020-01-31' is not of type 'null'",
            "visited",
            InvalidValue,
        ),
        (
            json!({"projects": "p"}),
            "'p' is not valid under any of the given schemas: 'p' is not of type 'array' and 'p' is not of \
             type 'object'",
            "projects",
            InvalidValue,
        ),
    ];
    let validators = validators();
    for (record, message, key, kind) in cases {
        assert_eq!(validators.check("case", &case(record)), [violation(message, &[key], kind)]);
    }
}

#[test]
fn what_is_missing_is_a_key_when_it_is_spelled_in_letters() {
    use ViolationKind::MissingProperty;
    let missing = validators().check("case", &json!({"type": "case"}));
    let expected = [
        violation("'submitter_id' is a required property", &["submitter_id"], MissingProperty),
        violation("'projects' is a required property", &["projects"], MissingProperty),
    ];
    assert_eq!(missing, expected);
    let files = changed("case.yaml", "/required", json!(["step_2"]));
    let validators =
        Validators::compile(&Dictionary::from_files(files).expect("it loads")).expect("it compiles");
    let expected = [violation("'step_2' is a required property", &[], MissingProperty)];
    assert_eq!(validators.check("case", &json!({})), expected);
}

#[test]
fn unknown_properties_are_listed_in_one_violation_without_keys() {
    let found = validators().check("case", &case(json!({"b": 1, "a": null})));
    let message = "Additional properties are not allowed ('b', 'a' were unexpected)";
    assert_eq!(found, [violation(message, &[], ViolationKind::Error)]);
    let found = validators().check("case", &case(json!({"b": 1})));
    let message = "Additional properties are not allowed ('b' was unexpected)";
    assert_eq!(found, [violation(message, &[], ViolationKind::Error)]);
}

#[test]
fn bounds_of_other_kinds_have_their_words_too() {
    let cases = [
        (json!({"type": "string", "minLength": 2}), json!("a"), "'a' is too short"),
        (json!({"type": "array", "maxItems": 1}), json!([1, 2]), "[1, 2] is too long"),
        (json!({"type": "array", "uniqueItems": true}), json!([1, 1]), "[1, 1] has non-unique elements"),
        (
            json!({"minimum": 1, "exclusiveMinimum": true}),
            json!(1),
            "1 is less than or equal to the minimum of 1",
        ),
        (json!({"not": {"type": "string"}}), json!("a"), "{'type': 'string'} is not allowed for 'a'"),
        (json!({"multipleOf": 2}), json!(3), "3 is not a multiple of 2"),
        (json!({"type": "object", "minProperties": 1}), json!({}), "{} does not have enough properties"),
        (
            json!({"items": [{"type": "integer"}], "additionalItems": false}),
            json!([1, "x", null]),
            "Additional items are not allowed ('x', None were unexpected)",
        ),
        (
            json!({"allOf": [{"oneOf": [{"type": "integer"}, {"minimum": 3}, {"type": "string"}]}]}),
            json!(5),
            "5 is valid under each of {'minimum': 3}, {'type': 'integer'}",
        ),
    ];
    for (schema, value, message) in cases {
        let files = changed("case.yaml", "/properties/x", schema);
        let dictionary = Dictionary::from_files(files).expect("it loads");
        let validators = Validators::compile(&dictionary).expect("it compiles");
        let found = validators.check("case", &case(json!({"x": value})));
        assert_eq!(found, [violation(message, &["x"], ViolationKind::Error)]);
    }
}

#[test]
fn violations_come_in_the_order_of_the_schema() {
    let record = case(json!({"sex": 1, "age": "x", "bogus": 1, "sites": [1, "b", 2]}));
    let keys: Vec<_> =
        validators().check("case", &record).into_iter().map(|found| found.keys.join("")).collect();
    assert_eq!(keys, ["", "age", "sites.0", "sites.2", "sex"]);
}

#[test]
fn a_property_whose_schemas_must_all_hold_can_be_null() {
    let all = json!({"allOf": [{"type": "integer"}, {"maximum": 10}, {"not": {"enum": [7]}}]});
    let files = changed("case.yaml", "/properties/x", all);
    let validators =
        Validators::compile(&Dictionary::from_files(files).expect("it loads")).expect("it compiles");
    let valid = |x: Value| validators.is_valid("case", &case(json!({ "x": x })));
    assert!(valid(Value::Null) && valid(json!(10)));
    assert!(!valid(json!(11)) && !valid(json!(7)));
}

#[test]
fn no_record_is_of_an_unknown_type() {
    assert!(!validators().is_valid("nope", &json!({})));
    let found = validators().check("nope", &json!({}));
    assert_eq!(found[0].message, "Node type \"nope\" not found in dictionary");
}

#[test]
fn a_pattern_that_is_none_is_a_warning_and_refuses_every_text() {
    let files = changed("case.yaml", "/properties/step_2/pattern", json!("[a-"));
    let dictionary = Dictionary::from_files(files).expect("it loads");
    let warnings: Vec<_> = dictionary.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warnings, ["/properties/step_2/pattern"]);
    let validators = Validators::compile(&dictionary).expect("it compiles");
    assert!(validators.is_valid("case", &case(json!({"step_2": null}))));
    let found = validators.check("case", &case(json!({"step_2": "a"})));
    assert_eq!(found[0].message, "'a' does not match '[a-'");
}

#[test]
fn patterns_are_those_of_python() {
    let files = changed("case.yaml", "/properties/step_2/pattern", json!(r"^(?P<base>[ACGT]){,2}\Z"));
    let validators =
        Validators::compile(&Dictionary::from_files(files).expect("it loads")).expect("it compiles");
    assert!(validators.is_valid("case", &case(json!({"step_2": "AC"}))));
    let found = validators.check("case", &case(json!({"step_2": "ACG"})));
    assert_eq!(found[0].message, r"'ACG' does not match '^(?P<base>[ACGT]){,2}\\Z'");
    assert_eq!(found[0].keys, ["step_2"]);
}

#[test]
fn keywords_that_no_draft_4_validator_knows_are_ignored() {
    let x = json!({
        "type": "float", "term": {"type": 5}, "const": 3, "required": true, "enumDef": [], "enum": [1.5, 1.5],
        "if": {"type": "string"}, "format": "gen3-own",
    });
    let dictionary = Dictionary::from_files(changed("case.yaml", "/properties/x", x)).expect("it loads");
    let validators = Validators::compile(&dictionary).expect("it compiles");
    assert!(validators.is_valid("case", &case(json!({"x": 1.5}))));
    assert!(!validators.is_valid("case", &case(json!({"x": "1.5"}))));
}

proptest! {
    /// The fast answer and the list agree, and no record makes a validator panic.
    #[test]
    fn valid_means_no_violation(record in any_record()) {
        let validators = validators();
        prop_assert_eq!(validators.is_valid("case", &record), validators.check("case", &record).is_empty());
    }
}

fn any_record() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "submitter_id",
        "projects",
        "age",
        "weight",
        "smoker",
        "sites",
        "sex",
        "visited",
        "bogus",
        "id",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5i64..100).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["case", "Male", "2020-01-31T10:00:00Z", "é", ""]).prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("id|submitter_id|x", inner, 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    prop::collection::vec((names, value), 0..8).prop_map(|entries| {
        Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    })
}
