//! A guppy over an engine in memory, and how it is asked.

use std::sync::Arc;

use actix_web::{App, test as client};
use guppy::{Config, Guppy};
use search::{AliasChange, Definition, Engine, Mapping, Operation};
use searchsuite::Naive;
use serde_json::{Value, json};
use testing::{Rights, TestDatabase};

/// The mapping of the subjects: keywords with words, numbers, lists and nested objects of two levels.
pub(crate) fn mapping() -> Value {
    let text = || json!({"type": "keyword", "fields": {"analyzed": {"type": "text"}}});
    json!({"properties": {
        "auth_resource_path": text(),
        "bmi": {"type": "double"},
        "codes": text(),
        "consented": {"type": "boolean"},
        "created": {"type": "date"},
        "gender": text(),
        "notes": {"type": "text"},
        "project_id": text(),
        "sensitive": text(),
        "submitter_id": text(),
        "visits": {"type": "nested", "properties": {
            "site": text(),
            "tests": {"type": "nested", "properties": {"name": text(), "score": {"type": "float"}}},
            "weight": {"type": "double"},
        }},
        "year": {"type": "long"},
    }})
}

/// The subject of a number: projects `a` (four of ten), `b` (five of ten) and `c` (one of ten).
pub(crate) fn subject(number: usize) -> Value {
    let project = ["a", "a", "a", "a", "b", "b", "b", "b", "b", "c"][number % 10];
    let mut subject = json!({
        "auth_resource_path": format!("/programs/p/projects/{project}"),
        "project_id": format!("p-{project}"),
        "submitter_id": format!("s{number:03}"),
        "year": 1950 + number % 40,
        "codes": (0..number % 3).map(|n| ["GRU", "HMB"][n]).collect::<Vec<_>>(),
        "consented": number.is_multiple_of(2),
        "sensitive": number.is_multiple_of(7).to_string(),
        "visits": (0..number % 4).map(|n| json!({
            "site": if n % 2 == 0 { "home" } else { "clinic" },
            "weight": 50.0 + number as f64 / 4.0 + n as f64,
            "tests": [{"name": "hb", "score": n as f64 + 0.5}],
        })).collect::<Vec<_>>(),
    });
    if !number.is_multiple_of(5) {
        subject["gender"] = json!(["male", "female", "unknown"][number % 3]);
    }
    if !number.is_multiple_of(4) {
        subject["bmi"] = json!(18.0 + number as f64 / 8.0);
    }
    subject
}

/// An engine with the subjects of these numbers, and what of them is a list.
pub(crate) async fn engine(subjects: impl IntoIterator<Item = Value>) -> Arc<Naive> {
    let engine = Arc::new(Naive::new());
    let create = async |index: &str, mapping: Value, documents: Vec<(String, Value)>| {
        let mapping = Mapping::read(&mapping).unwrap();
        let definition = Definition { mapping, settings: serde_json::Map::new() };
        engine.create(index, &definition).await.unwrap();
        let put = |(id, body): (String, Value)| Operation::Put { id: Some(id), body: body.to_string() };
        let written = engine.write(index, documents.into_iter().map(put).collect()).await.unwrap();
        assert!(written.rejected.is_empty(), "{written:?}");
    };
    let subjects = subjects.into_iter().enumerate().map(|(n, subject)| (n.to_string(), subject)).collect();
    create("subject_0", mapping(), subjects).await;
    let lists = json!({"array": ["codes", "visits", "visits.tests", "no_field"]});
    let keyword = json!({"properties": {"array": {"type": "keyword"}}});
    create("lists_0", keyword, vec![("subject".to_owned(), lists)]).await;
    let add = |alias: &str, index: &str| AliasChange::Add { alias: alias.into(), index: index.into() };
    engine.change_aliases(&[add("subject", "subject_0"), add("lists", "lists_0")]).await.unwrap();
    engine
}

