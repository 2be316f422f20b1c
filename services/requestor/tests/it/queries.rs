//! Which requests somebody sees.

use serde_json::{Value, json};

use crate::support::World;

async fn policies(world: &World, path: &str, who: &str) -> Vec<String> {
    let (status, body) = world.get(path, who).await;
    assert_eq!(status, 200, "{path}: {body}");
    body.as_array().unwrap().iter().map(|request| request["policy_id"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn somebody_sees_the_requests_about_what_they_may_read_and_their_own() {
    let world = World::new().await;
    let first = world.request("ann", json!({"policy_id": "p1"})).await;
    world.request("boss", json!({"policy_id": "p2", "username": "eve", "resource_id": "x"})).await;
    world.request("bob", json!({"policy_id": "pb", "username": "ann"})).await;
    assert_eq!(policies(&world, "/request", "boss").await, ["p1", "p2"]);
    assert_eq!(policies(&world, "/request", "bob").await, ["pb"]);
    assert_eq!(policies(&world, "/request", "ann").await, [""; 0]);
    assert_eq!(policies(&world, "/request/user", "ann").await, ["p1", "pb"]);
    assert_eq!(policies(&world, "/request?policy_id=p1&policy_id=pb", "boss").await, ["p1"]);
    assert_eq!(policies(&world, "/request?username=eve&resource_id=x&revoke=False", "boss").await, ["p2"]);
    assert_eq!(policies(&world, "/request?status=SIGNED", "boss").await, [""; 0]);
    let day = &first["created_time"].as_str().unwrap()[..10];
    assert_eq!(policies(&world, &format!("/request?created_time={day}"), "boss").await.len(), 2);
    assert_eq!(policies(&world, "/request?created_time=2001-01-01", "boss").await, [""; 0]);
    let id = first["request_id"].as_str().unwrap();
    assert_eq!(policies(&world, &format!("/request?request_id={id}"), "boss").await, ["p1"]);
    assert_eq!(world.set_status("boss", &first, "REJECTED").await.0, 200);
    assert_eq!(policies(&world, "/request/user?active", "ann").await, ["pb"]);
    assert_eq!(policies(&world, "/request?active", "boss").await, ["p2"]);
    assert_eq!(world.get(&format!("/request/{id}"), "bob").await, (404, json!({"detail": "Not found"})));
    let (status, refusal) = world.get("/request?color=red", "boss").await;
    assert_eq!((status, refusal), (400, json!({"detail": "The parameter 'color' is invalid"})));
}

#[actix_web::test]
async fn a_resource_counts_as_requested_with_all_that_is_above_it() {
    let world = World::new().await;
    let ask = async |body: &Value| world.send("POST", "/request/user_resource_paths", "ann", body).await;
    let paths = json!({"resource_paths": ["/a/1", "/a/1/x", "/a/2", "/a"]});
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    let none = json!({"/a/1": false, "/a/1/x": false, "/a/2": false, "/a": false});
    assert_eq!(ask(&paths).await, (200, none.clone()), "a draft does not count");
    assert_eq!(world.set_status("boss", &made, "SUBMITTED").await.0, 200);
    assert_eq!(ask(&paths).await.1, json!({"/a/1": true, "/a/1/x": true, "/a/2": false, "/a": false}));
    let other = json!({"resource_paths": ["/a/1"], "permissions": ["writer"]});
    assert_eq!(ask(&other).await.1, json!({"/a/1": false}));
    assert_eq!(world.set_status("boss", &made, "REJECTED").await.0, 200);
    assert_eq!(ask(&paths).await.1, none);
    assert_eq!(ask(&json!({})).await.0, 422);
    assert_eq!(ask(&json!({"resource_paths": "/a"})).await.0, 422);
}
