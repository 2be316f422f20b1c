//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use requestor::Requestor;
use serde_json::{Value, json};
use testing::endpoints::{Kind, check};

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    let cases = cases(made["request_id"].as_str().unwrap(), "ann", "p2");
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
