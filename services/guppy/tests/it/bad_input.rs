//! What nobody should send: each gets an answer that says what is wrong, soon.

use serde_json::{Value, json};

use crate::support::{ask, ask_with, of_tier};

const QUERY: &str = "query ($f: JSON) {subject(filter: $f) {year} _aggregation {subject(filter: $f) {\
                     _totalCount \
                     gender {histogram {key}}}}}";

/// A filter within filters.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!({"=": {"gender": "male"}}), |inner, _| json!({ "and": [inner] }))
}

#[actix_web::test]
async fn filters_that_cannot_be_say_why() {
    let syntax = "Please check your syntax for input \"filter\" argument";
    let many: Vec<Value> = (0..10_001).map(|_| json!({"=": {"gender": "male"}})).collect();
    let cases = [
        (nested(61), "The filter is nested too deeply: more than 60 levels"),
        (json!({ "and": many }), "The filter has more than 10000 conditions"),
        (json!("male"), syntax),
        (json!([]), syntax),
        (json!({"and": null}), syntax),
        (json!({"and": {}}), syntax),
        (json!({"=": {}}), syntax),
        (json!({"=": "gender"}), syntax),
        (json!({"=": {"nope": 1}}), syntax),
        (json!({"=": {"visits.site": "home"}}), syntax),
        (json!({"nested": {"=": {"site": "home"}}}), syntax),
        (json!({"nested": {"path": "gender", "=": {"gender": "male"}}}), syntax),
        (json!({"nested": {"path": "nope", "=": {"a": 1}}}), "Field nope does not exist in ES index"),
        (
            json!({"nested": {"path": "visits", "nested": {"path": "tests", "=": {"name": "a"}}}}),
            "Field tests does not exist in ES index",
        ),
        (json!({"In": {"gender": ["male"]}}), "Invalid operation \"In\" in filter argument."),
        (json!({">": {"gender": 5}}), "Invalid operation \">\" in filter argument."),
        (
            json!({"like": {"year": 5}}),
            "Invalid numeric operation \"like\" for field \"year\" in filter argument",
        ),
        (json!({">": {"year": "six"}}), "Invalid value \"six\" for field \"year\" in filter argument"),
        (json!({">": {"year": [1]}}), "Invalid value [1] for field \"year\" in filter argument"),
        (json!({"=": {"year": true}}), "Invalid value true for field \"year\" in filter argument"),
        (json!({"in": {"gender": [null]}}), "Invalid value null for field \"gender\" in filter argument"),
        (
            json!({"=": {"gender": {"a": 1}}}),
            "Invalid value {\"a\":1} for field \"gender\" in filter argument",
        ),
        (json!({"=": {"notes": "a"}}), "ES type text not supported."),
        (json!({"=": {"visits": "a"}}), "ES type nested not supported."),
        (json!({"search": {"keyword": "x"}}), "Keyword too short (length < 2"),
        (json!({"search": {}}), "Invalid search filter syntax: missing 'keyword' field"),
        (
            json!({"search": {"keyword": "male", "field": "gender"}}),
            "Invalid search filter syntax: unrecognized field 'field'",
        ),
        (
            json!({"nested": {"path": "visits", "search": {"keyword": "home"}}}),
            "A search is not possible within nested objects",
        ),
    ];
    let guppy = of_tier("libre").await;
    for (filter, message) in cases {
        let shown = filter.to_string().chars().take(100).collect::<String>();
        let (status, body) = ask_with(&guppy, "", QUERY, json!({ "f": filter })).await;
        assert_eq!(status, 200, "{shown}");
        let errors = body["errors"].as_array().unwrap();
        assert!(
            errors.len() == 3 && errors.iter().all(|error| error["message"] == message),
            "{shown}: {body}"
        );
        let counts = json!({"_totalCount": null, "gender": {"histogram": null}});
        let none = json!({"subject": null, "_aggregation": {"subject": counts}});
        assert_eq!(body["data"], none);
    }
}

