//! Every endpoint, asked by nobody, by another user and by the owner.

use library::Library;
use serde_json::json;
use testing::endpoints::{Case, Kind, check};

use crate::support::{World, file};

/// Each user has a library; that of another is not there for them.
fn cases(id: &str) -> Vec<Case> {
    let one = "/lists/{list_id}";
    let url = format!("/lists/{id}");
    let list = json!({"name": "other", "items": {"a": file("1")}});
    vec![
        Case::new("GET", "/lists", "/lists/", [401, 200, 200]),
        Case::new("PUT", "/lists", "/lists", [401, 201, 201]).with(json!({"lists": [list]})),
        Case::new("GET", one, &url, [401, 404, 200]),
        Case::new("PATCH", one, &url, [401, 404, 200]).with(json!({"b": file("2")})),
        Case::new("PUT", one, &url, [401, 404, 200]).with(json!({"name": "again", "items": {}})),
        Case::new("GET", one, "/lists/1", [401, 422, 422]),
        Case::new("DELETE", one, &url, [401, 404, 204]),
        Case::new("DELETE", "/lists", "/lists", [401, 204, 204]),
        Case::new("GET", "/_status", "/_status", [201, 201, 201]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ]
}

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let id = world.make("7", "mine").await;
    check(Library::endpoints(), &cases(&id), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "8",
            Kind::Permitted => "7",
        };
        world.send(case.verb(), &case.url, who, &case.body).await.0
    })
    .await;
    assert_eq!(world.get("/lists", "client").await.0, 401, "a client without a user has no library");
}
