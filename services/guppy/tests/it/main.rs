//! guppy over HTTP, with no search engine attached.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use actix_web::{App, test as client};
use guppy::{Config, Guppy};
use serde_json::{Value, json};
use testing::endpoints::check;

use self::cases::cases;

async fn call(request: client::TestRequest) -> (u16, Value) {
    let guppy = Guppy::build(Config::default()).unwrap();
    let app = client::init_service(App::new().configure(|cfg| web::Service::configure(guppy, cfg))).await;
    let answer = client::call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    let body = client::read_body(answer).await;
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

async fn ask(query: &str) -> (u16, Value) {
    call(client::TestRequest::post().uri("/graphql").set_json(json!({ "query": query }))).await
}

#[actix_web::test]
async fn status_lists_no_index() {
    let wanted = json!({ "statusCode": 200, "warnings": null, "indices": {} });
    assert_eq!(call(client::TestRequest::get().uri("/_status")).await, (200, wanted));
}

#[actix_web::test]
async fn an_absent_index_is_an_empty_answer() {
    let query = "{ subject(first: 5, filter: {and: []}, sort: []) { project_id }
        _aggregation { file(accessibility: all) { _totalCount } } _mapping { subject } }";
    let data = json!({
        "subject": [],
        "_aggregation": { "file": { "_totalCount": 0 } },
        "_mapping": { "subject": [] },
    });
    assert_eq!(ask(query).await, (200, json!({ "data": data })));
}

#[actix_web::test]
async fn introspection_works() {
    let (status, body) = ask("{ __schema { queryType { fields { name } } } }").await;
    assert_eq!(status, 200);
    let fields = body.pointer("/data/__schema/queryType/fields").unwrap();
    let names: Vec<_> =
        fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["subject", "file", "_aggregation", "_mapping"]);
}

/// What graphql-js, and with it GraphiQL and most other clients, sends to read a schema.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { queryType { name kind } mutationType { \
                             name kind }
    subscriptionType { name kind } types { ...FullType } directives { name description locations args { \
    ...InputValue } } } }
    fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description
    args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue }
    interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated \
    deprecationReason }
    possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name description type { ...TypeRef \
    } defaultValue }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { \
    kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } \
    } } } } }";

#[actix_web::test]
async fn the_introspection_query_of_clients_is_not_too_deep() {
    let (status, body) = ask(INTROSPECTION).await;
    assert_eq!(status, 200, "{body}");
    assert!(
        body.pointer("/data/__schema/types").and_then(Value::as_array).is_some_and(|types| types.len() > 10)
    );
}

#[actix_web::test]
async fn data_eleven_levels_deep_is_refused() {
    let query = format!("{}a{}", "{ subject ".repeat(12) + "{ ", "}".repeat(13));
    let (status, body) = ask(&query).await;
    assert_eq!((status, &body["errors"][0]["message"]), (400, &json!("the query exceeds the depth of 10")));
}

#[actix_web::test]
async fn unknown_fields_and_broken_queries_are_refused_with_their_code() {
    let code = |body: &Value| body.pointer("/errors/0/extensions/code").cloned();
    let (status, body) = ask("{ nobody { a } }").await;
    assert_eq!((status, code(&body)), (400, Some(json!("GRAPHQL_VALIDATION_FAILED"))));
    let (status, body) = ask("{ subject { ").await;
    assert_eq!((status, code(&body)), (400, Some(json!("GRAPHQL_PARSE_FAILED"))));
}

#[actix_web::test]
async fn downloads_of_absent_indices_are_empty_and_unknown_types_are_refused() {
    let download =
        async |body: Value| call(client::TestRequest::post().uri("/download").set_json(body)).await;
    assert_eq!(download(json!({ "type": "subject", "fields": ["a"] })).await, (200, json!([])));
    assert_eq!(download(json!({ "type": "x" })).await, (400, json!("Invalid es type: \"x\"")));
    assert_eq!(download(json!({})).await, (400, json!("Invalid es type: \"\"")));
}

#[actix_web::test]
async fn every_endpoint_answers_every_caller_alike() {
    check(Guppy::endpoints(), &cases(), async |case, _| {
        let method = case.verb().parse().unwrap();
        let request = client::TestRequest::default().method(method).uri(&case.url);
        call(request.set_json(&case.body)).await.0
    })
    .await;
}

#[actix_web::test]
async fn a_wrong_method_is_a_route_that_does_not_exist() {
    let answer = call(client::TestRequest::get().uri("/graphql")).await;
    assert_eq!(answer, (404, json!("Cannot GET /graphql")));
}
