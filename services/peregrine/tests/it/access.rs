//! Nothing of a project that the caller may not read ever shows.

use actix_web::test as client;
use serde_json::{Value, json};

use crate::support::Commons;

/// Asks for everything in every way.
const EVERYTHING: &str = "{
    project(first: 0) {project_id code experiments(first: 0) {submitter_id} _experiments_count}
    program(first: 0, order_by_asc: \"name\") {name projects(first: 0) {code experiments {submitter_id cases \
    {submitter_id}}}
        _projects_count _links(first: 0) {submitter_id}}
    case(first: 0) {submitter_id experiments {projects {code}}} _case_count _project_count _sample_count
    node(first: 0) {submitter_id} datanode(first: 0) {submitter_id}
    r: _case_count(project_id: \"P-R\") ids: case(ids: [\"case-r1\"]) {id} id: node(id: \"case-r1\") {id}
    transaction_log(first: 0) {project_id} _transaction_log_count
}";

/// All strings anywhere in an answer.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, into)),
        _ => {}
    }
}

async fn seen(commons: &Commons, user: &str) -> (Vec<String>, Value) {
    let data = commons.data(user, EVERYTHING).await;
    let mut all = Vec::new();
    texts(&data, &mut all);
    (all, data)
}

#[actix_web::test]
async fn a_reader_sees_its_project_and_open_ones() {
    let commons = Commons::with_study().await;
    let (texts, data) = seen(&commons, "reader").await;
    for hidden in ["P-R", "R", "eR", "mR", "r1", "r1s"] {
        assert!(!texts.contains(&hidden.to_owned()), "{hidden} shows");
    }
    assert!(texts.contains(&"s1".to_owned()) && texts.contains(&"c01".to_owned()));
    assert_eq!(
        [&data["_case_count"], &data["_project_count"], &data["_sample_count"], &data["r"]],
        [&json!(13), &json!(2), &json!(19), &json!(0)]
    );
    assert_eq!((&data["ids"], &data["id"]), (&json!([]), &json!([])));
    let programs = [&data["program"][0], &data["program"][1]].map(|program| &program["_projects_count"]);
    assert_eq!(programs, [&json!(1), &json!(1)]);
}

#[actix_web::test]
async fn somebody_without_rights_sees_open_projects_and_so_does_everybody_when_arborist_is_down() {
    let commons = Commons::with_study().await;
    let (_, nobody) = seen(&commons, "nobody").await;
    assert_eq!((&nobody["_case_count"], &nobody["_project_count"]), (&json!(1), &json!(1)));
    let (_, unlucky) = seen(&commons, "unlucky").await;
    assert_eq!(nobody, unlucky);
}

#[actix_web::test]
async fn who_was_deactivated_reads_nothing_by_a_token_from_before() {
    let commons = Commons::with_study().await;
    for query in ["{project {name}}", "{_case_count}", "{transaction_log {id}}"] {
        let request = client::TestRequest::post().uri("/v0/submission/graphql");
        let request = request.insert_header(commons.bearer("gone"));
        let answer = commons.send(request.set_json(json!({ "query": query }))).await;
        assert_eq!(answer.status, 401, "{query}: {}", answer.body);
        assert!(answer.body.contains("the user of this token is not active"), "{}", answer.body);
    }
}

#[actix_web::test]
async fn an_administrator_sees_all() {
    let commons = Commons::with_study().await;
    let (_, data) = seen(&commons, "admin").await;
    assert_eq!(
        (&data["_case_count"], &data["_project_count"], &data["r"]),
        (&json!(14), &json!(3), &json!(1))
    );
}

#[actix_web::test]
async fn filters_tell_nothing_about_hidden_nodes() {
    let commons = Commons::with_study().await;
    let query = "{a: program(name: \"P\", with_path_to: {type: \"case\", primary_site: \"Hidden\"}) {name} \
                 b: program(name: \"P\", with_path_to: {type: \"case\", submitter_id: \"c01\"}) {name} \
                 n: _program_count(with_path_to: {type: \"project\", code: \"R\"})}";
    assert_eq!(commons.data("reader", query).await, json!({"a": [], "b": [{"name": "P"}], "n": 0}));
    let query = "{program(first: 0, with_links: [\"projects\"]) {name} n: _program_count(without_links: \
                 [\"projects\"])}";
    assert_eq!(commons.data("nobody", query).await, json!({"program": [{"name": "O"}], "n": 1}));
}

#[actix_web::test]
async fn links_that_cross_projects_lead_to_nothing() {
    let commons = Commons::with_study().await;
    // Never written by sheepdog, but a database may be older than its rules.
    commons.loader().edge("sample-r1s", "derived_from", "case-c01").await;
    let query = "{case(submitter_id: \"c01\") {samples {submitter_id} _samples_count \
                 _links(quick_search: \"r1\") {submitter_id}}}";
    assert_eq!(
        commons.data("reader", query).await,
        json!({"case": [{"samples": [{"submitter_id": "c010"}], "_samples_count": 1, "_links": []}]})
    );
}

#[actix_web::test]
async fn figures_and_landing_pages_are_those_of_readable_projects() {
    let commons = Commons::with_study().await;
    let counts = commons.get("reader", "/datasets?nodes=case,sample").await.json();
    assert_eq!(counts, json!({"P-Q": {"case": 12, "sample": 18}, "O-S": {"case": 1, "sample": 1}}));
    assert_eq!(commons.get("nobody", "/coremetadata/object-f1").await.status, 404);
    assert_eq!(commons.get("reader", "/coremetadata/object-f1").await.status, 200);
}

#[actix_web::test]
async fn a_client_reads_what_it_and_its_user_may() {
    let commons = Commons::with_study().await;
    for (user, client, cases) in [
        ("admin", "", 14),
        ("admin", "narrow", 2),
        ("reader", "narrow", 1),
        ("admin", "without-policies", 1),
        ("", "narrow", 2),
    ] {
        let token = commons.tokens.token_with(user, |claims| {
            claims.azp = Some(client.to_owned());
            if user.is_empty() {
                claims.context = None;
            }
        });
        let request = actix_web::test::TestRequest::post()
            .uri("/submission/graphql")
            .insert_header(("Authorization", format!("bearer {token}")))
            .set_payload(json!({"query": "{_case_count}"}).to_string());
        let answer = commons.send(request).await;
        assert_eq!(answer.json(), json!({"data": {"_case_count": cases}}), "{user} through {client}");
    }
}
