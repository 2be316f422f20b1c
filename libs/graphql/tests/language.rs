//! What a query may say, and what is answered to one that says something else.
#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

use graphql::{Field, Input, Inputs, Limits, Schema, Selected, Sub, TypeDef, TypeRef, introspect, prepare};
use serde_json::{Map, Value, json};

fn args(list: &[(&str, TypeRef)]) -> Inputs {
    Inputs::new(list.iter().map(|(name, ty)| ((*name).to_owned(), Input::new(ty.clone()))).collect())
}

fn schema() -> Schema<&'static str> {
    let string = || TypeRef::named("String");
    let filters = args(&[
        ("submitter_id", TypeRef::list("String")),
        ("first", TypeRef::named("Int")),
        ("weight", TypeRef::list("Float")),
        ("path", TypeRef::list("Path")),
    ]);
    let node =
        || vec![Field::new("id", TypeRef::named("ID"), "id"), Field::new("submitter_id", string(), "sid")];
    let mut case = node();
    case.push(Field::new("samples", TypeRef::list("sample"), "link").with_args(filters.clone()));
    let mut sample = node();
    sample.push(Field::new("composition", string(), "prop"));
    let root = vec![
        Field::new("case", TypeRef::list("case"), "cases").with_args(filters.clone()),
        Field::new("node", TypeRef::list("Node"), "nodes"),
        Field::new("_case_count", TypeRef::named("Int"), "count").with_args(filters),
    ];
    let path = args(&[("type", TypeRef::required("String")), ("name", string())]);
    Schema::new(
        "Root",
        vec![
            TypeDef::object("Root", root, vec![]),
            TypeDef::interface("Node", node()),
            TypeDef::object("case", case, vec!["Node".into()]),
            TypeDef::object("sample", sample, vec!["Node".into()]),
            TypeDef::input("Path", path),
        ],
    )
    .unwrap()
}

fn problems(query: &str) -> Vec<String> {
    problems_with(query, json!({}))
}

fn problems_with(query: &str, variables: Value) -> Vec<String> {
    let schema = schema();
    let variables = variables.as_object().unwrap().clone();
    prepare(&schema, query, &variables, &Limits::default()).err().unwrap_or_default()
}

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
    let query = "query Q($s: [String], $n: Int = 3, $t: Boolean!) { a: case(submitter_id: $s, first: $n) { ...F ...F id @skip(if: $t) \
                 ... on Node { submitter_id } samples(weight: 5) @include(if: $t) { id } } } fragment F on case { i: id samples(weight: 5) { x: id } }";
    assert_eq!(
        selected(query, json!({"s": "c1", "t": true})),
        r#"a=case{"submitter_id":["c1"],"first":3}{i=id samples=samples{"weight":[5]}{x=id id=id} submitter_id=submitter_id}"#
    );
}

