//! `/v1` on documents in memory.

use std::sync::Arc;

use actix_web::{App, test as client};
use guppy::{Config, Guppy};
use proptest::prelude::*;
use search::{AliasChange, Definition, Engine, Mapping, Operation};
use searchsuite::Naive;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use testing::Rights;

const LIMIT: u64 = 3;

/// A subject: its resource, a group, an age and a list.
pub(crate) type Subject = (&'static str, &'static str, Option<i64>, Vec<&'static str>);

pub(crate) fn some() -> Vec<Subject> {
    vec![
        ("/a", "x", Some(10), vec!["p", "q"]),
        ("/a", "x", Some(20), vec!["p"]),
        ("/a", "y", Some(30), vec![]),
        ("/b", "x", Some(40), vec!["q"]),
        ("/b", "z", None, vec![]),
    ]
}

async fn guppy(tier: &str, subjects: &[Subject]) -> Arc<Guppy> {
    guppy_keeping(tier, subjects, None).await
}

/// With a database for sets.
pub(crate) async fn guppy_keeping(tier: &str, subjects: &[Subject], database: Option<PgPool>) -> Arc<Guppy> {
    let engine = Naive::new();
    let keyword = json!({ "type": "keyword", "fields": { "analyzed": { "type": "text" } } });
    let mapping = |properties: Value| Definition {
        mapping: Mapping::read(&json!({ "properties": properties })).unwrap(),
        settings: Map::new(),
    };
    let subject = json!({
        "auth_resource_path": keyword, "subject_id": keyword, "group": keyword, "age": { "type": "long" },
        "codes": keyword, "visits": { "type": "nested", "properties": { "year": { "type": "long" } } },
    });
    engine.create("subject_1", &mapping(subject)).await.unwrap();
    let file = json!({
        "auth_resource_path": keyword, "object_id": keyword, "subject_id": keyword,
        "file_size": { "type": "long" },
    });
    engine.create("file_1", &mapping(file)).await.unwrap();
    let change =
        |alias: &str, index: &str| AliasChange::Add { alias: alias.to_owned(), index: index.to_owned() };
    let changes = [
        change("subject", "subject_1"),
        change("time_20260102T030405Z", "subject_1"),
        change("file", "file_1"),
    ];
    engine.change_aliases(&changes).await.unwrap();
    let put = |body: Value| Operation::Put { id: None, body: body.to_string() };
    let document = |(number, (resource, group, age, codes)): (usize, &Subject)| {
        put(json!({
            "auth_resource_path": resource, "subject_id": format!("s{number}"), "group": group, "age": age,
            "codes": codes, "visits": [{ "year": 2000 + number }],
        }))
    };
    engine.write("subject_1", subjects.iter().enumerate().map(document).collect()).await.unwrap();
    let files = (0..4).map(|number| {
        let resource = if number < 3 { "/a" } else { "/b" };
        put(json!({
            "auth_resource_path": resource, "object_id": format!("f{number}"), "file_size": number,
            "subject_id": format!("s{}", number % 2),
        }))
    });
    engine.write("file_1", files.collect()).await.unwrap();
    let file = json!({ "indices": [
        { "index": "subject", "type": "subject" }, { "index": "file", "type": "file" },
        { "index": "absent", "type": "absent" },
    ] });
    let variable = |name: &str| match name {
        "TIER_ACCESS_LEVEL" => Some(tier.to_owned()),
        "TIER_ACCESS_LIMIT" => Some(LIMIT.to_string()),
        _ => None,
    };
    let config = Config::read(Some(&file.to_string()), variable).unwrap();
    let rights = Rights::of_plain_tokens().grant("ada", "guppy", "read", "/a");
    let (engine, rights) = (Arc::new(engine), Arc::new(rights));
    let guppy = Guppy::build_keeping(config, engine, rights, database).unwrap();
    guppy.refresh().await.unwrap();
    guppy
}

pub(crate) async fn call(guppy: &Arc<Guppy>, request: client::TestRequest, who: &str) -> (u16, Vec<u8>) {
    let guppy = guppy.clone();
    let app = client::init_service(App::new().configure(|cfg| web::Service::configure(guppy, cfg))).await;
    let request = if who.is_empty() {
        request
    } else {
        request.insert_header(("Authorization", format!("bearer {who}")))
    };
    let answer = client::call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    (status, client::read_body(answer).await.to_vec())
}

pub(crate) async fn post(guppy: &Arc<Guppy>, path: &str, body: Value, who: &str) -> (u16, Value) {
    let request = client::TestRequest::post().uri(path).set_json(body);
    let (status, body) = call(guppy, request, who).await;
    (status, serde_json::from_slice(&body).unwrap())
}

pub(crate) async fn get(guppy: &Arc<Guppy>, path: &str, who: &str) -> (u16, Vec<u8>) {
    call(guppy, client::TestRequest::get().uri(path), who).await
}

async fn facets(guppy: &Arc<Guppy>, body: Value, who: &str) -> Value {
    let (status, answer) = post(guppy, "/v1/facets", body, who).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[actix_web::test]
async fn indices_tell_their_fields_their_size_and_how_old_they_are() {
    let guppy = guppy("private", &some()).await;
    let (status, answer) = get(&guppy, "/v1/indices", "ada").await;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let subject = &answer["indices"][0];
    assert_eq!((status, &subject["documents"]), (200, &json!(3)), "{answer}");
    assert_eq!(subject["as_of"], "2026-01-02T03:04:05Z");
    let fields = subject["fields"].as_array().unwrap();
    assert!(fields.iter().any(|field| field["field"] == "age" && field["kind"] == "integer"), "{subject}");
    assert!(fields.iter().any(|field| field["field"] == "visits.year"));
    assert_eq!(
        (&answer["indices"][2]["exists"], &answer["indices"][2]["documents"]),
        (&json!(false), &json!(0))
    );
    let (_, of_nobody) = get(&guppy, "/v1/indices", "").await;
    let of_nobody: Value = serde_json::from_slice(&of_nobody).unwrap();
    assert_eq!(of_nobody["indices"][0]["documents"], 0);
}

#[actix_web::test]
async fn facets_count_values_and_numbers() {
    let guppy = guppy("libre", &some()).await;
    let fields = json!([
        { "field": "group", "missing": true, "distinct": true }, { "field": "group", "top": 1 },
        { "field": "group", "top": 0, "include": ["z"] }, { "field": "codes", "search": "Q" },
        { "field": "age", "bins": 3, "missing": true }, { "field": "age", "step": 20 },
        { "field": "visits.year" },
    ]);
    let answer = facets(&guppy, json!({ "type": "subject", "fields": fields }), "").await;
    assert_eq!((&answer["total"], &answer["as_of"]), (&json!(5), &json!("2026-01-02T03:04:05Z")));
    let bucket = |key: &str, count: u64| json!({ "key": key, "count": count });
    let field = |place: usize| &answer["fields"][place];
    assert_eq!(field(0)["buckets"], json!([bucket("x", 3), bucket("y", 1), bucket("z", 1)]));
    assert_eq!(
        (&field(0)["missing"], &field(0)["distinct"], &field(0)["others"]),
        (&json!(0), &json!(3), &json!(0))
    );
    assert_eq!((&field(1)["buckets"], &field(1)["others"]), (&json!([bucket("x", 3)]), &json!(2)));
    assert_eq!((&field(2)["buckets"], &field(2)["others"]), (&json!([bucket("z", 1)]), &json!(4)));
    assert_eq!(field(3)["buckets"], json!([bucket("q", 2)]));
    assert_eq!(
        (&field(4)["min"], &field(4)["max"], &field(4)["missing"]),
        (&json!(10.0), &json!(40.0), &json!(1))
    );
    let counts = |place: usize| -> Vec<i64> {
        field(place)["bins"].as_array().unwrap().iter().map(|bin| bin["count"].as_i64().unwrap()).collect()
    };
    assert_eq!((counts(4), counts(5)), (vec![1, 1, 2], vec![1, 2, 1]));
    assert_eq!(field(6)["count"], 5);
}

#[actix_web::test]
async fn a_condition_does_not_hold_for_the_counts_of_its_own_field_unless_it_is_asked_for() {
    let guppy = guppy("libre", &some()).await;
    let ask = |filter_self: bool| {
        json!({ "type": "subject", "filter": { "in": { "group": ["x"] } }, "filterSelf": filter_self,
            "fields": [{ "field": "group" }, { "field": "age" }] })
    };
    let count = |answer: &Value| answer["fields"][0]["buckets"].as_array().unwrap().len();
    let (open, own) = (facets(&guppy, ask(false), "").await, facets(&guppy, ask(true), "").await);
    assert_eq!((count(&open), count(&own)), (3, 1));
    assert_eq!((&open["fields"][1]["count"], &open["total"]), (&json!(3), &json!(3)));
}

#[actix_web::test]
async fn small_groups_that_may_not_be_read_are_hidden() {
    let guppy = guppy("regular", &some()).await;
    let fields = json!([{ "field": "group", "distinct": true }, { "field": "age", "bins": 2 }]);
    let answer = facets(&guppy, json!({ "type": "subject", "fields": fields }), "ada").await;
    assert_eq!(answer["total"], -1, "two subjects may not be read, fewer than {LIMIT}");
    let groups = &answer["fields"][0];
    let expected =
        json!([{ "key": "x", "count": -1 }, { "key": "y", "count": 1 }, { "key": "z", "count": -1 }]);
    assert_eq!(
        (&groups["buckets"], &groups["distinct"], &groups["others"]),
        (&expected, &json!(-1), &json!(-1))
    );
    let ages = &answer["fields"][1];
    assert_eq!((&ages["count"], &ages["max"], &ages["bins"]), (&json!(-1), &Value::Null, &json!([])));
    let own = json!({ "type": "subject", "fields": fields, "accessibility": "accessible" });
    let answer = facets(&guppy, own, "ada").await;
    assert_eq!((&answer["total"], &answer["fields"][1]["max"]), (&json!(3), &json!(30.0)));
}

/// What nobody may find out: how many documents of a small group there are that the caller may not read.
async fn keeps_secrets(subjects: &[Subject]) {
    let guppy = guppy("regular", subjects).await;
    let body = json!({ "type": "subject", "fields": [
        { "field": "group", "distinct": true, "missing": true }, { "field": "codes", "top": 1 },
        { "field": "codes", "include": ["p"], "top": 1 }, { "field": "age", "bins": 4, "missing": true },
    ] });
    let answer = facets(&guppy, body, "ada").await;
    let secret = |is_meant: &dyn Fn(&Subject) -> bool| {
        subjects.iter().filter(|subject| subject.0 != "/a" && is_meant(subject)).count() as u64
    };
    let is_small = |count: u64| (1..LIMIT).contains(&count);
    assert!(answer["total"] == -1 || !is_small(secret(&|_| true)), "{answer}");
    let mut anything = [false; 2];
    for (place, field) in answer["fields"].as_array().unwrap().iter().enumerate().take(3) {
        for bucket in field["buckets"].as_array().unwrap() {
            let key = bucket["key"].as_str().unwrap();
            let count =
                secret(&|subject| if place == 0 { subject.1 == key } else { subject.3.contains(&key) });
            assert_eq!(bucket["count"] == -1, is_small(count), "{place} {bucket} {answer}");
        }
        let keys: &[&str] = if place == 0 { &["x", "y", "z"] } else { &["p", "q"] };
        let has_small = keys.iter().any(|key| {
            is_small(secret(&|subject| if place == 0 { subject.1 == *key } else { subject.3.contains(key) }))
        });
        assert_eq!(field["others"] == -1, has_small, "{place} {answer}");
        anything[usize::from(place > 0)] |= has_small;
    }
    let ages = &answer["fields"][3];
    assert_eq!(answer["fields"][0]["distinct"] == -1, anything[0]);
    if is_small(secret(&|subject| subject.2.is_some())) {
        assert!(ages["min"].is_null() && ages["sum"].is_null() && ages["bins"] == json!([]), "{answer}");
    }
    if is_small(secret(&|subject| subject.2.is_none())) {
        assert_eq!(ages["missing"], -1, "{answer}");
    }
    for bin in ages["bins"].as_array().unwrap().iter().filter(|bin| bin["count"] != -1) {
        let (from, to) = (bin["from"].as_f64().unwrap(), bin["to"].as_f64().unwrap());
        let last = ages["max"].as_f64() == Some(to);
        let within = |age: f64| age >= from && (age < to || (last && age <= to));
        let count = secret(&|subject| subject.2.is_some_and(|age| within(age as f64)));
        assert!(!is_small(count), "{bin} {answer}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_tells_of_a_group_below_the_limit(subjects in prop::collection::vec(
        (
            prop::sample::select(vec!["/a", "/b", "/c"]), prop::sample::select(vec!["x", "y", "z"]),
            // Limits of bins are whole numbers, so that nothing is near one.
            prop::option::of((0_i64..9).prop_map(|age| age * 8)),
            prop::sample::subsequence(vec!["p", "q"], 0..=2),
        ),
        0..14,
    )) {
        actix_web::rt::System::new().block_on(keeps_secrets(&subjects));
    }
}

#[actix_web::test]
async fn rows_come_page_by_page_and_only_to_who_may_read_them() {
    let guppy = guppy("regular", &some()).await;
    let body = json!({ "type": "subject", "fields": ["subject_id"], "sort": [{ "age": "desc" }], "size": 2,
        "accessibility": "accessible" });
    let (status, first) = post(&guppy, "/v1/rows", body.clone(), "ada").await;
    assert_eq!((status, &first["total"]), (200, &json!(3)), "{first}");
    assert_eq!(first["rows"], json!([{ "subject_id": "s2" }, { "subject_id": "s1" }]));
    let mut body = body;
    body["after"] = first["next"].clone();
    let (_, second) = post(&guppy, "/v1/rows", body, "ada").await;
    assert_eq!((&second["rows"], &second["next"]), (&json!([{ "subject_id": "s0" }]), &Value::Null));
    let (status, problem) = post(&guppy, "/v1/rows", json!({ "type": "subject" }), "ada").await;
    assert_eq!((status, &problem["status"], &problem["title"]), (403, &json!(403), &json!("Forbidden")));
    let readable = json!({ "type": "subject", "filter": { "=": { "group": "y" } } });
    let (status, answer) = post(&guppy, "/v1/rows", readable, "ada").await;
    assert_eq!((status, &answer["total"]), (200, &json!(1)), "nothing of the filter is out of reach");
}

#[actix_web::test]
async fn a_filter_can_ask_another_index() {
    let guppy = guppy("private", &some()).await;
    let filter = json!({ "and": [{ "in_index": {
        "type": "file", "filter": { "=": { "object_id": "f3" } }, "field": "subject_id",
        "as": "subject_id" } }] });
    let ask = json!({ "type": "subject", "filter": filter, "fields": ["subject_id"] });
    let (status, answer) = post(&guppy, "/v1/rows", ask.clone(), "ada").await;
    assert_eq!(
        (status, &answer["total"]),
        (200, &json!(0)),
        "the file is of a resource that ada may not read"
    );
    let mut ask = ask;
    ask["filter"]["and"][0]["in_index"]["filter"] = json!({ "=": { "object_id": "f1" } });
    let (_, answer) = post(&guppy, "/v1/rows", ask.clone(), "ada").await;
    assert_eq!(answer["rows"], json!([{ "subject_id": "s1" }]));
    ask["filter"]["and"][0]["in_index"]["field"] = json!("nothing");
    assert_eq!(post(&guppy, "/v1/rows", ask, "ada").await.0, 400);
}

#[actix_web::test]
async fn exports_are_fetched_by_their_ticket_in_each_form() {
    let guppy = guppy("private", &some()).await;
    for (format, expected) in [
        ("tsv", "subject_id\tgroup\ns0\tx\ns1\tx\ns2\ty\n"),
        ("csv", "subject_id,group\ns0,x\ns1,x\ns2,y\n"),
        (
            "ndjson",
            concat!(
                "{\"subject_id\":\"s0\",\"group\":\"x\"}\n",
                "{\"subject_id\":\"s1\",\"group\":\"x\"}\n",
                "{\"subject_id\":\"s2\",\"group\":\"y\"}\n"
            ),
        ),
    ] {
        let body = json!({ "type": "subject", "fields": ["subject_id", "group"], "format": format });
        let (status, ticket) = post(&guppy, "/v1/export", body, "ada").await;
        assert_eq!(status, 200, "{ticket}");
        let path = ticket["download"].as_str().unwrap().strip_prefix("/guppy").unwrap().to_owned();
        let state = async || -> Value {
            serde_json::from_slice(&get(&guppy, &format!("{path}/result"), "ada").await.1).unwrap()
        };
        assert_eq!(state().await, json!({ "state": "waiting" }));
        assert_eq!(get(&guppy, &path, "bob").await.0, 404, "it is ada's");
        assert_eq!(get(&guppy, &path, "").await.0, 404);
        let (status, text) = get(&guppy, &path, "ada").await;
        assert_eq!((status, String::from_utf8(text).unwrap().as_str()), (200, expected));
        let done = state().await;
        assert_eq!(
            (&done["state"], &done["rows"], &done["bytes"]),
            (&json!("complete"), &json!(3), &json!(expected.len()))
        );
        assert_eq!(done["sha256"].as_str().unwrap().len(), 64);
    }
    assert_eq!(get(&guppy, "/v1/download/0123", "ada").await.0, 404);
}

#[actix_web::test]
async fn a_manifest_joins_the_files_of_a_cohort() {
    let guppy = guppy("private", &some()).await;
    let body = json!({ "type": "subject", "filter": { "=": { "subject_id": "s0" } },
        "resourceIndexType": "file",
        "resourceIdField": "object_id", "referenceIdFieldInResourceIndex": "subject_id",
        "referenceIdFieldInDataIndex": "subject_id" });
    let (status, ticket) = post(&guppy, "/v1/manifest", body, "ada").await;
    assert_eq!(status, 200, "{ticket}");
    let path = ticket["download"].as_str().unwrap().strip_prefix("/guppy").unwrap().to_owned();
    let entries: Value = serde_json::from_slice(&get(&guppy, &path, "ada").await.1).unwrap();
    assert_eq!(
        entries,
        json!([
            { "object_id": "f0", "subject_id": ["s0"], "file_size": 0 },
            { "object_id": "f2", "subject_id": ["s0"], "file_size": 2 },
        ])
    );
}

#[actix_web::test]
async fn cohorts_are_compared_unless_one_would_tell_of_a_small_group() {
    let guppy = guppy("regular", &some()).await;
    let ask = |accessibility: &str| {
        json!({ "type": "subject", "accessibility": accessibility, "fields": [{ "field": "group" }],
            "cohorts": [
            { "name": "young", "filter": { "<=": { "age": 20 } } },
            { "name": "x", "filter": { "=": { "group": "x" } } },
        ] })
    };
    let (status, answer) = post(&guppy, "/v1/compare", ask("accessible"), "ada").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["cohorts"][0]["total"], &answer["cohorts"][1]["total"]), (&json!(2), &json!(2)));
    assert_eq!(answer["cohorts"][1]["fields"][0]["buckets"], json!([{ "key": "x", "count": 2 }]));
    assert_eq!(answer["overlaps"], json!([{ "cohorts": ["young", "x"], "total": 2 }]));
    let (status, problem) = post(&guppy, "/v1/compare", ask("all"), "ada").await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().unwrap().starts_with("\"x\" has so few"), "{problem}");
}

