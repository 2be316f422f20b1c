//! Writing, changing and deleting documents.

use serde_json::{Value, json};

use crate::support::World;

fn not_found(guid: &str) -> (u16, Value) {
    (404, json!({ "detail": format!("Not found: {guid}") }))
}

#[actix_web::test]
async fn a_document_is_written_once_unless_it_may_be_overwritten() {
    let world = World::new().await;
    let first = json!({"a": 1, "b": {"c": "d", "e": [1, 2]}, "t": true, "n": null, "f": 1.5});
    world.document("g", first.clone()).await;
    let conflict = json!({"detail": "Conflict: g"});
    assert_eq!(world.post("/metadata/g", json!({"z": 1})).await, (409, conflict.clone()));
    assert_eq!(world.post("/metadata/g?overwrite=False", json!({"z": 1})).await, (409, conflict));
    assert_eq!(world.get("/metadata/g").await, (200, first));
    assert_eq!(world.post("/metadata/g?overwrite=True", json!({"z": 1})).await, (200, json!({"z": 1})));
    assert_eq!(world.get("/metadata/g").await, (200, json!({"z": 1})));
    let authz: Value =
        sqlx::query_scalar("select authz from metadata").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(authz, json!({"version": 0, "_resource_paths": ["/open"]}));
    assert_eq!(world.post("/metadata/upload", json!({})).await.0, 400);
    world.document("upload/x", json!({})).await;
    assert_eq!(world.post("/metadata/g?overwrite=maybe", json!({})).await.0, 422);
}

#[actix_web::test]
async fn a_guid_is_everything_behind_the_slash() {
    let world = World::new().await;
    world.document("dg.1/a%20b", json!({"x": 1})).await;
    assert_eq!(world.get("/metadata/dg.1%2Fa%20b").await, (200, json!({"x": 1})));
    assert_eq!(world.get("/metadata/dg.1/A%20b").await, not_found("dg.1/A b"));
    assert_eq!(world.get("/metadata/dg.1/a+b").await, not_found("dg.1/a+b"));
    world.document("c/", json!({"x": 2})).await;
    assert_eq!(world.get("/metadata/c/").await, (200, json!({"x": 2})));
    assert_eq!(world.get("/metadata/c").await, not_found("c"));
    world.document("", json!({"x": 3})).await;
    assert_eq!(world.get("/metadata/").await, (200, json!({"x": 3})));
    // Only deleting makes it an alias.
    world.document("a/aliases/b", json!({"x": 4})).await;
    assert_eq!(world.get("/metadata/a/aliases/b").await, (200, json!({"x": 4})));
    assert_eq!(world.get("/metadata/a/aliases/").await, not_found("a/aliases/"));
    assert_eq!(world.delete("/metadata/c/").await, (200, json!({"x": 2})));
    assert_eq!(world.delete("/metadata/c/").await, not_found("c/"));
}

