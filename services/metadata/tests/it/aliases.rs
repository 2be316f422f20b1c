//! Aliases of documents.

use serde_json::{Value, json};

use crate::support::World;

fn made(guid: &str, aliases: &[&str]) -> (u16, Value) {
    (201, json!({ "guid": guid, "aliases": aliases }))
}

async fn world() -> World {
    let world = World::new().await;
    for guid in ["a", "b", "dg.1/c"] {
        world.document(guid, json!({ "me": guid })).await;
    }
    world
}

#[actix_web::test]
async fn an_alias_leads_to_its_document_unless_there_is_one_of_that_guid() {
    let world = world().await;
    let added = world.post("/metadata/dg.1%2Fc/aliases", json!({"aliases": ["x/2", "x1", "b"]})).await;
    assert_eq!(added, made("dg.1/c", &["b", "x/2", "x1"]));
    assert_eq!(world.get("/metadata/x/2").await.1["me"], "dg.1/c");
    assert_eq!(world.get("/metadata/b").await.1["me"], "b");
    assert_eq!(world.delete("/metadata/b").await.0, 200);
    assert_eq!(world.get("/metadata/b").await.1["me"], "dg.1/c");
    assert_eq!(world.get("/metadata/x1/aliases").await.1, json!({"guid": "x1", "aliases": []}));
    // By its alias a document is neither changed nor deleted.
    assert_eq!(world.put("/metadata/x1", json!({})).await.0, 404);
    assert_eq!(world.delete("/metadata/x1").await.0, 404);
    // They go with their document, and stay when it is overwritten.
    assert_eq!(world.post("/metadata", json!([{"guid": "dg.1/c", "data": {"me": "new"}}])).await.0, 201);
    assert_eq!(world.get("/metadata/x1").await.1["me"], "new");
    assert_eq!(world.delete("/metadata/dg.1/c").await.0, 200);
    assert_eq!(world.get("/metadata/x1").await.0, 404);
}

#[actix_web::test]
async fn first_aliases_are_added_once() {
    let world = world().await;
    assert_eq!(world.post("/metadata/a/aliases", json!({"aliases": []})).await, made("a", &[]));
    let twice = json!({"aliases": ["a2", "a1", "a2"]});
    assert_eq!(world.post("/metadata/a/aliases", twice).await, made("a", &["a1", "a2"]));
    let conflict = (409, json!({"detail": "Conflict: a"}));
    assert_eq!(world.post("/metadata/a/aliases", json!({"aliases": ["a3"]})).await, conflict);
    assert_eq!(world.post("/metadata/b/aliases", json!({"aliases": ["b1", "a1"]})).await.0, 409);
    assert_eq!(world.get("/metadata/b/aliases").await.1["aliases"], json!([]));
    assert_eq!(world.post("/metadata/none/aliases", json!({"aliases": []})).await, made("none", &[]));
    assert_eq!(world.post("/metadata/none/aliases", json!({"aliases": ["n"]})).await.0, 404);
    assert_eq!(world.post("/metadata/a/aliases", json!({"aliases": [1]})).await.0, 422);
    assert_eq!(world.post("/metadata/a/aliases", json!(["x"])).await.0, 422);
}

#[actix_web::test]
async fn aliases_are_replaced_or_joined() {
    let world = world().await;
    let put = async |path: &str, names: &[&str]| world.put(path, json!({ "aliases": names })).await;
    assert_eq!(put("/metadata/a/aliases", &["a2", "a1"]).await, made("a", &["a1", "a2"]));
    assert_eq!(put("/metadata/a/aliases", &["a3", "a1"]).await, made("a", &["a1", "a3"]));
    assert_eq!(world.get("/metadata/a2").await.0, 404);
    assert_eq!(put("/metadata/a/aliases?merge=True", &["a0"]).await, made("a", &["a0", "a1", "a3"]));
    assert_eq!(world.get("/metadata/a/aliases").await.1["aliases"], json!(["a0", "a1", "a3"]));
    assert_eq!(put("/metadata/b/aliases", &["b1", "a1"]).await.0, 409);
    assert_eq!(put("/metadata/b/aliases?merge=x", &[]).await.0, 422);
    assert_eq!(put("/metadata/none/aliases", &[]).await, made("none", &[]));
    assert_eq!(put("/metadata/none/aliases", &["n"]).await.0, 404);
    assert_eq!(put("/metadata/a/aliases", &[]).await, made("a", &[]));
}

#[actix_web::test]
async fn aliases_are_deleted() {
    let world = world().await;
    world.put("/metadata/a/aliases", json!({"aliases": ["a1", "a/2", "a3", "a4"]})).await;
    world.put("/metadata/b/aliases", json!({"aliases": ["b1"]})).await;
    assert_eq!(world.delete("/metadata/a/aliases/a1").await.0, 204);
    assert_eq!(world.delete("/metadata/a/aliases/a/2").await.0, 204);
    let told = json!({"detail": "Alias: 'b1' for GUID: 'a' not found."});
    assert_eq!(world.delete("/metadata/a/aliases/b1").await, (404, told));
    assert_eq!(world.get("/metadata/a/aliases").await.1["aliases"], json!(["a3", "a4"]));
    assert_eq!(world.delete("/metadata/a/aliases").await.0, 204);
    assert_eq!(world.delete("/metadata/a/aliases").await.0, 404);
    assert_eq!(world.get("/metadata/b1").await.0, 200);
}

#[actix_web::test]
async fn of_many_who_want_an_alias_one_gets_it() {
    let world = world().await;
    let body = json!({"aliases": ["wanted"]});
    let post = async |guid: &str| world.post(&format!("/metadata/{guid}/aliases"), body.clone()).await.0;
    let statuses = tokio::join!(post("a"), post("b"), post("dg.1/c"), post("a"));
    let statuses = [statuses.0, statuses.1, statuses.2, statuses.3];
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
}
