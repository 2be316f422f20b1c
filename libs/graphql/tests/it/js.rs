//! The dialect of graphql-js 16.

use graphql::{
    Dialect, FieldDef, Input, Inputs, Limits, Position, Refusal, Schema, Selected, Step, Sub, TypeDef,
    TypeRef, introspect, parse_in, resolve,
};
use serde_json::{Map, Value, json};

fn schema() -> Schema<&'static str> {
    let input = |name: &str, input: Input| (name.to_owned(), input);
    let args = Inputs::new(
        [
            input("first", Input::new(TypeRef::named("Int"))),
            input("filter", Input::new(TypeRef::named("JSON"))),
            input("access", Input::new(TypeRef::named("Access")).or("all")),
            input("own", Input::new(TypeRef::named("Boolean")).or(true)),
        ]
        .into(),
    );
    let rows = FieldDef::new("rows", TypeRef::list("Row"), "rows").with_args(args);
    let name = FieldDef::new("name", TypeRef::named("String"), "name");
    let types = vec![
        TypeDef::json("JSON"),
        TypeDef::object("Query", vec![rows], vec![]),
        TypeDef::words("Access", &["all", "some"]),
        TypeDef::object("Row", vec![name], vec![]),
    ];
    Schema::in_dialect(Dialect::Js16, "Query", types).unwrap()
}

