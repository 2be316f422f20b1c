//! Input that is wrong, large or hostile gets a precise 4xx and never a panic.

use std::time::Duration;

use peregrine::{Budget, Config};
use serde_json::json;

use crate::support::Commons;

#[actix_web::test]
async fn depth_is_limited() {
    let commons = Commons::empty().await;
    let deep = format!("{}{}", "{case {samples ".repeat(500), "}".repeat(1000));
    assert_eq!(commons.errors(&deep).await, json!(["The query is nested too deeply."]));
    let list = format!("{{case(id: {}{}) {{id}}}}", "[".repeat(500), "]".repeat(500));
    assert_eq!(commons.errors(&list).await, json!(["The query is nested too deeply."]));
    let body =
        format!("{{\"query\": \"{{__typename}}\", \"variables\": {}{}}}", "[".repeat(500), "]".repeat(500));
    let request = actix_web::test::TestRequest::post()
        .uri("/submission/graphql")
        .insert_header(commons.bearer("admin"));
    assert_eq!(commons.send(request.set_payload(body)).await.status, 400);
}

#[actix_web::test]
async fn ten_thousand_aliases_are_too_many() {
    let commons = Commons::empty().await;
    let lists: String = (0..10_000).map(|n| format!("a{n}: case {{id}} ")).collect();
    let errors = commons.errors(&format!("{{{lists}}}")).await;
    assert_eq!(
        errors,
        json!(["The query asks for 10000 lists and counts, links and paths in filters included; 2000 are \
             permitted."])
    );
    let fields: String = (0..30_000).map(|n| format!("a{n}: id ")).collect();
    let errors = commons.errors(&format!("{{case {{{fields}}}}}")).await;
    assert_eq!(errors, json!(["The query selects more than 20000 fields."]));
}

#[actix_web::test]
async fn fragments_in_a_circle_are_refused() {
    let commons = Commons::empty().await;
    let errors = commons
        .errors("{case {...A}} fragment A on case {samples {...B}} fragment B on sample {cases {...A}}")
        .await;
    assert_eq!(errors[0], json!("Cannot spread fragment \"A\" within itself via B."));
    let mut bomb = "{case {...F0}}".to_owned();
    for n in 0..30 {
        let (on, link) = if n % 2 == 0 { ("case", "samples") } else { ("sample", "cases") };
        bomb += &format!(
            " fragment F{n} on {on} {{x{n}: {link} {{...F{}}} y{n}: {link} {{...F{}}}}}",
            n + 1,
            n + 1
        );
    }
    bomb += " fragment F30 on case {id}";
    assert_eq!(commons.errors(&bomb).await, json!(["The query selects more than 20000 fields."]));
}

#[actix_web::test]
async fn short_queries_with_long_answers_are_refused() {
    let commons = Commons::empty().await;
    let bomb = format!(
        "{{__schema {{types {}{{name}}{}}}}}",
        "{possibleTypes {interfaces ".repeat(8),
        "}}".repeat(8)
    );
    let limit = "The schema and node types of an answer have at most 33554432 bytes.";
    assert_eq!(commons.errors(&bomb).await, json!([limit]));
    let aliases: String =
        (0..19_000).map(|n| format!("a{n}: _node_type(first: 0) {{properties}} ")).collect();
    // Each alias has two fields.
    assert_eq!(
        commons.errors(&format!("{{{aliases}}}")).await,
        json!(["The query selects more than 20000 fields."])
    );
    let properties: String = (0..17).map(|n| format!("p{n}: properties ")).collect();
    let aliases: String =
        (0..1_000).map(|n| format!("a{n}: _node_type(first: 0) {{{properties}}} ")).collect();
    let errors = commons.errors(&format!("{{{aliases}}}")).await;
    assert!(errors.as_array().unwrap().iter().all(|error| error == limit));
}

#[actix_web::test]
async fn links_and_paths_in_filters_are_counted_as_work() {
    let commons = Commons::empty().await;
    let message =
        "The query asks for 3001 lists and counts, links and paths in filters included; 2000 are permitted.";
    let links = "\"samples\",".repeat(3_000);
    assert_eq!(commons.errors(&format!("{{case(with_links: [{links}]) {{id}}}}")).await, json!([message]));
    let paths = "{type: \"sample\"},".repeat(3_000);
    for argument in ["with_path_to", "with_path_to_any", "without_path_to"] {
        let query = format!("{{_case_count({argument}: [{paths}])}}");
        assert_eq!(commons.errors(&query).await, json!([message]), "{argument}");
    }
}

#[actix_web::test]
async fn a_chain_of_fragments_ends_no_process() {
    let commons = Commons::empty().await;
    let chain: String = (0..20_000).map(|n| format!(" fragment F{n} on case {{...F{}}}", n + 1)).collect();
    let query = format!("{{case {{...F0}}}}{chain} fragment F20000 on case {{id}}");
    assert_eq!(
        commons.errors(&query).await,
        json!(["The query has more than 500 operations and fragments."])
    );
}

