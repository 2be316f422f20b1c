//! Rows and downloads.

use serde_json::{Value, json};

use crate::support::{ask, ask_with, config, data, download, engine, guppy, of_tier, subject};

const FORBIDDEN: &str = "You don't have access to all the data you are querying. Try using \
                         'accessibility: accessible' in your query";

#[actix_web::test]
async fn rows_come_in_pages_in_order_and_in_the_shape_of_the_query() {
    let guppy = of_tier("libre").await;
    let query =
        "query ($n: Int) {subject(offset: 3, first: $n, sort: {year: \"desc\", submitter_id: \"asc\"}) {
        id: submitter_id year codes visits {__typename site tests {score}} gender consented} }";
    let (_, body) = ask_with(&guppy, "", query, json!({ "n": 2 })).await;
    let row = |id: &str, year: u64, visits: Value, shown: [&str; 2], codes: Value| {
        let [gender, consented] = shown;
        json!({
            "id": id, "year": year, "codes": codes, "visits": visits, "gender": gender,
            "consented": consented,
        })
    };
    let visits = |sites: &[(&str, f64)]| -> Value {
        let one = |(site, score): &(&str, f64)| {
            let tests = json!([{ "score": score }]);
            json!({"__typename": "visits", "site": site, "tests": tests})
        };
        sites.iter().map(one).collect()
    };
    let wanted = json!([
        row("s078", 1988, visits(&[("home", 0.5), ("clinic", 1.5)]), ["male", "true"], json!([])),
        row("s037", 1987, visits(&[("home", 0.5)]), ["female", "false"], json!(["GRU"])),
    ]);
    assert_eq!(body["data"]["subject"], wanted);
}

#[actix_web::test]
async fn values_that_are_not_as_declared_are_fitted_or_told() {
    let mut odd = subject(1);
    odd["codes"] = json!("GRU");
    odd["gender"] = json!(["male"]);
    odd["project_id"] = json!(["x", "y"]);
    odd["year"] = json!("1950");
    let mut long = subject(2);
    long["year"] = json!(9_007_199_254_740_993_u64);
    let guppy = guppy(config("libre", json!({})), engine([odd, long]).await).await;
    let (status, body) = ask(&guppy, "", "{subject {codes gender project_id year}}").await;
    let row = json!({"codes": ["GRU"], "gender": "male", "project_id": null, "year": 1950});
    assert_eq!((status, &body["data"]["subject"][0]), (200, &row));
    assert_eq!(body["data"]["subject"][1]["year"], json!(9_007_199_254_740_993_u64));
    let error = &body["errors"][0];
    assert_eq!(error["path"], json!(["subject", 0, "project_id"]));
    assert_eq!(error["locations"], json!([{"line": 1, "column": 24}]));
    assert_eq!(error["message"], json!("String cannot represent value: [\"x\",\"y\"]"));
}

#[actix_web::test]
async fn a_page_ends_before_the_ten_thousandth_row() {
    let guppy = of_tier("private").await;
    for arguments in ["offset: 0, first: 10001", "first: 10001", "offset: 9991", "offset: 1, first: 10000"] {
        let (status, body) = ask(&guppy, "ada", &format!("{{subject({arguments}) {{year}}}}")).await;
        let code = &body["errors"][0]["extensions"]["code"];
        assert_eq!((status, code), (200, &json!("BAD_USER_INPUT")), "{arguments}");
        assert_eq!(body["data"], json!({ "subject": null }));
    }
    assert_eq!(data(&guppy, "ada", "{subject(offset: 9990) {year}}").await, json!({ "subject": [] }));
    assert_eq!(data(&guppy, "ada", "{subject(first: 0) {year}}").await, json!({ "subject": [] }));
}

#[actix_web::test]
async fn orders_that_cannot_be_are_refused_and_null_is_none() {
    let guppy = of_tier("libre").await;
    let query = "query ($s: JSON) {subject(first: 1, sort: $s) {submitter_id}}";
    for sort in [
        json!([{"nope": "asc"}]),
        json!([{"year": "up"}]),
        json!([{"year": "asc", "gender": "asc"}]),
        json!([{}]),
        json!(["year"]),
        json!({"visits": "asc"}),
        json!({"notes": "asc"}),
        json!({"visits.nope": "asc"}),
        json!(5),
    ] {
        let (status, body) = ask_with(&guppy, "", query, json!({ "s": sort })).await;
        assert_eq!((status, &body["errors"][0]["message"]), (200, &json!("Invalid sort argument")), "{sort}");
    }
    for sort in [json!(null), json!([]), json!({}), json!([{"visits.weight": "desc"}])] {
        let (_, body) = ask_with(&guppy, "", query, json!({ "s": sort })).await;
        assert_eq!((body["data"]["subject"].as_array().unwrap().len(), &body["errors"]), (1, &Value::Null));
    }
}

