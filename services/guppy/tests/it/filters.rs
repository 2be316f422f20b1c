//! What filters find.

use serde_json::{Value, json};

use crate::support::{ask_with, of_tier, subject};

/// How many subjects fulfil a condition.
fn count(condition: impl Fn(&Value) -> bool) -> u64 {
    (0..100).map(subject).filter(|subject| condition(subject)).count() as u64
}

fn has(subject: &Value, field: &str, value: &str) -> bool {
    match &subject[field] {
        Value::Array(values) => values.iter().any(|own| own == value),
        own => own == value,
    }
}

#[actix_web::test]
async fn filters_find_what_they_say() {
    let gender = |word: &'static str| move |s: &Value| has(s, "gender", word);
    let year = |s: &Value| s["year"].as_i64().unwrap();
    let visits = |s: &Value, test: &dyn Fn(&Value) -> bool| s["visits"].as_array().unwrap().iter().any(test);
    let cases: Vec<(Value, u64)> = vec![
        (json!(null), 100),
        (json!({}), 100),
        (json!({"and": []}), 100),
        (json!({"AND": [null, {}]}), 100),
        (json!({"or": [{}, {"and": []}]}), 100),
        (json!({"=": {"gender": "male"}}), count(gender("male"))),
        (json!({"EQ": {"gender": ["male", "female"]}}), count(|s| gender("male")(s) || gender("female")(s))),
        (json!({"eq": {"gender": "no data"}}), count(|s| s["gender"].is_null())),
        (
            json!({"in": {"gender": ["male", "no data"]}}),
            count(|s| s["gender"].is_null() || gender("male")(s)),
        ),
        (json!({"IN": {"gender": "male"}}), count(gender("male"))),
        (json!({"in": {"gender": []}}), 0),
        (json!({"contains_any": {"codes": ["GRU", "X"]}}), count(|s| has(s, "codes", "GRU"))),
        (
            json!({"CONTAINS_ALL": {"codes": ["GRU", "HMB"]}}),
            count(|s| has(s, "codes", "GRU") && has(s, "codes", "HMB")),
        ),
        // Documents without the field are found, too.
        (json!({"!=": {"gender": "male"}}), count(|s| !gender("male")(s))),
        (json!({"excludes_any": {"codes": ["GRU"]}}), count(|s| !has(s, "codes", "GRU"))),
        (json!({"exclude": {"gender": ["male"]}}), count(|s| !gender("male")(s))),
        (json!({"excludeifany": {"gender": ["male"]}}), count(|s| !gender("male")(s))),
        (
            json!({"excludes_all": {"codes": ["GRU", "HMB"]}}),
            count(|s| !(has(s, "codes", "GRU") && has(s, "codes", "HMB"))),
        ),
        (json!({"excludes_all": {"codes": []}}), 0),
        (json!({"=": {"consented": true}}), 50),
        (json!({"=": {"consented": "false"}}), 50),
        (json!({"=": {"consented": "maybe"}}), 0),
        (json!({"=": {"year": 1960}}), count(|s| year(s) == 1960)),
        (json!({"in": {"year": ["1960", 1961]}}), count(|s| [1960, 1961].contains(&year(s)))),
        (json!({"!=": {"bmi": 18.125}}), count(|s| s["bmi"].as_f64().is_some_and(|bmi| bmi != 18.125))),
        (json!({"=": {"bmi": "no data"}}), count(|s| s["bmi"].is_null())),
        (json!({">": {"year": 1980}}), count(|s| year(s) > 1980)),
        (json!({"gte": {"year": "1980"}}), count(|s| year(s) >= 1980)),
        (json!({"LT": {"year": 1960}}), count(|s| year(s) < 1960)),
        (json!({"<=": {"year": 1960.5}}), count(|s| year(s) <= 1960)),
        // Ranges stay apart: on two fields, in an "or", and three of them.
        (
            json!({"and": [{">=": {"year": 1980}}, {"<": {"bmi": 20}}]}),
            count(|s| year(s) >= 1980 && s["bmi"].as_f64().is_some_and(|bmi| bmi < 20.0)),
        ),
        (
            json!({"or": [{"<": {"year": 1953}}, {">": {"year": 1987}}, {">": {"bmi": 29}}]}),
            count(|s| year(s) < 1953 || year(s) > 1987 || s["bmi"].as_f64().is_some_and(|bmi| bmi > 29.0)),
        ),
        // Both conditions hold for one and the same visit.
        (
            json!({"nested": {"path": "visits", "and": [{"=": {"site": "clinic"}}, {">": {"weight": 70}}]}}),
            count(|s| visits(s, &|v| v["site"] == "clinic" && v["weight"].as_f64().unwrap() > 70.0)),
        ),
        (
            json!({"NESTED": {"path": "visits.tests", ">": {"score": 2}}}),
            count(|s| visits(s, &|v| v["tests"][0]["score"].as_f64().unwrap() > 2.0)),
        ),
        (
            json!({"nested": {"path": "visits", "AND": [
                {"=": {"site": "home"}}, {"nested": {"path": "visits.tests", ">": {"score": 2}}},
            ]}}),
            count(|s| visits(s, &|v| v["site"] == "home" && v["tests"][0]["score"].as_f64().unwrap() > 2.0)),
        ),
        (json!({"search": {"keyword": "S007"}}), 1),
        (json!({"search": {"keyword": "projects b", "fields": "auth_resource_path"}}), 100),
        (json!({"search": {"keyword": "male", "fields": ["project_id"]}}), 0),
        (json!({"search": {"keyword": "s007", "fields": []}}), 1),
    ];
    let guppy = of_tier("libre").await;
    let query = "query ($f: JSON) {_aggregation {subject(filter: $f) {_totalCount}}}";
    for (filter, wanted) in cases {
        let (_, body) = ask_with(&guppy, "", query, json!({ "f": filter })).await;
        assert_eq!(body["data"]["_aggregation"]["subject"]["_totalCount"], json!(wanted), "{filter}: {body}");
    }
}

#[actix_web::test]
async fn a_count_by_a_field_may_leave_out_the_filter_on_it() {
    let guppy = of_tier("libre").await;
    let query = "query ($f: JSON) {_aggregation {subject(filter: $f, filterSelf: false) {
        _totalCount gender {histogram {key}} visits {site {histogram {key}}}}}}";
    let filter = json!({"and": [
        {"in": {"gender": ["male"]}},
        {"nested": {"path": "visits", "=": {"site": "clinic"}}},
    ]});
    let (_, body) = ask_with(&guppy, "", query, json!({ "f": filter })).await;
    let counts = &body["data"]["_aggregation"]["subject"];
    assert_eq!(counts["gender"]["histogram"].as_array().unwrap().len(), 4, "{body}");
    assert_eq!(counts["visits"]["site"]["histogram"].as_array().unwrap().len(), 2);
    let both = count(|s| has(s, "gender", "male") && s["visits"].as_array().unwrap().len() > 1);
    assert_eq!(counts["_totalCount"], json!(both));
}
