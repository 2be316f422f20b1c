//! Hostile strings in every argument that takes one. There is nothing but an answer or a precise 400, and
//! nothing changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Commons;

const EVIL: [&str; 9] = [
    "'; drop table node_case; --",
    "' or '1'='1",
    "\" or 1=1 --",
    "$1",
    "%'",
    "\\",
    "{\"a\": 1}",
    "a\nb\u{1f600}\u{fffd}",
    "1); select pg_sleep(10); --",
];

/// An argument of a field: its name and the type that it takes, without `!`.
type Argument = (String, String);

/// The arguments of `field` of type `parent`, by the service's own schema.
async fn arguments(commons: &Commons, parent: &str, field: &str) -> Vec<Argument> {
    let query = format!(
        "{{__type(name: \"{parent}\") {{fields {{name args {{name type {{kind name ofType {{kind \
         name}}}}}}}}}}}}"
    );
    let data = commons.data("admin", &query).await;
    let fields = data["__type"]["fields"].as_array().unwrap().clone();
    let field = fields.iter().find(|found| found["name"] == field).unwrap().clone();
    let ty = |ty: &Value| match ty["kind"].as_str() {
        Some("LIST") => format!("[{}]", ty["ofType"]["name"].as_str().unwrap()),
        _ => ty["name"].as_str().unwrap().to_owned(),
    };
    let args = field["args"].as_array().unwrap();
    args.iter().map(|arg| (arg["name"].as_str().unwrap().to_owned(), ty(&arg["type"]))).collect()
}

/// The properties of an input type that take text, and whether they take a list of it.
async fn text_properties(commons: &Commons, input: &str) -> BTreeMap<String, bool> {
    let query =
        format!("{{__type(name: \"{input}\") {{inputFields {{name type {{kind name ofType {{name}}}}}}}}}}");
    let data = commons.data("admin", &query).await;
    let fields = data["__type"]["inputFields"].as_array().unwrap().clone();
    let texts = fields.iter().filter_map(|field| {
        let ty = &field["type"];
        let is_text = ty["name"] == "String" || ty["ofType"]["name"] == "String";
        is_text.then(|| (field["name"].as_str().unwrap().to_owned(), ty["kind"] == "LIST"))
    });
    texts.collect()
}

/// Values for an argument of this type, with `evil` wherever it takes a string.
async fn hostile_values(commons: &Commons, ty: &str, evil: &str) -> Vec<Value> {
    let name = ty.trim_matches(['[', ']']);
    if matches!(name, "String" | "ID") {
        return vec![if ty.starts_with('[') { json!(["a", evil]) } else { json!(evil) }];
    }
    if matches!(name, "Int" | "Float" | "Boolean") {
        return Vec::new();
    }
    let mut values = Vec::new();
    for (property, is_list) in text_properties(commons, name).await {
        let mut object = json!({});
        if name == "WithPathToInput" {
            object["type"] = json!("sample");
        }
        object[&property] = if is_list { json!([evil]) } else { json!(evil) };
        values.push(json!([object]));
    }
    values
}

/// A query with all these values, each in a field of its own: at the root, or of every case.
fn query(parent: &str, field: &str, asked: &[(Argument, Value)]) -> Value {
    let selection = if field.ends_with("_count") { "" } else { " {id}" };
    let (mut declared, mut fields, mut variables) = (String::new(), String::new(), json!({}));
    for (number, ((name, ty), value)) in asked.iter().enumerate() {
        declared += &format!("$v{number}: {ty} ");
        fields += &format!("a{number}: {field}({name}: $v{number}){selection} ");
        variables[format!("v{number}")] = value.clone();
    }
    let query = match parent {
        "Root" => format!("query ({declared}) {{{fields}}}"),
        parent => format!("query ({declared}) {{{parent} {{{fields}}}}}"),
    };
    json!({"query": query, "variables": variables})
}

const FIELDS: [(&str, &str); 16] = [
    ("Root", "case"),
    ("Root", "_case_count"),
    ("Root", "project"),
    ("Root", "_project_count"),
    ("Root", "program"),
    ("Root", "sample"),
    ("viewer", "reads"),
    ("Root", "node"),
    ("Root", "datanode"),
    ("Root", "_node_type"),
    ("Root", "transaction_log"),
    ("Root", "_transaction_log_count"),
    ("case", "samples"),
    ("case", "_samples_count"),
    ("case", "_links"),
    ("case", "_transaction_logs"),
];

/// What our own refusals begin with. PostgreSQL never says anything.
const REFUSALS: [&str; 4] = [
    "Cannot order by ",
    "Invalid link name '",
    "Unknown string format: ",
    "A string literal cannot contain NUL (0x00) characters.",
];