#[test]
fn absent_and_null_arguments_are_not_given() {
    let query = "query Q($s: [String]) { case(submitter_id: $s, first: null) { id } }";
    assert_eq!(selected(query, json!({})), "case=case{id=id}");
    assert_eq!(selected(query, json!({"s": null})), "case=case{id=id}");
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
        [
            "Argument \"submitter_id\" has invalid value [\"a\", 5].\nIn element #1: Expected type \"String\", found 5."
        ]
    );
    assert_eq!(
        problems("{case(path: {type: \"s\", bogus: 1}) {id}}"),
        ["Argument \"path\" has invalid value {type: \"s\", bogus: 1}.\nIn field \"bogus\": Unknown field."]
    );
    assert_eq!(
        problems("{case(path: {name: \"s\"}) {id}}"),
        [
            "Argument \"path\" has invalid value {name: \"s\"}.\nIn field \"type\": Expected \"String!\", found null."
        ]
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

#[test]
fn a_bomb_of_fragments_is_refused_not_expanded() {
    let mut query = "{case {...F0}}".to_owned();
    for n in 0..40 {
        query += &format!(
            " fragment F{n} on case {{a: samples {{...G{n}}} b: samples {{...G{n}}}}} fragment G{n} on sample {{id submitter_id}}"
        );
    }
    // Fragments of one level spread the next twice, below different keys.
    let mut bomb = "{node {...N0}}".to_owned();
    for n in 0..30 {
        bomb +=
            &format!(" fragment N{n} on case {{a{n}: samples {{id}} b{n}: samples {{id}} ...N{}}}", n + 1);
    }
    bomb += " fragment N30 on case {id}";
    assert!(problems(&bomb).is_empty());
    assert!(problems(&query)[0].starts_with("Fragment"));
    let many: String = (0..30_000).map(|n| format!("a{n}: _case_count ")).collect();
    assert_eq!(problems(&format!("{{{many}}}")), ["The query selects more than 20000 fields."]);
}

fn introspected(schema: &Schema<&'static str>, field: &Selected<'_, &'static str>) -> Value {
    let mut json = String::new();
    introspect(schema, field, 1 << 20, &mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn introspection_shows_types_arguments_and_directives() {
    let schema = schema();
    let query = "{__schema {queryType {name} directives {name args {name type {kind ofType {name}}}}} \
                 __type(name: \"Path\") {kind inputFields {name type {name kind ofType {name}}}}}";
    let fields = prepare(&schema, query, &Map::new(), &Limits::default()).unwrap();
    let answers: Vec<Value> = fields.iter().map(|field| introspected(&schema, field)).collect();
    let condition = json!([{"name": "if", "type": {"kind": "NON_NULL", "ofType": {"name": "Boolean"}}}]);
    assert_eq!(
        answers[0],
        json!({
            "queryType": {"name": "Root"},
            "directives": [{"name": "include", "args": condition}, {"name": "skip", "args": condition}],
        })
    );
    assert_eq!(
        answers[1],
        json!({"kind": "INPUT_OBJECT", "inputFields": [
            {"name": "type", "type": {"name": null, "kind": "NON_NULL", "ofType": {"name": "String"}}},
            {"name": "name", "type": {"name": "String", "kind": "SCALAR", "ofType": null}},
        ]})
    );
}

#[test]
fn what_later_versions_ask_of_a_schema_is_answered_and_not_listed() {
    let schema = schema();
    let query = "{__schema {description queryType {specifiedByURL isOneOf inputFields(includeDeprecated: true) {name} \
                 fields {args(includeDeprecated: true) {isDeprecated deprecationReason}}} \
                 directives {isRepeatable args(includeDeprecated: true) {name}} types {name}} \
                 __type(name: \"__Type\") {fields {name args {name}}}}";
    let fields = prepare(&schema, query, &Map::new(), &Limits::default()).unwrap();
    let answer = introspected(&schema, &fields[0]);
    assert_eq!((&answer["description"], &answer["queryType"]["isOneOf"]), (&Value::Null, &Value::Null));
    assert_eq!(
        answer["queryType"]["fields"][0]["args"][0],
        json!({"isDeprecated": false, "deprecationReason": null})
    );
    assert_eq!(answer["directives"][0], json!({"isRepeatable": false, "args": [{"name": "if"}]}));
    assert!(!answer["types"].to_string().contains("Later"));
    let listed = introspected(&schema, &fields[1]);
    assert!(!listed.to_string().contains("specifiedBy"), "{listed}");
    let input_fields =
        listed["fields"].as_array().unwrap().iter().find(|field| field["name"] == "inputFields");
    assert_eq!(input_fields, Some(&json!({"name": "inputFields", "args": []})));
}

#[test]
fn the_usual_introspection_query_is_valid_and_shows_no_type_of_our_own() {
    let schema = schema();
    let fields = prepare(&schema, graphql::INTROSPECTION_QUERY, &Map::new(), &Limits::default()).unwrap();
    let answer = introspected(&schema, &fields[0]);
    let names: Vec<&str> =
        answer["types"].as_array().unwrap().iter().map(|ty| ty["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Root",
            "Node",
            "case",
            "sample",
            "Path",
            "ID",
            "Boolean",
            "String",
            "Int",
            "Float",
            "__Schema",
            "__Type",
            "__Field",
            "__InputValue",
            "__EnumValue",
            "__Directive",
            "__TypeKind",
            "__DirectiveLocation",
        ]
    );
}

fn in_a_row(fragments: usize) -> String {
    let chain: String = (0..fragments).map(|n| format!(" fragment F{n} on case {{...F{}}}", n + 1)).collect();
    format!("{{case {{...F0}}}}{chain} fragment F{fragments} on case {{id}}")
}

#[test]
fn a_chain_of_fragments_does_not_grow_the_stack() {
    assert_eq!(problems(&in_a_row(100)), [""; 0]);
    assert_eq!(problems(&in_a_row(400)), ["The query has a chain of more than 200 fragments."]);
    assert_eq!(problems(&in_a_row(100_000)), ["The query has more than 500 operations and fragments."]);
}

#[test]
fn what_validation_goes_through_again_and_again_is_bounded() {
    let spreads = "...A ".repeat(60_000);
    assert_eq!(
        problems(&format!("{{case {{{spreads}}}}} fragment A on case {{id}}")),
        ["The query has more than 50000 fields, fragments and directives."]
    );
    let directives = "@skip(if: true)".repeat(60_000);
    assert_eq!(
        problems(&format!("{{_case_count {directives}}}")),
        ["The query has more than 50000 fields, fragments and directives."]
    );
    let variables: String = (0..2_000).map(|n| format!("$v{n}: Int ")).collect();
    assert_eq!(
        problems(&format!("query ({variables}) {{_case_count}}")),
        ["The query has more than 1000 variables."]
    );
    let operations: String = (0..400).map(|n| format!("query Q{n} {{...A}} ")).collect();
    assert_eq!(
        problems(&format!("{operations} fragment A on Root {{bogus}}")),
        ["Must provide operation name if query contains multiple operations."]
    );
}

#[test]
fn fragments_that_select_nothing_are_work_too() {
    let uses: String = (0..2_000).map(|n| format!("a{n}: case {{...A id}} ")).collect();
    let spreads: String = (0..400).map(|n| format!("...B{n} ")).collect();
    let empty: String = (0..400).map(|n| format!("fragment B{n} on case {{id @skip(if: true)}} ")).collect();
    assert_eq!(
        problems(&format!("{{{uses}}} fragment A on case {{{spreads}}} {empty}")),
        ["The query uses its fragments too often."]
    );
}

#[test]
fn a_variable_is_counted_wherever_it_is_used() {
    let ids: Vec<String> = (0..10_000).map(|n| format!("id-{n}")).collect();
    let once = "query ($ids: [String]) {_case_count(submitter_id: $ids)}";
    assert_eq!(problems_with(once, json!({"ids": ids})), [""; 0]);
    let uses: String = (0..1_000).map(|n| format!("a{n}: _case_count(submitter_id: $ids) ")).collect();
    assert_eq!(
        problems_with(&format!("query ($ids: [String]) {{{uses}}}"), json!({"ids": ids})),
        ["The arguments of the query have more than 16777216 bytes."]
    );
}

#[test]
fn of_the_problems_of_one_value_a_hundred_are_told() {
    let values = "5,".repeat(100_000);
    let told = problems(&format!("{{case(submitter_id: [{values}]) {{id}}}}"));
    assert_eq!(told[0].matches("In element").count(), 100);
    let query = "query ($ids: [String]) {case(submitter_id: $ids) {id}}";
    let told = problems_with(query, json!({"ids": vec![json!({}); 100_000]}));
    assert_eq!(told[0].matches("In element").count(), 100);
    let fields: String = (0..10_000).map(|n| format!("x{n}: 1,")).collect();
    let told = problems(&format!("{{case(path: {{type: \"sample\", {fields}}}) {{id}}}}"));
    assert_eq!(told[0].matches("Unknown field").count(), 100);
}

#[test]
fn an_introspection_has_a_length() {
    let schema = schema();
    let fields = prepare(&schema, graphql::INTROSPECTION_QUERY, &Map::new(), &Limits::default()).unwrap();
    let mut json = String::new();
    let refused = introspect(&schema, &fields[0], 1_000, &mut json).unwrap_err();
    assert_eq!(refused.0, "The introspection has more than 1000 bytes.");
    assert!(json.len() < 2_000);
}
