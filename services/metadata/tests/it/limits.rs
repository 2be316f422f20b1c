//! Bodies and answers have limits, and what cannot be stored is refused.

use metadata::Config;
use serde_json::{Value, json};

use crate::support::World;

async fn post(world: &World, path: &str, body: impl Into<actix_web::web::Bytes>) -> (u16, String) {
    world.raw(("POST", path), world.header("boss"), "application/json", body).await
}

#[actix_web::test]
async fn a_body_of_100_mb_is_refused() {
    let world = World::new().await;
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000_000));
    assert_eq!(post(&world, "/metadata/g", body.clone()).await.0, 413);
    assert_eq!(world.raw(("POST", "/metadata/g"), None, "application/json", body).await.0, 403);
}

#[actix_web::test]
async fn deep_broken_and_unstorable_bodies_are_refused() {
    let world = World::new().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, status) in [
        (deep.into_bytes(), 400),
        (b"{\"a\": \"\xff\"}".to_vec(), 400),
        (br#"{"a": "\u0000"}"#.to_vec(), 400),
        (br#"{"a": "\ud800"}"#.to_vec(), 400),
        (br#"{"a": NaN}"#.to_vec(), 422),
        (format!("{{\"a\":1e{}}}", "9".repeat(10)).into_bytes(), 400),
    ] {
        let told = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(post(&world, "/metadata/g", body).await.0, status, "{told}");
    }
    let long = "x".repeat(20_000);
    assert_eq!(post(&world, &format!("/metadata/{}", rand_text()), "{}").await.0, 400);
    assert_eq!(world.post("/metadata", json!([{"guid": "g", "data": {"a": long}}])).await.0, 201);
    assert_eq!(world.get("/metadata/a%00b").await.0, 404);
}

/// A text that does not become short when it is compressed.
fn rand_text() -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    };
    (0..12_000).map(|_| next()).collect()
}

#[actix_web::test]
async fn an_answer_is_whole_or_refused() {
    let world = World::with(Config { answer_limit: 1_000, ..Config::default() }).await;
    for guid in ["a", "b"] {
        world.document(guid, json!({ "text": "x".repeat(600) })).await;
    }
    assert_eq!(world.get("/metadata?data=true").await.0, 400);
    assert_eq!(world.get("/metadata?data=true&limit=1").await.0, 200);
    assert_eq!(world.get("/metadata").await.1, json!(["a", "b"]));
}

#[actix_web::test]
async fn a_list_of_a_million_guids_is_refused() {
    let world = World::new().await;
    let items = "{\"guid\":\"x\"},".repeat(1_000_000);
    let (status, told) = post(&world, "/metadata", format!("[{}]", items.trim_end_matches(','))).await;
    assert_eq!(status, 400, "{told}");
    let names: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
    assert_eq!(world.put("/metadata/x/aliases", json!({ "aliases": names })).await.0, 400);
    let query = (0..2_000).map(|number| format!("a={number}")).collect::<Vec<_>>().join("&");
    assert_eq!(world.get(&format!("/metadata?{query}")).await.0, 400);
    assert_eq!(world.get("/metadata").await.1, Value::from_iter::<[Value; 0]>([]));
}
