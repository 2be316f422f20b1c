//! Indexes of paths.

use serde_json::{Value, json};

use crate::support::World;

#[actix_web::test]
async fn an_index_is_made_listed_and_deleted() {
    let world = World::new().await;
    let list = async || world.send("GET", "/metadata_index", "boss", &Value::Null).await;
    assert_eq!(list().await, (200, json!([])));
    for path in ["a", "n.k.m", "it's", "sp%20ace", "%D0%BA%D0%BB%D1%8E%D1%87", "a,b"] {
        let (status, answer) = world.post(&format!("/metadata_index/{path}"), Value::Null).await;
        assert_eq!(status, 201, "{path}: {answer}");
    }
    let (_, listed) = list().await;
    assert_eq!(listed, json!(["a", "n.k.m", "it's", "sp ace", "ключ", "a,b"]));
    assert_eq!(world.post("/metadata_index/a", Value::Null).await.0, 409);
    assert_eq!(world.delete("/metadata_index/a").await.0, 204);
    assert_eq!(world.delete("/metadata_index/a").await.0, 404);
    assert_eq!(world.post("/metadata_index/a", Value::Null).await, (201, json!("a")));
}

#[actix_web::test]
async fn an_index_takes_texts_of_any_length_and_changes_no_answer() {
    let world = World::new().await;
    assert_eq!(world.post("/metadata_index/s", Value::Null).await.0, 201);
    let long = "x".repeat(100_000);
    world.document("g", json!({ "s": long })).await;
    world.document("h", json!({"s": "x"})).await;
    assert_eq!(world.get("/metadata?s=x").await.1, json!(["h"]));
    assert_eq!(world.get("/metadata?s=*").await.1, json!(["g", "h"]));
}

#[actix_web::test]
async fn paths_that_cannot_have_an_index_are_refused() {
    let world = World::new().await;
    let long = "x".repeat(2_000);
    for path in ["a%22b", "a%5Cb", "a%00b", long.as_str(), &"a.".repeat(100)] {
        assert_eq!(world.post(&format!("/metadata_index/{path}"), Value::Null).await.0, 400, "{path}");
    }
    let injected = "a'%7D'::text[]));drop%20table%20metadata;--";
    assert_eq!(world.post(&format!("/metadata_index/{injected}"), Value::Null).await.0, 201);
    assert_eq!(world.get("/metadata").await, (200, json!([])));
}
