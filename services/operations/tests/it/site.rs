//! What administrators are told of the commons itself.

use serde_json::{Value, json};

use crate::support::World;

#[actix_web::test]
async fn the_configuration_is_told_with_where_each_value_comes_from() {
    let world = World::new().await;
    let (status, told) = world.get("/v1/config", "op").await;
    assert_eq!((status, &told["command"], &told["covers"]), (200, &json!("up"), &json!("commons")));
    let port = json!({
        "value": "9000", "masked": false, "from": "environment", "where": "COMMONS_PORT",
        "meaning": "Port of the gateway",
    });
    assert_eq!(told["options"]["port"], port);
    assert_eq!(told["options"]["demo"]["value"], Value::Null);
    assert!(told["started"].as_str().unwrap().ends_with('Z') && told["version"].is_string(), "{told}");
    let (status, told) = world.get("/v1/config", "reader").await;
    assert_eq!(status, 403);
    assert_eq!(
        told["detail"],
        "this is for administrators: it needs read of the service gen3-ops on /services/ops/config"
    );
}

#[actix_web::test]
async fn stores_are_told_with_what_was_seen_and_counted() {
    let world = World::new().await;
    let (status, told) = world.get("/v1/storage", "op").await;
    assert_eq!(status, 200, "{told}");
    let [near, far] = told["stores"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((&near["url"], &near["kind"]), (&json!("s3://near/"), &json!("embedded")));
    assert_eq!(near["reach"], json!({"state": "reached"}));
    assert_eq!((&near["free"], &near["held"]), (&json!(5), &json!({"records": 2, "bytes": 30})));
    assert_eq!(far["reach"], json!({"state": "unreached", "why": "it does not answer in time"}));
    assert_eq!((&far["free"], &far["tier"]), (&Value::Null, &json!("cold")));
    let index = &told["index"];
    assert_eq!((&index["state"], &index["why"]), (&json!("counted"), &Value::Null));
    assert_eq!(index["others"], json!([{"url": "gs://theirs/", "records": 1, "bytes": 7}]));
    assert_eq!(index["nowhere"], json!({"records": 4, "bytes": 0}));
    assert_eq!(told["archive"], Value::Null);
    // What was counted is not counted again for each who asks.
    let (_, again) = world.get("/v1/storage", "op").await;
    assert_eq!((&again["index"]["counted"], &again["looked"]), (&index["counted"], &told["looked"]));
    assert_eq!(world.get("/v1/storage", "reader").await.0, 403);
    assert_eq!(world.get("/v1/storage", "").await.0, 401);
}
