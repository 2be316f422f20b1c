//! `/v1/sets` on a real database, and filters that name sets.

use std::sync::Arc;

use actix_web::test as client;
use guppy::{Guppy, migrate};
use serde_json::{Value, json};
use testing::TestDatabase;

use crate::{
    support::sets_database,
    v1::{Subject, call, get, guppy_keeping, post, some},
};

struct World {
    guppy: Arc<Guppy>,
    database: TestDatabase,
}

impl World {
    async fn new(tier: &str) -> Self {
        Self::of(tier, &some()).await
    }

    async fn of(tier: &str, subjects: &[Subject]) -> Self {
        let database = sets_database().await;
        Self { guppy: guppy_keeping(tier, subjects, Some(database.pool.clone())).await, database }
    }

    async fn post(&self, path: &str, body: Value, who: &str) -> (u16, Value) {
        post(&self.guppy, path, body, who).await
    }

    async fn get(&self, path: &str, who: &str) -> (u16, Value) {
        let (status, body) = get(&self.guppy, path, who).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn send(&self, method: &str, path: &str, body: Value, who: &str) -> (u16, Value) {
        let request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        let request = if body.is_null() { request } else { request.set_json(body) };
        let (status, body) = call(&self.guppy, request, who).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Makes a set, and gives its id.
    async fn make(&self, body: Value, who: &str) -> String {
        let (status, set) = self.post("/v1/sets", body, who).await;
        assert_eq!(status, 201, "{set}");
        set["id"].as_str().unwrap().to_owned()
    }

    async fn members(&self, id: &str, who: &str) -> Value {
        let (status, mut page) = self.get(&format!("/v1/sets/{id}/members"), who).await;
        assert_eq!(status, 200, "{page}");
        page["members"].take()
    }

    /// The subjects that a filter finds.
    async fn found(&self, filter: Value, who: &str) -> Vec<String> {
        let ask = json!({ "type": "subject", "filter": filter, "fields": ["subject_id"], "sort":
            [{ "subject_id": "asc" }], "accessibility": "accessible" });
        let (status, answer) = self.post("/v1/rows", ask, who).await;
        assert_eq!(status, 200, "{answer}");
        let rows = answer["rows"].as_array().unwrap().iter();
        rows.map(|row| row["subject_id"].as_str().unwrap().to_owned()).collect()
    }
}

#[actix_web::test]
async fn a_set_is_made_of_a_list_and_kept_for_its_user() {
    let world = World::new("private").await;
    let ids = json!(["s2", "s0", "s0", 7]);
    let (status, set) = world.post("/v1/sets", json!({ "name": " mine ", "ids": ids }), "ada").await;
    assert_eq!(status, 201, "{set}");
    assert_eq!((&set["name"], &set["members"], &set["bytes"]), (&json!("mine"), &json!(3), &json!(5)));
    assert_eq!((&set["own"], &set["shared"], &set["type"]), (&json!(true), &json!(false), &Value::Null));
    let id = set["id"].as_str().unwrap();
    assert_eq!(world.members(id, "ada").await, json!(["7", "s0", "s2"]));
    let younger = world.make(json!({ "name": "b", "ids": [] }), "ada").await;
    let (_, own) = world.get("/v1/sets", "ada").await;
    let ids: Vec<_> = own["sets"].as_array().unwrap().iter().map(|set| set["id"].clone()).collect();
    assert_eq!(ids, [json!(younger), json!(id)]);
    assert_eq!(world.get(&format!("/v1/sets/{id}"), "ada").await.1, set);
    let body = json!({ "name": "other", "shared": true });
    let (status, changed) = world.send("PATCH", &format!("/v1/sets/{id}"), body, "ada").await;
    assert_eq!((status, &changed["name"], &changed["shared"]), (200, &json!("other"), &json!(true)));
    assert_eq!(world.send("DELETE", &format!("/v1/sets/{id}"), Value::Null, "ada").await.0, 204);
    assert_eq!(world.get(&format!("/v1/sets/{id}"), "ada").await.0, 404);
    let parts: i64 = sqlx::query_scalar("select count(*) from search_set_part")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(parts, 0, "the other set is empty");
}

#[actix_web::test]
async fn a_text_has_a_member_in_each_line() {
    let world = World::new("private").await;
    let send = async |uri: &str, text: &'static str| {
        let request = client::TestRequest::post().uri(uri).insert_header(("Content-Type", "text/plain"));
        let (status, body) = call(&world.guppy, request.set_payload(text), "ada").await;
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, set) = send("/v1/sets?name=mine&type=subject&field=subject_id", "s1\r\n s9 \n\ns3\n").await;
    assert_eq!(status, 201, "{set}");
    assert_eq!(world.members(set["id"].as_str().unwrap(), "ada").await, json!(["s1", "s3", "s9"]));
    // s3 is of a resource that ada may not read.
    assert_eq!((&set["matched"], &set["unmatched"]), (&json!(1), &json!(2)));
    assert_eq!(set["unmatched_ids"], json!(["s3", "s9"]));
    for (uri, told) in [
        ("/v1/sets", "name"),
        ("/v1/sets?name=a&type=subject", "type, field"),
        ("/v1/sets?name=a&other=b", "other"),
        ("/v1/sets?name=a&type=subject&field=none", "none"),
        ("/v1/sets?name=%00", "name"),
    ] {
        let (status, problem) = send(uri, "a").await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
}

#[actix_web::test]
async fn a_set_of_a_filter_has_only_what_its_maker_may_read() {
    for tier in ["private", "regular"] {
        let world = World::new(tier).await;
        let query = json!({ "type": "subject", "filter": { "=": { "group": "x" } }, "field": "subject_id" });
        let id = world.make(json!({ "name": "x", "query": query }), "ada").await;
        assert_eq!(world.members(&id, "ada").await, json!(["s0", "s1"]), "{tier}");
        let (_, set) = world.get(&format!("/v1/sets/{id}"), "ada").await;
        assert_eq!((&set["type"], &set["field"]), (&json!("subject"), &json!("subject_id")));
        let nobody = world.make(json!({ "name": "x", "query": query }), "bob").await;
        assert_eq!(world.members(&nobody, "bob").await, json!([]), "{tier}");
        let years = json!({ "type": "subject", "field": "visits.year" });
        let years = world.make(json!({ "name": "years", "query": years }), "ada").await;
        assert_eq!(world.members(&years, "ada").await, json!(["2000", "2001", "2002"]), "{tier}");
    }
    let world = World::new("libre").await;
    let query = json!({ "type": "subject", "field": "subject_id" });
    let id = world.make(json!({ "name": "x", "query": query }), "bob").await;
    assert_eq!(world.members(&id, "bob").await.as_array().unwrap().len(), 5);
}

#[actix_web::test]
async fn two_sets_become_one() {
    let world = World::new("private").await;
    let of = json!({ "type": "subject", "field": "subject_id" });
    let a = world.make(json!({ "name": "a", "ids": ["1", "2", "3"], "of": of }), "ada").await;
    let b = world.make(json!({ "name": "b", "ids": ["2", "4"], "of": of }), "ada").await;
    for (joining, expected) in [
        ("union", json!(["1", "2", "3", "4"])),
        ("intersection", json!(["2"])),
        ("difference", json!(["1", "3"])),
    ] {
        let id = world.make(json!({ "name": "c", joining: [a, b] }), "ada").await;
        assert_eq!(world.members(&id, "ada").await, expected, "{joining}");
        assert_eq!(world.get(&format!("/v1/sets/{id}"), "ada").await.1["field"], "subject_id");
    }
    let (status, _) = world.post("/v1/sets", json!({ "name": "c", "union": [a, b] }), "bob").await;
    assert_eq!(status, 404, "they are ada's");
}

#[actix_web::test]
async fn a_filter_names_sets_wherever_it_may_name_values() {
    let world = World::new("regular").await;
    let ids = world.make(json!({ "name": "ids", "ids": ["s0", "s2", "s3"] }), "ada").await;
    let numbers = world.make(json!({ "name": "numbers", "ids": [10, "2001", "x"] }), "ada").await;
    let own = json!({ "in_set": { "subject_id": ids } });
    assert_eq!(world.found(own.clone(), "ada").await, ["s0", "s2"]);
    assert_eq!(world.found(json!({ "IN_SET": { "age": numbers } }), "ada").await, ["s0"]);
    let nested = json!({ "nested": { "path": "visits", "in_set": { "year": numbers } } });
    assert_eq!(world.found(json!({ "or": [own, nested] }), "ada").await, ["s0", "s1", "s2"]);
    let joined = json!({ "in_index": { "type": "file", "filter": { "in_set": { "subject_id": ids } },
        "field": "subject_id", "as": "subject_id" } });
    assert_eq!(world.found(joined, "ada").await, ["s0"], "files are of s0 and s1");

    let ask = json!({ "type": "subject", "filter": own, "accessibility": "accessible",
        "fields": [{ "field": "subject_id" }, { "field": "group" }] });
    let (_, facets) = world.post("/v1/facets", ask.clone(), "ada").await;
    assert_eq!(facets["total"], 2, "{facets}");
    let buckets = |place: usize| facets["fields"][place]["buckets"].as_array().unwrap().len();
    assert_eq!((buckets(0), buckets(1)), (3, 2), "the condition does not hold for its own field");
    let export = json!({ "type": "subject", "filter": own, "accessibility": "accessible", "format": "tsv",
        "fields": ["subject_id"] });
    let manifest = json!({ "type": "subject", "filter": own, "accessibility": "accessible",
        "resourceIndexType": "file", "referenceIdFieldInResourceIndex": "subject_id",
        "referenceIdFieldInDataIndex": "subject_id" });
    for (path, ask, rows) in [("/v1/export", export, 2), ("/v1/manifest", manifest, 2)] {
        let (status, ticket) = world.post(path, ask, "ada").await;
        assert_eq!(status, 200, "{ticket}");
        let download = ticket["download"].as_str().unwrap().strip_prefix("/guppy").unwrap().to_owned();
        assert_eq!(get(&world.guppy, &download, "ada").await.0, 200);
        let (_, result) = world.get(&format!("{download}/result"), "ada").await;
        assert_eq!(result["rows"], rows, "{path}: {result}");
    }
    let compare = json!({ "type": "subject", "accessibility": "accessible", "fields": [], "cohorts": [
        { "name": "a", "filter": own }, { "name": "b", "filter": { "=": { "group": "x" } } }] });
    let (_, compared) = world.post("/v1/compare", compare, "ada").await;
    assert_eq!(compared["overlaps"][0]["total"], 1, "{compared}");
}

#[actix_web::test]
async fn a_set_tells_no_more_than_its_values_would() {
    // Of s0 and s3 the caller may read one, and the other alone is too small a group.
    let world = World::new("regular").await;
    let ids = json!(["s0", "s3"]);
    let set = world.make(json!({ "name": "ids", "ids": ids }), "ada").await;
    let (by_set, by_values) =
        (json!({ "in_set": { "subject_id": set } }), json!({ "in": { "subject_id": ids } }));
    for (path, more) in [
        ("/v1/facets", json!({ "fields": [{ "field": "group", "distinct": true }, { "field": "age" }] })),
        ("/v1/rows", json!({})),
        ("/v1/export", json!({ "format": "tsv" })),
        ("/v1/crosstab", json!({ "rows": "group", "columns": "codes" })),
    ] {
        let mut ask = more;
        ask["type"] = json!("subject");
        ask["filter"] = by_set.clone();
        let one = world.post(path, ask.clone(), "ada").await;
        ask["filter"] = by_values.clone();
        assert_eq!(one, world.post(path, ask, "ada").await, "{path}");
        assert!(one.0 == 403 || one.1["total"] == -1, "{path}: {one:?}");
    }
    let query = "query ($f: JSON) {subject(filter: $f, accessibility: accessible) {subject_id}}";
    let sent = json!({ "query": query, "variables": { "f": by_set } });
    let (_, answer) = world.post("/graphql", sent, "ada").await;
    assert_eq!(answer["errors"][0]["message"], "Invalid operation \"in_set\" in filter argument.");
}

#[actix_web::test]
async fn another_users_set_is_not_there_unless_it_is_shared() {
    let world = World::new("libre").await;
    let id = world.make(json!({ "name": "a", "ids": ["s0"] }), "ada").await;
    let path = format!("/v1/sets/{id}");
    let filter = json!({ "type": "subject", "filter": { "in_set": { "subject_id": id } } });
    let reached = async |who: &'static str| {
        let (own, members) =
            (world.get(&path, who).await.0, world.get(&format!("{path}/members"), who).await.0);
        let changed = world.send("PATCH", &path, json!({ "name": "b" }), who).await.0;
        let deleted = world.send("DELETE", &path, Value::Null, who).await.0;
        [own, members, world.post("/v1/rows", filter.clone(), who).await.0, changed, deleted]
    };
    assert_eq!(reached("bob").await, [404; 5]);
    assert_eq!(reached("").await, [401; 5], "nobody is logged in");
    assert_eq!(world.send("PATCH", &path, json!({ "shared": true }), "ada").await.0, 200);
    assert_eq!(reached("bob").await, [200, 200, 200, 403, 403]);
    assert_eq!(reached("").await, [401; 5]);
    assert_eq!(world.get(&path, "bob").await.1["own"], false);
    assert_eq!(world.get("/v1/sets", "bob").await.1, json!({ "sets": [] }));
    assert_eq!(world.get(&path, "ada").await.1["name"], "a");
    assert_eq!(world.send("PATCH", &path, json!({ "shared": false }), "ada").await.0, 200);
    assert_eq!(reached("bob").await, [404; 5], "what was read before is not repeated");
}

#[actix_web::test]
async fn a_million_members_are_one_set_and_are_read_in_pages() {
    let world = World::new("libre").await;
    let mut ids: Vec<String> = (0..999_998).map(|number| format!("n{number:07}")).collect();
    ids.extend(["s1".to_owned(), "s4".to_owned()]);
    let id = world.make(json!({ "name": "many", "ids": ids }), "ada").await;
    assert_eq!(world.found(json!({ "in_set": { "subject_id": id } }), "ada").await, ["s1", "s4"]);
    let page = async |offset: usize, limit: usize| {
        world.get(&format!("/v1/sets/{id}/members?offset={offset}&limit={limit}"), "ada").await.1
    };
    let across = page(9_998, 4).await;
    assert_eq!(across["members"], json!(["n0009998", "n0009999", "n0010000", "n0010001"]));
    assert_eq!((&across["next"], &across["total"]), (&json!(10_002), &json!(1_000_000)));
    let last = page(999_997, 10_000).await;
    assert_eq!((&last["members"], &last["next"]), (&json!(["n0999997", "s1", "s4"]), &Value::Null));
    let beyond = page(usize::MAX, 10).await;
    assert_eq!((&beyond["members"], &beyond["next"]), (&json!([]), &Value::Null));
    let more = world.post("/v1/sets", json!({ "name": "more", "ids": ids_and_one(ids) }), "ada").await;
    assert_eq!(more.0, 400, "{}", more.1);
}

fn ids_and_one(mut ids: Vec<String>) -> Vec<String> {
    ids.push("x".to_owned());
    ids
}

#[actix_web::test]
async fn sets_of_a_user_are_limited_also_if_many_are_made_at_once() {
    let world = World::new("libre").await;
    let pool = &world.database.pool;
    sqlx::query(
        "insert into search_set select gen_random_uuid(), 'ada', 'x', false, null, null, 0, 0, now(), now()
         from generate_series(1, 98)",
    )
    .execute(pool)
    .await
    .unwrap();
    let one = || world.post("/v1/sets", json!({ "name": "a", "ids": ["1"] }), "ada");
    let answers = tokio::join!(one(), one(), one(), one());
    let mut statuses = [answers.0.0, answers.1.0, answers.2.0, answers.3.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 409, 409]);
    assert_eq!(world.post("/v1/sets", json!({ "name": "a", "ids": ["1"] }), "bob").await.0, 201);
    let full = "update search_set set bytes = 536870912 where owner = 'bob'";
    sqlx::query(full).execute(pool).await.unwrap();
    let (status, problem) = world.post("/v1/sets", json!({ "name": "a", "ids": ["1"] }), "bob").await;
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("delete some"), "{problem}");
}