/// The configuration over them.
pub(crate) fn config(level: &str, more: Value) -> Config {
    let mut file = json!({
        "indices": [{"index": "subject", "type": "subject"}],
        "config_index": "lists",
    });
    for (key, value) in more.as_object().unwrap() {
        file[key] = value.clone();
    }
    let variable = |name: &str| match name {
        "TIER_ACCESS_LEVEL" => Some(level.to_owned()),
        "TIER_ACCESS_LIMIT" => Some("10".to_owned()),
        _ => None,
    };
    Config::read(Some(&file.to_string()), variable).unwrap()
}

/// `ada` may read project `a`, `admin` may refresh, and `down` gets no answer.
pub(crate) fn rights() -> Rights {
    let rights = Rights::of_plain_tokens().unavailable_for("down").refuse_token("forged");
    let rights = rights.grant("ada", "guppy", "read", "/programs/p/projects/a");
    let rights = rights.grant("all", "*", "*", "/programs/p/projects/a");
    let rights = rights.grant("all", "*", "read", "/programs/p/projects/b");
    let rights = rights.grant("all", "guppy", "read", "/programs/p/projects/c");
    rights.grant("admin", "guppy", "admin_access", "/guppy_admin")
}

/// A guppy that has read its mappings.
pub(crate) async fn guppy(config: Config, engine: Arc<dyn Engine>) -> Arc<Guppy> {
    let guppy = Guppy::build(config, engine, Arc::new(rights())).unwrap();
    guppy.refresh().await.unwrap();
    guppy
}

/// An empty database for sets.
pub(crate) async fn sets_database() -> TestDatabase {
    TestDatabase::new("guppy", async |pool| Ok(guppy::migrate(pool).await?)).await
}

/// A guppy that keeps sets.
pub(crate) async fn keeping(database: &TestDatabase, config: Config, engine: Arc<dyn Engine>) -> Arc<Guppy> {
    let guppy =
        Guppy::build_keeping(config, engine, Arc::new(rights()), Some(database.pool.clone())).unwrap();
    guppy.refresh().await.unwrap();
    guppy
}

/// A guppy of this tier over a hundred subjects.
pub(crate) async fn of_tier(level: &str) -> Arc<Guppy> {
    guppy(config(level, json!({})), engine((0..100).map(subject)).await).await
}

/// Sends a request; the body as JSON, or as text.
pub(crate) async fn call(guppy: &Arc<Guppy>, request: client::TestRequest) -> (u16, Value) {
    let guppy = guppy.clone();
    let app = client::init_service(App::new().configure(|cfg| web::Service::configure(guppy, cfg))).await;
    let answer = client::call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    let body = client::read_body(answer).await;
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

fn request(path: &str, user: &str, body: &Value) -> client::TestRequest {
    let request = client::TestRequest::post().uri(path).set_json(body);
    if user.is_empty() { request } else { request.insert_header(("Authorization", format!("bearer {user}"))) }
}

/// Asks a query as a user; nobody is the empty name.
pub(crate) async fn ask(guppy: &Arc<Guppy>, user: &str, query: &str) -> (u16, Value) {
    ask_with(guppy, user, query, json!({})).await
}

/// Asks a query with variables.
pub(crate) async fn ask_with(guppy: &Arc<Guppy>, user: &str, query: &str, variables: Value) -> (u16, Value) {
    call(guppy, request("/graphql", user, &json!({ "query": query, "variables": variables }))).await
}

/// The data of an answer without errors.
pub(crate) async fn data(guppy: &Arc<Guppy>, user: &str, query: &str) -> Value {
    let (status, mut body) = ask(guppy, user, query).await;
    assert_eq!((status, &body["errors"]), (200, &Value::Null), "{query}");
    body["data"].take()
}

/// Downloads as a user.
pub(crate) async fn download(guppy: &Arc<Guppy>, user: &str, body: Value) -> (u16, Value) {
    call(guppy, request("/download", user, &body)).await
}