fn ask<T>(
    query: &str,
    operation: Option<&str>,
    variables: Value,
    with: impl FnOnce(&Schema<&'static str>, Vec<Selected<'_, &'static str>>) -> T,
) -> Result<T, Refusal> {
    let schema = schema();
    let document = parse_in(Dialect::Js16, query, 50)
        .map_err(|problem| Refusal { step: Step::Parsing, problems: vec![problem] })?;
    let variables = variables.as_object().unwrap().clone();
    let limits = Limits::default();
    let selected = resolve(&schema, &document, operation, &variables, &limits)?;
    Ok(with(&schema, selected))
}

fn args(query: &str, variables: Value) -> Map<String, Value> {
    ask(query, None, variables, |_, selected| selected[0].args.clone()).unwrap()
}

/// The step, and the messages with their places.
fn refused(query: &str, variables: Value) -> (Step, Vec<String>) {
    let refusal = ask(query, None, variables, |_, _| ()).unwrap_err();
    let told = refusal.problems.iter().map(|problem| {
        let place = problem.at.map(|at| Position::of(query, at));
        let place = place.map_or_else(String::new, |place| format!("{}:{} ", place.line, place.column));
        format!("{place}{}", problem.message)
    });
    (refusal.step, told.collect())
}

#[test]
fn syntax_errors_are_worded_as_there() {
    for (query, message) in [
        ("{rows {name}", "1:13 Syntax Error: Expected Name, found <EOF>."),
        ("{rows {}}", "1:8 Syntax Error: Expected Name, found \"}\"."),
        ("", "1:1 Syntax Error: Unexpected <EOF>."),
        ("{rows(filter: {a: \"\\q\"})}", "1:20 Syntax Error: Invalid character escape sequence: \"\\q\"."),
        ("{rows(filter: \"a)}", "1:19 Syntax Error: Unterminated string."),
        ("{rows(first: 1x)}", "1:15 Syntax Error: Invalid number, expected digit but got: \"x\"."),
        ("{rows ?}", "1:7 Syntax Error: Unexpected character: \"?\"."),
        ("{rows ü}", "1:7 Syntax Error: Unexpected character: U+00FC."),
        ("rows", "1:1 Syntax Error: Unexpected Name \"rows\"."),
    ] {
        assert_eq!(refused(query, json!({})), (Step::Parsing, vec![message.to_owned()]), "{query}");
    }
}

#[test]
fn problems_are_worded_as_there_and_have_their_places() {
    for (query, message) in [
        ("{row {name}}", "1:2 Cannot query field \"row\" on type \"Query\". Did you mean \"rows\"?"),
        (
            "{rows}",
            "1:2 Field \"rows\" of type \"[Row]\" must have a selection of subfields. Did you mean \
             \"rows { ... }\"?",
        ),
        (
            "{rows {name {a}}}",
            "1:8 Field \"name\" must not have a selection since type \"String\" has no subfields.",
        ),
        (
            "{rows(limit: 3) {name}}",
            "1:7 Unknown argument \"limit\" on field \"Query.rows\". Did you mean \"first\"?",
        ),
        ("{rows(first: 1, first: 2) {name}}", "1:17 There can be only one argument named \"first\"."),
        ("{rows(first: \"3\") {name}}", "1:7 Int cannot represent non-integer value: \"3\""),
        (
            "{rows(first: 5000000000) {name}}",
            "1:7 Int cannot represent non 32-bit signed integer value: 5000000000",
        ),
        ("{rows(own: \"no\") {name}}", "1:7 Boolean cannot represent a non boolean value: \"no\""),
        (
            "{rows(access: \"all\") {name}}",
            "1:7 Enum \"Access\" cannot represent non-enum value: \"all\". Did you mean the enum \
             value \"all\"?",
        ),
        (
            "{rows(access: none) {name}}",
            "1:7 Value \"none\" does not exist in \"Access\" enum. Did you mean the enum value \"some\"?",
        ),
        (
            "{rows(filter: {eq: {a: male}}) {name}}",
            "1:7 Expected value of type \"JSON\", found {eq: {a: male}}; JSON cannot represent value: male",
        ),
        ("{rows(filter: {a: 1, a: 2}) {name}}", "1:7 There can be only one input field named \"a\"."),
        (
            "{rows(first: 1) {name} rows(first: 2) {name}}",
            "1:2 Fields \"rows\" conflict because they have differing arguments. Use different aliases \
             on the fields to fetch both if this was intentional.",
        ),
        (
            "{rows {name @include}}",
            "1:13 Directive \"@include\" argument \"if\" of type \"Boolean!\" is required, but it was not \
             provided.",
        ),
        ("{rows {name @deprecated}}", "1:13 Directive \"@deprecated\" may not be used on FIELD."),
        ("query ($n: ID) {rows(filter: $n) {name}}", "1:8 Unknown type \"ID\"."),
        ("{...F} fragment F on Query {...F}", "1:8 Cannot spread fragment \"F\" within itself."),
        ("{__typename}\nfragment X on Row {name}", "2:1 Fragment \"X\" is never used."),
    ] {
        let (step, messages) = refused(query, json!({}));
        assert_eq!((step, messages[0].as_str()), (Step::Validation, message), "{query}");
    }
}

#[test]
fn values_of_variables_are_taken_strictly_and_all_problems_are_told() {
    let query = "query ($n: Int!, $a: Access, $b: Boolean) {rows(first: $n, access: $a, own: $b) {name}}";
    let problems = refused(query, json!({"a": "xml", "b": 1}));
    let wanted = [
        "1:8 Variable \"$n\" of required type \"Int!\" was not provided.",
        "1:18 Variable \"$a\" got invalid value \"xml\"; Value \"xml\" does not exist in \"Access\" enum. \
         Did you mean the enum value \
         \"all\"?",
        "1:30 Variable \"$b\" got invalid value 1; Boolean cannot represent a non boolean value: 1",
    ];
    assert_eq!(problems, (Step::Variables, wanted.map(str::to_owned).into()));
    let (_, messages) = refused("query ($n: Int) {rows(first: $n) {name}}", json!({"n": "two"}));
    let wanted =
        "1:8 Variable \"$n\" got invalid value \"two\"; Int cannot represent non-integer value: \"two\"";
    assert_eq!(messages, [wanted]);
    assert_eq!(args("query ($n: Int!) {rows(first: $n) {name}}", json!({"n": 3.0}))["first"], json!(3));
}

#[test]
fn json_is_taken_as_it_stands_with_variables_in_it() {
    let query = "query ($g: JSON, $none: JSON) {rows(filter: {and: [{eq: {g: $g}}, null], n: -1.5, x: $none, \
                 t: \
                 \"\"\"\n  a\n    b\n  \"\"\"}) {name}}";
    let wanted = json!({"and": [{"eq": {"g": ["x", 1]}}, null], "n": -1.5, "t": "a\n  b"});
    assert_eq!(args(query, json!({"g": ["x", 1]}))["filter"], wanted);
}

#[test]
fn a_null_that_is_given_stands_there_and_what_is_not_given_has_its_default() {
    let defaults = json!({"access": "all", "own": true});
    assert_eq!(Value::from(args("{rows {name}}", json!({}))), defaults);
    let query = "query ($a: Access, $f: JSON) {rows(access: $a, filter: $f, first: null) {name}}";
    assert_eq!(Value::from(args(query, json!({}))), json!({"first": null, "access": "all", "own": true}));
    let given = args(query, json!({"a": null, "f": null}));
    assert_eq!(Value::from(given), json!({"access": null, "filter": null, "first": null, "own": true}));
}

#[test]
fn an_operation_is_chosen_by_its_name() {
    let query = "query A {a: __typename} query B {b: __typename} mutation C {x}";
    let key = |name| ask(query, Some(name), json!({}), |_, selected| selected[0].key.clone());
    assert_eq!((key("A").unwrap(), key("B").unwrap()), ("a".to_owned(), "b".to_owned()));
    assert_eq!(key("D").unwrap_err().problems[0].message, "Unknown operation named \"D\".");
    let mutation = key("C").unwrap_err();
    let message = "Schema is not configured to execute mutation operation.";
    assert_eq!((mutation.step, mutation.problems[0].message.as_str()), (Step::Kind, message));
    assert_eq!(ask(query, None, json!({}), |_, _| ()).unwrap_err().step, Step::Choice);
}

#[test]
fn scalars_stand_behind_the_first_type_that_has_them() {
    let query = "{__schema {types {name} directives {name args {name}}} \
                 a: __type(name: \"Query\") {fields {args {name defaultValue}}} \
                 b: __type(name: \"ID\") {name}}";
    let answers = ask(query, None, json!({}), |schema, selected| -> Vec<Value> {
        let answer = |field: &Selected<'_, &'static str>| {
            assert!(matches!(field.sub, Sub::Object(_)));
            let mut json = String::new();
            introspect(schema, field, 1 << 20, &mut json).unwrap();
            serde_json::from_str(&json).unwrap()
        };
        selected.iter().map(answer).collect()
    });
    let answers = answers.unwrap();
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    let types = names(&answers[0]["types"]);
    assert_eq!(types[..7], ["JSON", "Query", "Int", "Boolean", "Access", "Row", "String"]);
    assert_eq!(types[7..10], ["__Schema", "__Type", "__TypeKind"]);
    let directives = names(&answers[0]["directives"]);
    assert_eq!(directives, ["include", "skip", "deprecated", "specifiedBy", "oneOf"]);
    let defaults = answers[1]["fields"][0]["args"].as_array().unwrap().iter().map(|arg| &arg["defaultValue"]);
    // The words of an enum have no quotes.
    assert!(defaults.eq([&Value::Null, &Value::Null, &json!("all"), &json!("true")]));
    assert_eq!(answers[2], Value::Null);
}
