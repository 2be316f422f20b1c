//! GraphQL over HTTP.

use actix_web::test as client;
use serde_json::{Value, json};
use testing::endpoints::{Kind, check};

use crate::{
    cases::cases,
    support::{ask, call, config, data, engine, guppy, keeping, of_tier, sets_database, subject},
};

fn code(body: &Value) -> &Value {
    &body["errors"][0]["extensions"]["code"]
}

fn post(body: &str, content_type: &str) -> client::TestRequest {
    let request = client::TestRequest::post().uri("/graphql").set_payload(body.to_owned());
    request.insert_header(("Content-Type", content_type))
}

#[actix_web::test]
async fn every_endpoint_answers_every_caller_alike() {
    let database = sets_database().await;
    let guppy = keeping(&database, config("private", json!({})), engine((0..9).map(subject)).await).await;
    check(guppy::Guppy::endpoints(), &cases(), async |case, kind| {
        let method = case.verb().parse().unwrap();
        let request = client::TestRequest::default().method(method).uri(&case.url);
        let request = if case.body.is_null() { request } else { request.set_json(&case.body) };
        let who = match kind {
            Kind::Anonymous => return call(&guppy, request).await.0,
            Kind::Stranger => "bearer bob",
            Kind::Permitted => "bearer ada",
        };
        call(&guppy, request.insert_header(("Authorization", who))).await.0
    })
    .await;
}

#[actix_web::test]
async fn requests_that_are_none_are_refused_in_the_words_of_apollo() {
    let guppy = of_tier("private").await;
    for (body, content_type, status) in [
        ("{}", "application/json", 400),
        ("[]", "application/json", 400),
        ("{\"query\": \"\"}", "application/json", 400),
        ("{\"query\": 5}", "application/json", 400),
        ("{\"query\": \"{__typename}\", \"variables\": []}", "application/json", 400),
        ("{\"query\": \"{__typename}\", \"variables\": \"{}\"}", "application/json", 400),
        ("{\"query\": \"{__typename}\", \"operationName\": 5}", "application/json", 400),
        ("{__typename}", "application/graphql", 400),
        ("{\"query\": \"{__typename}\"}", "text/plain", 400),
    ] {
        let (got, answer) = call(&guppy, post(body, content_type)).await;
        assert_eq!((got, code(&answer)), (status, &json!("BAD_REQUEST")), "{body}");
    }
    let (status, page) = call(&guppy, post("{", "application/json")).await;
    assert!(status == 400 && page.as_str().unwrap().contains("<pre>Bad Request</pre>"));
    let request = post("{\"query\": \"{__typename}\"}", "application/json");
    let (status, _) = call(&guppy, request.insert_header(("Accept", "text/html"))).await;
    assert_eq!(status, 406);
    let request = client::TestRequest::put().uri("/graphql");
    assert_eq!(call(&guppy, request).await.0, 405);
}

#[actix_web::test]
async fn a_query_by_address_needs_a_header_that_no_page_can_send() {
    let guppy = of_tier("private").await;
    let uri = "/graphql?query=query(%24f%3AInt)%7Bsubject(first%3A%24f)%7Bproject_id%7D%7D\
               &variables=%7B%22f%22%3A0%7D";
    let request = || client::TestRequest::get().uri(uri);
    let (status, body) = call(&guppy, request()).await;
    assert_eq!((status, code(&body)), (400, &json!("BAD_REQUEST")));
    let answer = call(&guppy, request().insert_header(("Apollo-Require-Preflight", "true"))).await;
    assert_eq!(answer, (200, json!({ "data": { "subject": [] } })));
}

#[actix_web::test]
async fn each_step_has_its_code() {
    let guppy = of_tier("private").await;
    for (query, status, wanted) in [
        ("{ subject { ", 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nobody { a } }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { ...F }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("{ subject { ...X } }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query A {__typename} query B {__typename}", 400, "OPERATION_RESOLUTION_FAILURE"),
        ("query ($n: Int!) {subject(first: $n) {project_id}}", 400, "BAD_USER_INPUT"),
        ("mutation {x}", 200, "INTERNAL_SERVER_ERROR"),
    ] {
        let (got, body) = ask(&guppy, "", query).await;
        assert_eq!((got, code(&body)), (status, &json!(wanted)), "{query}: {body}");
    }
}

#[actix_web::test]
async fn data_eleven_levels_deep_is_refused_and_introspection_is_not() {
    let guppy = of_tier("private").await;
    let query = format!("{}a{}", "{ subject ".repeat(12) + "{ ", "}".repeat(13));
    let (status, body) = ask(&guppy, "", &query).await;
    let message = "'' exceeds maximum operation depth of 10";
    assert_eq!((status, &body["errors"][0]["message"]), (400, &json!(message)));
    let of_type = |depth: usize| "ofType {".repeat(depth) + "name" + &"}".repeat(depth);
    let query = format!("{{__schema {{types {{fields {{type {{{}}}}}}}}}}}", of_type(12));
    assert_eq!(ask(&guppy, "", &query).await.0, 200);
}

#[actix_web::test]
async fn the_mappings_are_read_anew_for_who_may() {
    let guppy_of = async |refresh: bool| {
        let engine = engine((0..3).map(subject)).await;
        guppy(config("private", json!({ "allowRefresh": refresh })), engine).await
    };
    let refresh = async |guppy: &std::sync::Arc<guppy::Guppy>, user: &str| {
        let request = client::TestRequest::post().uri("/_refresh");
        let header = ("Authorization", format!("bearer {user}"));
        call(guppy, if user.is_empty() { request } else { request.insert_header(header) }).await
    };
    let closed = guppy_of(false).await;
    let answer = refresh(&closed, "admin").await;
    assert_eq!(answer, (404, json!("[Refresh] guppy _refresh functionality is not enabled")));
    let open = guppy_of(true).await;
    assert_eq!(refresh(&open, "").await.0, 401);
    assert_eq!(refresh(&open, "ada").await.0, 401);
    assert_eq!(refresh(&open, "admin").await, (200, json!("[Refresh] guppy refreshed successfully")));
    assert_eq!(data(&open, "", "{__typename}").await, json!({ "__typename": "Query" }));
}

#[actix_web::test]
async fn status_names_indices_aliases_and_lists() {
    let guppy = of_tier("private").await;
    let (status, body) = call(&guppy, client::TestRequest::get().uri("/_status")).await;
    assert_eq!(status, 200);
    assert_eq!(body["indices"]["subject_0"], json!({ "aliases": { "subject": {} } }));
    let lists = json!({ "arrayFields": ["codes", "visits", "visits.tests"] });
    assert_eq!(body["indices"]["subject"], lists);
}