#[actix_web::test]
async fn values_of_two_fields_are_counted_together() {
    let ask = json!({ "type": "subject", "rows": "group", "columns": "codes" });
    let (status, answer) = post(&guppy("libre", &some()).await, "/v1/crosstab", ask.clone(), "").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["rows"], &answer["columns"]), (&json!(["x", "y", "z"]), &json!(["p", "q"])));
    assert_eq!(answer["counts"], json!([[2, 2], [0, 0], [0, 0]]));
    let regular = guppy("regular", &some()).await;
    assert_eq!(post(&regular, "/v1/crosstab", ask.clone(), "ada").await.0, 403);
    let mut many = some();
    many.extend((0..4).map(|_| ("/b", "z", None, vec!["p"])));
    let (status, answer) = post(&guppy("regular", &many).await, "/v1/crosstab", ask, "ada").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["rows"], &answer["columns"]), (&json!(["z", "x", "y"]), &json!(["p", "q"])));
    assert_eq!(answer["counts"], json!([[4, 0], [2, -1], [0, 0]]), "one q of x may not be read");
}

#[actix_web::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let guppy = guppy("libre", &some()).await;
    let deep = (0..100).fold(json!(null), |inner, _| json!({ "and": [inner] }));
    for (path, body, status, told) in [
        ("/v1/facets", json!([]), 400, "the body"),
        ("/v1/facets", json!({ "type": "subject" }), 400, "fields"),
        ("/v1/facets", json!({ "type": "star", "fields": [] }), 404, "star"),
        ("/v1/facets", json!({ "type": "subject", "fields": [{ "field": "nothing" }] }), 400, "nothing"),
        ("/v1/facets", json!({ "type": "subject", "fields": [{ "field": "visits" }] }), 400, "objects"),
        (
            "/v1/facets",
            json!({ "type": "subject", "fields": [{ "field": "group", "bins": 3 }] }),
            400,
            "no number",
        ),
        ("/v1/facets", json!({ "type": "subject", "fields": [{ "field": "age", "bins": 0 }] }), 400, "bins"),
        ("/v1/facets", json!({ "type": "subject", "fields": [{ "field": "age", "step": 0 }] }), 400, "step"),
        (
            "/v1/facets",
            json!({ "type": "subject", "fields": [{ "field": "age", "step": 1e-8 }] }),
            400,
            "bins",
        ),
        (
            "/v1/facets",
            json!({ "type": "subject", "fields": [{ "field": "age", "bins": 1_000_000_000 }] }),
            400,
            "bins",
        ),
        (
            "/v1/facets",
            json!({ "type": "subject", "fields": [{ "field": "age", "other": 1 }] }),
            400,
            "other",
        ),
        (
            "/v1/facets",
            json!({ "type": "subject", "fields": [], "filter": { "=": { "nothing": 1 } } }),
            400,
            "filter",
        ),
        ("/v1/facets", json!({ "type": "subject", "fields": [], "filter": deep }), 400, "recursion"),
        ("/v1/rows", json!({ "type": "subject", "size": 10_001 }), 400, "size"),
        ("/v1/rows", json!({ "type": "subject", "after": "x" }), 400, "after"),
        ("/v1/rows", json!({ "type": "subject", "sort": [{ "nothing": "asc" }] }), 400, "sort"),
        ("/v1/rows", json!({ "type": "subject", "fields": ["nothing"] }), 400, "fields[0]"),
        ("/v1/compare", json!({ "type": "subject", "cohorts": [], "fields": [] }), 400, "cohorts"),
        (
            "/v1/crosstab",
            json!({ "type": "subject", "rows": "group", "columns": "visits.year" }),
            400,
            "nested",
        ),
        (
            "/v1/crosstab",
            json!({ "type": "subject", "rows": "group", "columns": "codes", "top": 0 }),
            400,
            "top",
        ),
        ("/v1/export", json!({ "type": "subject", "format": "xlsx" }), 400, "xlsx"),
    ] {
        let (found, problem) = post(&guppy, path, body.clone(), "").await;
        assert_eq!(found, status, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{told}: {detail}");
        assert_eq!(problem["status"], status);
    }
}

