//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use requestor::Requestor;
use serde_json::{Value, json};
use testing::endpoints::{Case, Kind, check};

use crate::support::World;

/// A user may read their own requests without any right, and nobody learns of those of others.
fn cases(id: &str) -> Vec<Case> {
    let one = "/request/{request_id}";
    let url = format!("/request/{id}");
    let new = json!({"username": "ann", "policy_id": "p2"});
    vec![
        Case::new("POST", "/request", "/request", [403, 403, 201]).with(new),
        Case::new("POST", "/request", "/request", [422, 422, 422]).with(json!([])),
        Case::new("GET", "/request", "/request", [401, 200, 200]),
        Case::new("GET", "/request/user", "/request/user", [401, 200, 200]),
        Case::new("POST", "/request/user_resource_paths", "/request/user_resource_paths", [401, 200, 200])
            .with(json!({"resource_paths": ["/a"]})),
        Case::new("GET", one, &url, [404, 404, 200]),
        Case::new("PUT", one, &url, [403, 403, 200]).with(json!({"status": "SUBMITTED"})),
        Case::new("PUT", one, "/request/x", [422, 422, 422]).with(json!({"status": "SUBMITTED"})),
        Case::new("DELETE", one, &url, [403, 403, 200]),
        Case::new("GET", "/_status", "/_status", [200, 200, 200]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ]
}

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    let cases = cases(made["request_id"].as_str().unwrap());
    check(Requestor::endpoints(), &cases, async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "nobody",
            Kind::Permitted => "boss",
        };
        world.send(case.verb(), &case.url, who, &case.body).await.0
    })
    .await;
    let (status, body) = world.send("PATCH", "/request", "boss", &Value::Null).await;
    assert_eq!((status, body), (405, json!({"detail": "Method Not Allowed"})));
    assert_eq!(world.get("/nothing", "boss").await, (404, json!({"detail": "Not Found"})));
}