#[actix_web::test]
async fn wrong_requests_for_sets_are_told_what_is_wrong() {
    let world = World::new("libre").await;
    let other = "6b0e6d61-8a8e-4a2b-9a43-0d6a4d1f9d1e";
    for (body, status, told) in [
        (json!([]), 400, "the body"),
        (json!({ "name": "a" }), 400, "exactly one"),
        (json!({ "name": "a", "ids": [], "union": [other, other] }), 400, "exactly one"),
        (json!({ "ids": [] }), 400, "name"),
        (json!({ "name": "", "ids": [] }), 400, "name"),
        (json!({ "name": "a", "ids": ["a", {}] }), 400, "member 1"),
        (json!({ "name": "a", "ids": ["\u{0}"] }), 400, "member 0"),
        (json!({ "name": "a", "ids": ["x".repeat(1_025)] }), 400, "1024 bytes"),
        (json!({ "name": "a", "ids": [], "other": 1 }), 400, "other"),
        (json!({ "name": "a", "ids": [], "of": { "type": "star", "field": "a" } }), 404, "star"),
        (json!({ "name": "a", "query": { "type": "subject", "field": "notes" } }), 400, "notes"),
        (json!({ "name": "a", "query": { "type": "star", "field": "a" } }), 404, "star"),
        (
            json!({ "name": "a", "of": { "type": "subject", "field": "group" }, "union": [other, other] }),
            400,
            "of",
        ),
        (json!({ "name": "a", "union": [other] }), 400, "length"),
        (json!({ "name": "a", "union": [other, other] }), 404, other),
        (json!({ "name": "a", "union": ["x", other] }), 404, "\"x\""),
    ] {
        let (found, problem) = world.post("/v1/sets", body.clone(), "ada").await;
        assert_eq!(found, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{told}: {problem}");
    }
    let eleven: Vec<Value> = (0..11).map(|n| json!({ "in_set": { "group": n.to_string() } })).collect();
    for (filter, status, told) in [
        (json!({ "in_set": { "subject_id": "x" } }), 404, "\"x\""),
        (json!({ "in_set": { "subject_id": other } }), 404, other),
        (json!({ "in_set": { "subject_id": ["x"] } }), 400, "syntax"),
        (json!({ "and": eleven }), 400, "more than 10 sets"),
    ] {
        let ask = json!({ "type": "subject", "filter": filter });
        let (found, problem) = world.post("/v1/rows", ask, "ada").await;
        assert_eq!(found, status, "{filter}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{told}: {problem}");
    }
    let id = world.make(json!({ "name": "a", "ids": [] }), "ada").await;
    let path = format!("/v1/sets/{id}");
    for body in [json!({}), json!({ "name": "\n" }), json!({ "members": [] })] {
        assert_eq!(world.send("PATCH", &path, body.clone(), "ada").await.0, 400, "{body}");
    }
    for query in ["limit=0", "limit=10001", "offset=-1", "other=1"] {
        assert_eq!(world.get(&format!("{path}/members?{query}"), "ada").await.0, 400, "{query}");
    }
}

#[actix_web::test]
async fn without_a_database_the_routes_say_so() {
    let guppy = guppy_keeping("libre", &some(), None).await;
    let (status, problem) = post(&guppy, "/v1/sets", json!({ "name": "a", "ids": [] }), "ada").await;
    assert_eq!(status, 501);
    assert!(problem["detail"].as_str().unwrap().contains("no database"), "{problem}");
    let ask = json!({ "type": "subject", "filter": { "in_set": { "group": "x" } } });
    assert_eq!(post(&guppy, "/v1/rows", ask, "ada").await.0, 501);
}

#[actix_web::test]
async fn the_database_of_another_service_is_not_taken() {
    let database = TestDatabase::empty().await;
    migrate(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    let other =
        "create table alembic_version (version_num text); insert into alembic_version values ('3c2c')";
    sqlx::raw_sql(other).execute(&database.pool).await.unwrap();
    assert!(matches!(migrate(&database.pool).await, Err(database::AdoptError::OtherVersion { .. })));
}
