//! What a query may say, and what is answered to one that says something else.

use graphql::{Limits, Selected, Sub, prepare};
use serde_json::{Value, json};

use crate::support::{problems, problems_with, schema};

/// The selection as text: `key=field(args){...}`.
fn shown(fields: &[Selected<'_, &str>]) -> String {
    let one = |field: &Selected<'_, &str>| {
        let args =
            if field.args.is_empty() { String::new() } else { Value::Object(field.args.clone()).to_string() };
        let sub = match &field.sub {
            Sub::Leaf => String::new(),
            Sub::Object(fields) => format!("{{{}}}", shown(fields)),
            Sub::Interface { common, special } => {
                let special: Vec<String> =
                    special.iter().map(|(on, fields)| format!("{on}:{}", shown(fields))).collect();
                format!("{{{} | {}}}", shown(common), special.join("; "))
            }
        };
        format!("{}={}{args}{sub}", field.key, field.field.name)
    };
    fields.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn selected(query: &str, variables: Value) -> String {
    let schema = schema();
    let variables = variables.as_object().unwrap().clone();
    shown(&prepare(&schema, query, &variables, &Limits::default()).unwrap())
}

#[test]
fn fragments_aliases_and_variables_are_resolved() {
    let query = "query Q($s: [String], $n: Int = 3, $t: Boolean!) { a: case(submitter_id: $s, first: $n) { \
                 ...F ...F id @skip(if: $t) \
                 ... on Node { submitter_id } samples(weight: 5) @include(if: $t) { id } } } fragment F on \
                 case { i: id samples(weight: 5) { x: id } }";
    assert_eq!(
        selected(query, json!({"s": "c1", "t": true})),
        concat!(
            r#"a=case{"submitter_id":["c1"],"first":3}{i=id "#,
            r#"samples=samples{"weight":[5]}{x=id id=id} submitter_id=submitter_id}"#
        )
    );
}

#[test]
fn absent_and_null_arguments_are_not_given() {
    let query = "query Q($s: [String]) { case(submitter_id: $s, first: null) { id } }";
    assert_eq!(selected(query, json!({})), "case=case{id=id}");
    assert_eq!(selected(query, json!({"s": null})), "case=case{id=id}");
}

#[test]
fn a_loose_argument_is_shown_as_one_scalar_and_takes_all() {
    assert_eq!(
        selected("{case(mixed: [\"a\", 1, 0.5, true, null]) {id}}", json!({})),
        r#"case=case{"mixed":["a",1,0.5,true,null]}{id=id}"#
    );
    for (ty, value, wanted) in [
        ("String", json!("a"), "\"a\""),
        ("Float", json!(0.5), "0.5"),
        ("Int", json!(5), "5"),
        ("Boolean", json!(false), "false"),
    ] {
        let query = format!("query ($v: {ty}) {{case(mixed: [$v]) {{id}}}}");
        let wanted = format!("case=case{{\"mixed\":[{wanted}]}}{{id=id}}");
        assert_eq!(selected(&query, json!({ "v": value })), wanted);
    }
    assert_eq!(
        problems("{case(mixed: [{a: 1}, b]) {id}}"),
        ["Argument \"mixed\" has invalid value [{a: 1}, b].\nIn element #0: Expected type \"Float\", found \
          {a: 1}.\nIn element #1: Expected type \"Float\", found b."]
    );
    assert_eq!(
        problems_with("query ($v: ID) {case(mixed: [$v]) {id}}", json!({"v": "a"})),
        ["Variable \"v\" of type \"ID\" used in position expecting type \"Float\"."]
    );
}

#[test]
fn an_interface_has_a_selection_for_each_type_that_fragments_name() {
    let query = "{node {id ... on case {samples {id}} ...S}} fragment S on sample {composition}";
    assert_eq!(
        selected(query, json!({})),
        "node=node{id=id | case:id=id samples=samples{id=id}; sample:id=id composition=composition}"
    );
}

#[test]
fn unknown_names_are_reported_with_what_was_meant() {
    assert_eq!(
        problems("{case {submiter_id}}"),
        ["Cannot query field \"submiter_id\" on type \"case\". Did you mean \"submitter_id\"?"]
    );
    assert_eq!(
        problems("{case(bogus: 1) {id}}"),
        ["Unknown argument \"bogus\" on field \"case\" of type \"Root\"."]
    );
    assert_eq!(problems("{case {...X}}"), ["Unknown fragment \"X\"."]);
    assert_eq!(problems("{case {... on cas {id}}}"), ["Unknown type \"cas\". Perhaps you meant \"case\"?"]);
    assert_eq!(problems("{case {id @x}}"), ["Unknown directive \"x\"."]);
    assert_eq!(
        problems("query Q {case @include(iff: true) {id}}"),
        [
            "Unknown argument \"iff\" on directive \"@include\". Did you mean \"if\"?",
            "Directive \"include\" argument \"if\" of type \"Boolean!\" is required but not provided."
        ]
    );
}

#[test]
fn values_are_checked_against_their_types() {
    assert_eq!(
        problems("{case(submitter_id: 5) {id}}"),
        ["Argument \"submitter_id\" has invalid value 5.\nExpected type \"String\", found 5."]
    );
    assert_eq!(
        problems("{case(submitter_id: [\"a\", 5]) {id}}"),
        ["Argument \"submitter_id\" has invalid value [\"a\", 5].\nIn element #1: Expected \
             type \"String\", found 5."]
    );
    assert_eq!(
        problems("{case(path: {type: \"s\", bogus: 1}) {id}}"),
        ["Argument \"path\" has invalid value {type: \"s\", bogus: 1}.\nIn field \"bogus\": Unknown field."]
    );
    assert_eq!(
        problems("{case(path: {name: \"s\"}) {id}}"),
        ["Argument \"path\" has invalid value {name: \"s\"}.\nIn field \"type\": Expected \"String!\", \
             found null."]
    );
    assert_eq!(
        problems("{case(first: 99999999999) {id}}"),
        ["Argument \"first\" has invalid value 99999999999.\nExpected type \"Int\", found 99999999999."]
    );
    assert_eq!(
        problems("{case(weight: 1e400) {id}}"),
        ["Argument \"weight\" has invalid value 1e400.\nExpected type \"Float\", found 1e400."]
    );
}

#[test]
fn selections_belong_to_objects_and_only_to_them() {
    assert_eq!(problems("{case}"), ["Field \"case\" of type \"[case]\" must have a sub selection."]);
    assert_eq!(
        problems("{_case_count {id}}"),
        ["Field \"_case_count\" of type \"Int\" must not have a sub selection."]
    );
}

#[test]
fn fragments_fit_their_place_are_used_and_do_not_contain_themselves() {
    assert_eq!(
        problems("{case {...X}} fragment X on sample {id}"),
        ["Fragment X cannot be spread here as objects of type case can never be of type sample"]
    );
    assert_eq!(problems("{_case_count} fragment X on case {id}"), ["Fragment \"X\" is never used."]);
    assert_eq!(
        problems("{case {...A}} fragment A on case {...B} fragment B on case {id ...A}"),
        [
            "Cannot spread fragment \"A\" within itself via B.",
            "Cannot spread fragment \"B\" within itself via A."
        ]
    );
}

#[test]
fn variables_are_declared_used_and_of_the_right_type() {
    assert_eq!(
        problems("query Q {case(first: $n) {id}}"),
        ["Variable \"$n\" is not defined by operation \"Q\"."]
    );
    assert_eq!(problems("query ($n: Int) {_case_count}"), ["Variable \"$n\" is never used."]);
    assert_eq!(
        problems("query ($n: String) {case(submitter_id: $n) {id}}"),
        ["Variable \"n\" of type \"String\" used in position expecting type \"[String]\"."]
    );
    assert_eq!(
        problems_with("query ($n: Int!) {case(first: $n) {id}}", json!({})),
        ["Variable \"$n\" of required type \"Int!\" was not provided."]
    );
    assert_eq!(
        problems_with("query ($n: Int) {case(first: $n) {id}}", json!({"n": "x"})),
        ["Variable \"$n\" got invalid value \"x\".\nExpected type \"Int\", found \"x\"."]
    );
}

#[test]
fn one_operation_it_is() {
    let message = "Must provide operation name if query contains multiple operations.";
    assert_eq!(problems("query Q {_case_count} query R {_case_count}"), [message]);
    assert_eq!(problems("mutation {x}"), ["Schema is not configured for mutations"]);
}

#[test]
fn different_fields_cannot_share_a_key() {
    assert_eq!(
        problems("{case {a: id a: submitter_id}}"),
        ["Fields \"a\" conflict because id and submitter_id are different fields. \
         Use different aliases on the fields to fetch both if this was intentional."]
    );
}