#[actix_web::test]
async fn sql_in_every_filter_is_text() {
    let commons = Commons::with_study().await;
    for evil in
        ["'; drop table node_case; --", "\\\" or 1=1 --", "$1", "%'", "\\\\", "{\\\"a\\\": 1}", "a\\nb"]
    {
        let texts =
            ["id", "ids", "quick_search", "submitter_id", "primary_site", "consent_codes", "project_id"];
        for name in texts {
            commons
                .data(
                    "admin",
                    &format!("{{case({name}: \"{evil}\") {{id}} _case_count({name}: \"{evil}\")}}"),
                )
                .await;
        }
        let query = format!(
            "{{case(with_path_to: {{type: \"sample\", composition: \"{evil}\", id: \"{evil}\"}}, \
                             not: {{primary_site: \"{evil}\"}}) {{id samples(quick_search: \"{evil}\") \
                             {{id}}}}}}"
        );
        commons.data("admin", &query).await;
        let query = format!(
            "{{node(submitter_id: \"{evil}\", category: \"{evil}\", of_type: \"{evil}\") {{id}} \
                             datanode(file_name: \"{evil}\") {{id}} transaction_log(project: \"{evil}\", \
                             entities: \"{evil}\", \
                             related_cases: \"{evil}\", type: \"{evil}\", id: \"{evil}\") {{id}}}}"
        );
        commons.data("admin", &query).await;
        for name in ["order_by_asc", "with_links", "created_after"] {
            commons.errors(&format!("{{case({name}: \"{evil}\") {{id}}}}")).await;
        }
    }
    assert_eq!(commons.data("admin", "{_case_count}").await, json!({"_case_count": 14}));
}

#[actix_web::test]
async fn a_nul_is_the_querys_fault() {
    let commons = Commons::empty().await;
    for filter in [
        "submitter_id: \"a\\u0000b\"",
        "consent_codes: \"a\\u0000b\"",
        "with_path_to: {type: \"sample\", state: \"\\u0000\"}",
    ] {
        let answer = commons.post("admin", &json!({"query": format!("{{case({filter}) {{id}}}}")})).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
}

#[actix_web::test]
async fn huge_numbers_are_refused_or_found_nowhere() {
    let commons = Commons::with_study().await;
    for (filter, message) in [
        ("first: 99999999999999999999", "Expected type \"Int\", found 99999999999999999999."),
        ("offset: -99999999999", "Expected type \"Int\", found -99999999999."),
    ] {
        let errors = commons.errors(&format!("{{case({filter}) {{id}}}}")).await;
        assert!(errors[0].as_str().unwrap().ends_with(message), "{errors}");
    }
    assert!(commons.errors("{sample(weight: 1e400) {id}}").await[0].as_str().unwrap().contains("1e400"));
    let query = "{a: sample(weight: 99999999999999999999) {id} b: sample(weight: 1e300) {id} c: case(first: \
                 2147483647, offset: 2147483647) {id} \
                 d: node(first: 2147483647, offset: 2147483647) {id}}";
    assert_eq!(commons.data("admin", query).await, json!({"a": [], "b": [], "c": [], "d": []}));
}

#[actix_web::test]
async fn broken_bodies_are_told_apart() {
    let commons = Commons::empty().await;
    let send = async |body: &str| {
        let request = actix_web::test::TestRequest::post()
            .uri("/submission/graphql")
            .insert_header(commons.bearer("admin"));
        commons.send(request.set_payload(body.to_owned())).await
    };
    let answer = send("{\"query\": null}").await;
    assert_eq!(
        (answer.status, answer.json()),
        (400, json!({"data": null, "errors": ["The query must be a string"]}))
    );
    let answer = send("{\"query\": \"{_case_count}\", \"query\": \"\"}").await;
    let message = "Unable to parse json: The document contains duplicate keys: query";
    assert_eq!((answer.status, answer.json()), (400, json!({ "message": message })));
    assert!(send("{\"query").await.json()["message"].as_str().unwrap().starts_with("Unable to parse json: "));
    assert_eq!(send(&" ".repeat(5 << 20)).await.status, 413);
}

#[actix_web::test]
async fn an_answer_has_a_row_budget_and_is_never_cut_silently() {
    let budget = Budget { rows: 20, ..Budget::default() };
    let commons = Commons::configured(Config { budget, ..Config::default() }).await;
    assert_eq!(commons.listed("{case(first: 0) {submitter_id}}").await.len(), 14);
    let errors = commons.errors("{case(first: 0) {samples(first: 0) {id}}}").await;
    assert_eq!(errors, json!(["The answer has more nodes than one request may have; use first and offset."]));
}

#[actix_web::test]
async fn a_slow_query_ends_at_its_time_limit_and_the_connection_lives() {
    let budget = Budget { time: Duration::from_millis(300), ..Budget::default() };
    let commons = Commons::configured(Config { budget, ..Config::default() }).await;
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let errors = commons.errors("{_case_count}").await;
    assert_eq!(
        errors,
        json!(["Query exceeded 0.3 second timeout.  Please reduce query complexity and try again."])
    );
    blocker.rollback().await.unwrap();
    assert_eq!(commons.data("admin", "{_case_count}").await, json!({"_case_count": 14}));
}

#[actix_web::test]
async fn a_client_that_goes_away_cancels_its_query() {
    let commons = Commons::with_study().await;
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and \
                   wait_event_type = 'Lock'";
    let waiters =
        async || sqlx::query_scalar::<_, i64>(waiting).fetch_one(&commons.database.pool).await.unwrap();
    let gone = tokio::time::timeout(Duration::from_millis(300), commons.data("admin", "{_case_count}")).await;
    assert!(gone.is_err());
    let mut left = waiters().await;
    for _ in 0..50 {
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        left = waiters().await;
    }
    assert_eq!(left, 0);
    blocker.rollback().await.unwrap();
    assert_eq!(commons.data("admin", "{_case_count}").await, json!({"_case_count": 14}));
}