#[actix_web::test]
async fn a_filter_as_text_may_be_deep_or_long_and_comes_to_an_end() {
    let guppy = of_tier("libre").await;
    let deep = |depth: usize| {
        let filter = format!("{}{{eq: {{gender: \"male\"}}}}{}", "{and: [".repeat(depth), "]}".repeat(depth));
        format!("{{subject(filter: {filter}) {{year}}}}")
    };
    assert_eq!(ask(&guppy, "", &deep(50)).await.0, 200);
    let (status, body) = ask(&guppy, "", &deep(1_000)).await;
    let code = &body["errors"][0]["extensions"]["code"];
    assert_eq!((status, code), (400, &json!("GRAPHQL_PARSE_FAILED")));
    // The reader of JSON gives up before the filter is seen.
    assert_eq!(ask_with(&guppy, "", QUERY, json!({ "f": nested(100) })).await.0, 400);
    let (status, body) = ask_with(&guppy, "", QUERY, json!({ "f": nested(50) })).await;
    assert_eq!((status, &body["errors"]), (200, &Value::Null));
}

#[actix_web::test]
async fn a_hundred_thousand_terms_are_a_filter_like_any_other() {
    let guppy = of_tier("libre").await;
    let terms: Vec<String> = (0..100_000).map(|n| format!("s{n:03}")).collect();
    let filter = json!({"in": {"submitter_id": terms}});
    let (status, body) = ask_with(&guppy, "", QUERY, json!({ "f": filter })).await;
    assert_eq!((status, &body["data"]["_aggregation"]["subject"]["_totalCount"]), (200, &json!(100)));
}

#[actix_web::test]
async fn arguments_of_other_types_are_refused_before_anything_is_searched() {
    let guppy = of_tier("libre").await;
    for query in [
        "{subject(first: \"3\") {year}}",
        "{subject(first: 3.5) {year}}",
        "{subject(first: 99999999999) {year}}",
        "{subject(filter: {eq: {gender: male}}) {year}}",
        "{subject(accessibility: \"all\") {year}}",
        "{subject(accessibility: some) {year}}",
        "{_aggregation {subject(filterSelf: \"no\") {_totalCount}}}",
        "{_aggregation {subject {year {histogram(rangeStart: 1.5) {key}}}}}",
        "{subject {year {a}}}",
        "{subject}",
        "{subject {nope}}",
        "{a: subject(first: 1) {year} a: subject(first: 2) {year}}",
    ] {
        let (status, body) = ask(&guppy, "", query).await;
        let code = &body["errors"][0]["extensions"]["code"];
        assert_eq!((status, code), (400, &json!("GRAPHQL_VALIDATION_FAILED")), "{query}: {body}");
    }
    for (subs, count) in
        [(json!([]), 1), (json!({"termsFields": "gender"}), 1), (json!({"termsFields": ["notes"]}), 1)]
    {
        let query =
            "query ($n: JSON) {_aggregation {subject(nestedAggFields: $n) {gender {histogram {key}}}}}";
        let (status, body) = ask_with(&guppy, "", query, json!({ "n": subs })).await;
        assert_eq!((status, body["errors"].as_array().unwrap().len()), (200, count), "{subs}");
    }
}

#[actix_web::test]
async fn what_is_asked_a_thousand_times_has_an_end() {
    let guppy = of_tier("libre").await;
    let rows: String = (0..150).map(|n| format!("a{n}: subject(first: 1) {{year}} ")).collect();
    let (status, body) = ask(&guppy, "", &format!("{{{rows}}}")).await;
    assert_eq!((status, body["errors"].as_array().unwrap().len()), (200, 50));
    let facets: String = (0..2_500).map(|n| format!("a{n}: _totalCount ")).collect();
    let (status, body) =
        ask(&guppy, "", &format!("{{_aggregation {{subject {{year {{{facets}}}}}}}}}")).await;
    assert_eq!((status, body["errors"].as_array().unwrap().len()), (200, 500));
}
