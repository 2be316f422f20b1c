//! Runs over HTTP.

use serde_json::{Value, json};

use crate::support::World;

#[actix_web::test]
async fn a_run_is_started_followed_and_told() {
    let world = World::new().await;
    let worker = world.work();
    let asked = json!({"kind": "say", "params": {"say": "hello"}});
    let (status, run) = world.send("POST", "/v1/runs", "op", &asked).await;
    assert_eq!(
        (status, run["state"].as_str(), run["requested_by"].as_str()),
        (201, Some("queued"), Some("op"))
    );
    let id = run["id"].as_str().unwrap();
    let path = format!("/v1/runs/{id}/logs");
    let (status, events) = world.accepting("text/event-stream", "GET", &path, "op", &Value::Null).await;
    assert_eq!(status, 200);
    assert!(events.contains("data: attempt 1 of 1\n\n") && events.contains("data: hello\n\n"), "{events}");
    assert!(events.ends_with("event: end\ndata: succeeded\n\n"), "{events}");
    let (_, text) = world.text("GET", &path, "reader", &Value::Null).await;
    assert!(text.lines().any(|line| line.ends_with("Z hello")), "{text}");
    let (_, told) = world.get(&format!("/v1/runs/{id}"), "reader").await;
    assert_eq!((&told["state"], &told["result"]), (&json!("succeeded"), &json!({"said": "hello"})));
    let (status, again) = world.send("POST", &format!("/v1/runs/{id}/retry"), "op", &Value::Null).await;
    assert_eq!((status, &again["retry_of"]), (201, &json!(id)));
    assert_eq!(world.send("POST", &format!("/v1/runs/{id}/retry"), "reader", &Value::Null).await.0, 403);
    worker.stop().await;
}

#[actix_web::test]
async fn what_is_wrong_is_told_as_a_problem() {
    let world = World::new().await;
    let post = async |body: Value| world.send("POST", "/v1/runs", "op", &body).await;
    let (status, problem) = post(json!({"kind": "say", "params": {"say": 1}})).await;
    assert_eq!((status, &problem["detail"]), (400, &json!("params: say: it is a text")));
    assert_eq!(problem["title"], "Bad Request");
    assert_eq!(post(json!({"kind": "say", "parms": {}})).await.0, 400);
    assert_eq!(post(json!({"kind": "say", "params": {"x": "y".repeat(600_000)}})).await.0, 413);
    let (status, problem) = world.send("POST", "/v1/runs", "reader", &json!({"kind": "say"})).await;
    assert_eq!(
        (status, &problem["detail"]),
        (403, &json!("you may not create operations of the kind \"say\""))
    );
}

#[actix_web::test]
async fn lists_have_pages_and_show_no_run_that_may_not_be_seen() {
    let world = World::new().await;
    for who in ["op", "op", "op"] {
        assert_eq!(world.send("POST", "/v1/runs", who, &json!({"kind": "say"})).await.0, 201);
    }
    let own = json!({"action": "export-files", "input": {}});
    let (_, job) = world.send("POST", "/dispatch", "ada", &own).await;
    let (_, first) = world.get("/v1/runs?kind=say&size=2", "reader").await;
    let next = first["next"].as_str().unwrap();
    let (_, second) = world.get(&format!("/v1/runs?kind=say&size=2&after={next}"), "reader").await;
    let count = |page: &Value| page["runs"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), &second["next"]), (2, 1, &Value::Null));
    let (_, of_ada) = world.get("/v1/runs", "ada").await;
    assert_eq!((count(&of_ada), &of_ada["runs"][0]["id"]), (1, &job["uid"]));
    let (_, of_eve) = world.get("/v1/runs", "eve").await;
    assert_eq!(count(&of_eve), 0);
    assert_eq!(count(&world.get("/v1/runs", "op").await.1), 4);
    // Own runs of a kind that shows them only.
    let id = job["uid"].as_str().unwrap();
    assert_eq!(world.get(&format!("/v1/runs/{id}"), "ada").await.0, 200);
    assert_eq!(world.get(&format!("/v1/runs/{id}"), "bob").await.0, 403);
    assert_eq!(world.send("POST", &format!("/v1/runs/{id}/cancel"), "bob", &Value::Null).await.0, 403);
    let (status, canceled) = world.send("POST", &format!("/v1/runs/{id}/cancel"), "ada", &Value::Null).await;
    assert_eq!((status, &canceled["state"]), (200, &json!("canceled")));
    assert_eq!(world.send("POST", &format!("/v1/runs/{id}/retry"), "ada", &Value::Null).await.0, 201);
}

#[actix_web::test]
async fn everybody_may_know_what_can_serve_and_operators_why_not() {
    let world = World::new().await;
    let (_, told) = world.get("/v1/health", "").await;
    assert_eq!(told["ready"], false);
    assert_eq!(told["services"][1], json!({"service": "indexd", "ready": false}));
    let (_, told) = world.get("/v1/health", "op").await;
    assert_eq!(told["services"][1]["why"], "its database is away");
    let (_, kinds) = world.get("/v1/kinds", "reader").await;
    assert_eq!(kinds["kinds"][0]["runs"], Value::Null);
    assert_eq!(kinds["kinds"][2]["runs"], json!({}));
    assert_eq!(kinds["schedules"], json!([]));
}

#[actix_web::test]
async fn only_so_many_follow_at_once() {
    let config = operations::Config { most_followers: 0, ..operations::Config::default() };
    let world = World::with(config).await;
    let (_, run) = world.send("POST", "/v1/runs", "op", &json!({"kind": "say"})).await;
    let path = format!("/v1/runs/{}/logs", run["id"].as_str().unwrap());
    assert_eq!(world.accepting("text/event-stream", "GET", &path, "op", &Value::Null).await.0, 429);
}