#[actix_web::test]
async fn words_that_were_found_are_marked() {
    let guppy = of_tier("libre").await;
    let query = "{subject(filter: {search: {keyword: \"s007\"}}) {submitter_id _matched {field highlights}}}";
    let matched = json!([{"field": "submitter_id", "highlights": ["<em>s007</em>"]}]);
    let wanted = json!({"subject": [{"submitter_id": "s007", "_matched": matched}]});
    assert_eq!(data(&guppy, "", query).await, wanted);
}

#[actix_web::test]
async fn who_asks_for_rows_of_others_gets_none_and_hears_so() {
    let guppy = of_tier("regular").await;
    for accessibility in ["all", "unaccessible"] {
        let query = format!("{{subject(first: 1, accessibility: {accessibility}) {{year}}}}");
        let (status, body) = ask(&guppy, "ada", &query).await;
        let error = &body["errors"][0];
        assert_eq!(
            (status, &error["extensions"]["code"], &error["message"]),
            (200, &json!(401), &json!(FORBIDDEN))
        );
        assert_eq!(body["data"], json!({ "subject": null }));
    }
    // The guard comes before what is wrong with the page.
    let (_, body) = ask(&guppy, "ada", "{subject(first: 20000) {year}}").await;
    assert_eq!(body["errors"][0]["extensions"]["code"], json!(401));
    let own = "{subject(first: 1, filter: {eq: {project_id: \"p-a\"}}) {project_id}}";
    assert_eq!(data(&guppy, "ada", own).await, json!({ "subject": [{ "project_id": "p-a" }] }));
    let query = "{subject(first: 100, accessibility: accessible) {project_id}}";
    let rows = data(&guppy, "ada", query).await;
    let rows = rows["subject"].as_array().unwrap();
    assert_eq!(rows.len(), 40);
    assert!(rows.iter().all(|row| row["project_id"] == "p-a"));
}

#[actix_web::test]
async fn a_private_index_shows_own_rows_whatever_is_asked_for() {
    let guppy = of_tier("private").await;
    for accessibility in ["all", "unaccessible", "accessible"] {
        let query = format!("{{subject(first: 100, accessibility: {accessibility}) {{project_id}}}}");
        assert_eq!(data(&guppy, "ada", &query).await["subject"].as_array().unwrap().len(), 40);
        for user in ["", "nobody", "down", "forged"] {
            assert_eq!(data(&guppy, user, &query).await, json!({ "subject": [] }), "{user}");
        }
    }
}

#[actix_web::test]
async fn downloads_are_whole_ordered_and_guarded() {
    let guppy = of_tier("regular").await;
    let (status, body) = download(&guppy, "all", json!({"type": "subject"})).await;
    assert_eq!((status, body.as_array().unwrap().len(), &body[1]["codes"]), (200, 100, &json!(["GRU"])));
    let order = json!({"type": "subject", "accessibility": "accessible",
        "fields": ["submitter_id", "visits.weight"],
        "sort": [{"submitter_id": "desc"}], "filter": {"in": {"submitter_id": ["s001", "s003", "s005"]}}});
    let (status, body) = download(&guppy, "ada", order).await;
    let visits = json!([{"weight": 50.75}, {"weight": 51.75}, {"weight": 52.75}]);
    let wanted = json!([
        {"submitter_id": "s003", "visits": visits},
        {"submitter_id": "s001", "visits": [{"weight": 50.25}]},
    ]);
    assert_eq!((status, body), (200, wanted));
    for accessibility in ["all", "unaccessible", "other"] {
        let order = json!({"type": "subject", "accessibility": accessibility});
        assert_eq!(download(&guppy, "ada", order).await, (401, json!(FORBIDDEN)));
    }
}

#[actix_web::test]
async fn a_download_that_cannot_be_says_why() {
    let guppy = of_tier("libre").await;
    for (more, text) in [
        (json!({"fields": ["nope", "visits"]}), "Invalid fields: \"nope\", \"visits\""),
        (json!({"fields": "year"}), "Invalid fields: \"year\""),
        (json!({"filter": {"=": {"nope": 1}}}), "Please check your syntax for input \"filter\" argument"),
        (json!({"sort": {"nope": "asc"}}), "Invalid sort argument"),
    ] {
        let mut order = json!({"type": "subject"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(download(&guppy, "", order).await, (400, json!(text)));
    }
}

#[actix_web::test]
async fn a_developers_mock_of_arborist_opens_the_graph_and_no_download() {
    let file = json!({"indices": [{"index": "subject", "type": "subject"}]}).to_string();
    let variable = |name: &str| (name == "GEN3_ARBORIST_ENDPOINT").then(|| "mock".to_owned());
    let config = guppy::Config::read(Some(&file), variable).unwrap();
    let guppy = guppy(config, engine((0..5).map(subject)).await).await;
    let query = "{subject {year} _aggregation {subject {_totalCount}}}";
    let answer = data(&guppy, "", query).await;
    assert_eq!(answer["subject"].as_array().unwrap().len(), 5);
    assert_eq!(answer["_aggregation"]["subject"]["_totalCount"], json!(5));
    assert_eq!(download(&guppy, "", json!({"type": "subject"})).await, (200, json!([])));
}