#[actix_web::test]
async fn an_absent_index_is_empty() {
    let guppy = guppy("private", &some()).await;
    let answer =
        facets(&guppy, json!({ "type": "absent", "fields": [{ "field": "project_id" }] }), "ada").await;
    assert_eq!((&answer["total"], &answer["fields"][0]["buckets"]), (&json!(0), &json!([])));
    let (status, answer) = post(&guppy, "/v1/rows", json!({ "type": "absent" }), "ada").await;
    assert_eq!((status, &answer["rows"]), (200, &json!([])));
}

#[actix_web::test]
async fn documents_without_a_value_are_asked_for_by_a_word_that_is_no_value() {
    let guppy = guppy("libre", &some()).await;
    let found = async |filter: Value| {
        let ask = json!({ "type": "subject", "filter": filter, "fields": ["subject_id"] });
        let (status, answer) = post(&guppy, "/v1/rows", ask, "ada").await;
        let rows = answer["rows"].as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = rows.iter().map(|row| row["subject_id"].as_str().unwrap()).collect();
        (status, names.join(" "))
    };
    assert_eq!(found(json!({ "missing": { "age": true } })).await, (200, "s4".to_owned()));
    assert_eq!(found(json!({ "missing": { "age": false } })).await.1, "s0 s1 s2 s3");
    let young = json!({ "or": [{ "missing": { "age": true } }, { "<": { "age": 20 } }] });
    assert_eq!(found(young.clone()).await.1, "s0 s4");
    // As any other condition, it does not hold for the counts of its own field.
    let fields = json!([{ "field": "age", "bins": 1, "missing": true }]);
    let ask = json!({ "type": "subject", "filter": young, "fields": fields });
    let (_, figures) = post(&guppy, "/v1/facets", ask, "ada").await;
    assert_eq!((&figures["total"], &figures["fields"][0]["missing"]), (&json!(2), &json!(1)));
    assert_eq!(figures["fields"][0]["count"], 4);
    for wrong in [
        json!({ "missing": "age" }),
        json!({ "missing": { "age": 1 } }),
        json!({ "missing": { "visits": true } }),
    ] {
        assert_eq!(found(wrong.clone()).await.0, 400, "{wrong}");
    }
}
