//! Answers about the schema.

use graphql::{Limits, Schema, Selected, introspect, prepare};
use serde_json::{Map, Value, json};

use crate::support::schema;

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
    let query = "{__schema {description queryType {specifiedByURL isOneOf inputFields(includeDeprecated: \
                 true) {name} \
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

#[test]
fn an_introspection_has_a_length() {
    let schema = schema();
    let fields = prepare(&schema, graphql::INTROSPECTION_QUERY, &Map::new(), &Limits::default()).unwrap();
    let mut json = String::new();
    let refused = introspect(&schema, &fields[0], 1_000, &mut json).unwrap_err();
    assert_eq!(refused.0, "The introspection has more than 1000 bytes.");
    assert!(json.len() < 2_000);
}

#[test]
fn the_types_of_the_language_are_described() {
    let schema = schema();
    let query = "{__schema {directives {description args {description}} types {name description}} \
                 d: __type(name: \"__Directive\") {fields {name} all: fields(includeDeprecated: true) {name \
                 isDeprecated deprecationReason}} \
                 k: __type(name: \"__TypeKind\") {enumValues {name description}}}";
    let fields = prepare(&schema, query, &Map::new(), &Limits::default()).unwrap();
    let answers: Vec<Value> = fields.iter().map(|field| introspected(&schema, field)).collect();
    let types = answers[0]["types"].as_array().unwrap();
    let described = |name: &str| {
        let ty = types.iter().find(|ty| ty["name"] == name).unwrap();
        ty["description"].as_str().map(str::to_owned)
    };
    for name in ["String", "Int", "Float", "Boolean", "ID", "__Schema", "__Type", "__DirectiveLocation"] {
        assert!(described(name).is_some_and(|text| text.len() > 40), "{name}");
    }
    assert_eq!(described("case"), None);
    let include =
        "Directs the executor to include this field or fragment only when the `if` argument is true.";
    assert_eq!(
        answers[0]["directives"][0],
        json!({"description": include, "args": [{"description": "Included when true."}]})
    );
    assert!(!answers[1]["fields"].to_string().contains("onField"));
    let old = json!({"name": "onField", "isDeprecated": true, "deprecationReason": "Use `locations`."});
    assert!(answers[1]["all"].as_array().unwrap().contains(&old));
    assert_eq!(
        answers[2]["enumValues"][0],
        json!({"name": "SCALAR", "description": "Indicates this type is a scalar."})
    );
}