/// Asks with `evil` in every argument; gives the answers that are neither data nor a refusal.
async fn ask_everywhere(commons: &Commons, evil: &str) -> Vec<String> {
    let (mut odd, mut number) = (Vec::new(), 0);
    for (parent, field) in FIELDS {
        let mut asked = Vec::new();
        for argument in arguments(commons, parent, field).await {
            let values = hostile_values(commons, &argument.1, evil).await;
            asked.extend(values.into_iter().map(|value| (argument.clone(), value)));
        }
        number += asked.len();
        let body = query(parent, field, &asked);
        let answer = commons.post("admin", &body).await;
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let is_refusal = |error: &Value| {
            REFUSALS.iter().any(|start| error.as_str().unwrap_or_default().starts_with(start))
        };
        let wanted = if errors.is_empty() { 200 } else { 400 };
        if answer.status != wanted || answer.json()["data"].is_null() || !errors.iter().all(is_refusal) {
            odd.push(format!("{body}: {} {}", answer.status, answer.body));
        }
    }
    assert!(number > 300, "only {number} arguments");
    odd
}

#[actix_web::test]
async fn sql_in_every_argument_is_text() {
    let commons = Commons::with_study().await;
    let everything = "{project(first: 0, order_by_asc: \"id\") {code} case(first: 0, order_by_asc: \"id\") \
                      {id samples(first: 0) {id}} \
                      _sample_count _reads_count _transaction_log_count}";
    let before = commons.data("admin", everything).await;
    for evil in EVIL {
        assert_eq!(ask_everywhere(&commons, evil).await, Vec::<String>::new());
    }
    assert_eq!(commons.data("admin", everything).await, before);
}

#[actix_web::test]
async fn a_nul_in_any_argument_is_refused_in_our_own_words() {
    let commons = Commons::with_study().await;
    assert_eq!(ask_everywhere(&commons, "a\0b").await, Vec::<String>::new());
    let message = "A string literal cannot contain NUL (0x00) characters.";
    for argument in [
        "id: \"\\u0000\"",
        "ids: [\"a\", \"\\u0000\"]",
        "quick_search: \"\\u0000\"",
        "not: {primary_site: \"\\u0000\"}",
    ] {
        let answer = commons.post("admin", &json!({"query": format!("{{case({argument}) {{id}}}}")})).await;
        let expected = json!({"data": {"case": null}, "errors": [message]});
        assert_eq!((answer.status, answer.json()), (400, expected), "{argument}");
    }
}

#[actix_web::test]
async fn bodies_that_are_no_text_are_refused() {
    let commons = Commons::empty().await;
    let send = async |body: Vec<u8>| {
        let request = actix_web::test::TestRequest::post()
            .uri("/submission/graphql")
            .insert_header(commons.bearer("admin"));
        let answer = commons.send(request.set_payload(body)).await;
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        (answer.status, message.starts_with("Unable to parse json: "))
    };
    let refused = (400, true);
    assert_eq!(send(b"{\"query\": \"{case(id: \\\"\\ud800\\\") {id}}\"}".to_vec()).await, refused);
    assert_eq!(send(b"{\"query\": \"{\xff}\"}".to_vec()).await, refused);
    assert_eq!(send(b"\xfe\xff\0{".to_vec()).await, refused);
    assert_eq!(send(b"\xef\xbb\xbf{\"query\": \"{_case_count}\"}".to_vec()).await, refused);
    let deep = format!(
        "{{\"query\": \"{{_case_count}}\", \"variables\": {}1{}}}",
        "{\"a\":".repeat(500),
        "}".repeat(500)
    );
    assert_eq!(send(deep.into_bytes()).await, refused);
    // Escaped once more, a lone surrogate is a matter of the query, and not a character.
    let query = json!({"query": "{case(id: \"\\ud800\", submitter_id: \"\\udfff\") {id}}"});
    let answer = commons.post("admin", &query).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"data": {"case": []}})));
}

#[actix_web::test]
async fn variables_are_as_deep_as_their_types() {
    let commons = Commons::empty().await;
    let nested = (0..60).fold(json!("x"), |inner, _| json!([inner]));
    let query = "query ($v: [String]) {case(ids: $v) {id}}";
    let answer = commons.post("admin", &json!({"query": query, "variables": {"v": nested}})).await;
    let errors = answer.json()["errors"].clone();
    assert_eq!(answer.status, 400);
    assert!(errors[0].as_str().unwrap().starts_with("Variable \"$v\" got invalid value "), "{errors}");
}

#[actix_web::test]
async fn pages_beyond_everything_are_empty_and_numbers_beyond_an_int_are_refused() {
    let commons = Commons::with_study().await;
    let data = commons.data(
        "admin",
        "{case(offset: 1000) {id} node(offset: 100000) {id} datanode(offset: 9) \
                                      {id} transaction_log(offset: 9) {id}}",
    );
    assert_eq!(data.await, json!({"case": [], "node": [], "datanode": [], "transaction_log": []}));
    for argument in ["first", "offset"] {
        for (field, selection) in
            [("case", " {id}"), ("_case_count", ""), ("node", " {id}"), ("transaction_log", " {id}")]
        {
            let message = "Expected type \"Int\", found 99999999999.";
            let errors = commons.errors(&format!("{{{field}({argument}: 99999999999){selection}}}")).await;
            assert!(errors[0].as_str().unwrap().ends_with(message), "{errors}");
            let query = format!("query ($n: Int) {{{field}({argument}: $n){selection}}}");
            let answer =
                commons.post("admin", &json!({"query": query, "variables": {"n": 99_999_999_999_u64}})).await;
            assert_eq!(answer.status, 400, "{}", answer.body);
        }
    }
}