#[actix_web::test]
async fn what_is_stored_is_answered_as_it_is() {
    let world = World::new().await;
    let text = r#"{"n": 12345678901234567890123.50, "é": "ключ ✓ 😀\n\"", "z": 1e400}"#;
    let (status, _) =
        world.raw(("POST", "/metadata/n"), world.header("boss"), "application/json", text).await;
    assert_eq!(status, 201);
    let (_, found) = world.raw(("GET", "/metadata/n"), None, "", "").await;
    assert!(found.contains("12345678901234567890123.50") && found.contains("ключ ✓ 😀"), "{found}");
    let (_, listed) = world.raw(("GET", "/metadata?data=true"), None, "", "").await;
    assert_eq!(listed, format!(r#"{{"n":{found}}}"#));
}

#[actix_web::test]
async fn a_change_replaces_a_document_or_its_upper_fields() {
    let world = World::new().await;
    world.document("u", json!({"a": 1, "b": {"c": "d"}, "n": null})).await;
    let changed = world.put("/metadata/u?merge=True", json!({"a": 2, "b": {"new": 1}, "z": null})).await;
    let expected = json!({"a": 2, "b": {"new": 1}, "n": null, "z": null});
    assert_eq!(changed, (200, expected.clone()));
    assert_eq!(world.get("/metadata/u").await, (200, expected));
    assert_eq!(world.put("/metadata/u", json!({"z": 1})).await, (200, json!({"z": 1})));
    assert_eq!(world.put("/metadata/none", json!({})).await, not_found("none"));
    assert_eq!(world.put("/metadata/none?merge=true", json!({})).await, not_found("none"));
    for (body, kind) in [("[]", "dict_type"), ("null", "missing"), ("", "missing"), ("{", "json_invalid")] {
        let to = ("PUT", "/metadata/u");
        let (status, told) = world.raw(to, world.header("boss"), "application/json", body).await;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((status, &told["detail"][0]["type"]), (422, &json!(kind)), "{body}");
    }
    // What is no object has no fields to be kept.
    assert_eq!(world.post("/metadata", json!([{"guid": "l", "data": [1]}])).await.0, 201);
    assert_eq!(world.put("/metadata/l?merge=true", json!({"a": 1})).await, (200, json!({"a": 1})));
}

#[actix_web::test]
async fn a_list_is_written_as_if_one_after_the_other() {
    let world = World::new().await;
    world.document("old", json!({"v": 1})).await;
    let item = |guid: &str, version: u8| json!({"guid": guid, "data": {"v": version}});
    let list = json!([item("b", 1), item("old", 2), item("upload", 1), item("a", 1), item("b", 2)]);
    let (status, answer) = world.post("/metadata?overwrite=false", list.clone()).await;
    let expected =
        json!({"created": ["b", "a"], "updated": [], "conflict": ["old", "b"], "bad_input": ["upload"]});
    assert_eq!((status, answer), (201, expected));
    assert_eq!(world.get("/metadata/b").await.1, json!({"v": 1}));
    assert_eq!(world.get("/metadata/old").await.1, json!({"v": 1}));
    assert_eq!(world.delete("/metadata/b").await.0, 200);
    let (_, answer) = world.post("/metadata", list).await;
    let expected =
        json!({"created": ["b"], "updated": ["old", "a", "b"], "conflict": [], "bad_input": ["upload"]});
    assert_eq!(answer, expected);
    assert_eq!(world.get("/metadata/b").await.1, json!({"v": 2}));
    assert_eq!(world.get("/metadata/old").await.1, json!({"v": 2}));
    let (_, answer) = world.post("/metadata", json!([])).await;
    assert_eq!(answer, json!({"created": [], "updated": [], "conflict": [], "bad_input": []}));
}

#[actix_web::test]
async fn nothing_of_a_list_is_written_if_one_item_cannot_be() {
    let world = World::new().await;
    for list in [
        json!([{"guid": "x", "data": {}}, {"data": {}}]),
        json!([{"guid": "x", "data": {}}, {"guid": 5}]),
        json!([{"guid": "x", "data": {}}, 5]),
    ] {
        assert_eq!(world.post("/metadata", list).await.0, 422);
    }
    let nul = json!([{"guid": "x", "data": {}}, {"guid": "y", "data": {"a": "\u{0}"}}]);
    assert_eq!(world.post("/metadata", nul).await.0, 400);
    assert_eq!(world.get("/metadata/x").await.0, 404);
}

#[actix_web::test]
async fn the_same_documents_may_be_written_by_many_at_once() {
    let world = World::new().await;
    let list = |from: usize| {
        let guids = (0..200).map(|number| format!("g{:03}", (number * 7 + from) % 200));
        Value::from_iter(guids.map(|guid| json!({"guid": guid, "data": {"by": from}})))
    };
    let write = async |from: usize| world.post("/metadata", list(from)).await.0;
    let statuses = tokio::join!(write(1), write(50), write(99), write(150));
    assert_eq!(statuses, (201, 201, 201, 201));
    assert_eq!(world.get("/metadata?limit=2000").await.1.as_array().unwrap().len(), 200);
}
