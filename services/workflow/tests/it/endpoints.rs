//! Every endpoint, asked by nobody, by a user without any right, and by one who may make tasks.

use serde_json::json;
use testing::endpoints::{Kind, check};
use workflow::Workflows;

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let task = world.make("ada", &json!({})).await;
    check(Workflows::endpoints(), &cases(&task), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "bob",
            Kind::Permitted => "ada",
        };
        world.send(case.verb(), &case.url, who, &case.body).await.0
    })
    .await;
    assert_eq!(world.get("/tasks", "gone").await.0, 401);
    assert_eq!(world.get("/tasks", "unheard").await.0, 503);
    let wrong = world.send("DELETE", "/ga4gh/tes/v1/tasks", "ada", &json!(null)).await;
    assert_eq!(wrong, (405, json!({"detail": "Method Not Allowed"})));
    assert_eq!(world.get("/nothing", "ada").await, (404, json!({"detail": "Not Found"})));
    world.stop().await;
}

#[actix_web::test]
async fn what_is_no_task_is_refused() {
    let world = World::new().await;
    let input = |url: &str| json!({"inputs": [{"path": "/data/a", "url": url}]});
    for (more, status, told) in [
        (json!({"executors": []}), 400, "no command"),
        (json!({"tags": ["a"]}), 400, "map"),
        (json!({"tags": {"_AUTHZ": "/a"}}), 400, "reserved"),
        (json!({"executors": [{"image": "evil", "command": ["a"]}]}), 403, r#"["evil"]"#),
        (json!({"executors": [{"image": "of/eve:1", "command": ["a"]}]}), 403, r#"["of/eve:1"]"#),
        (json!({"executors": [{"image": "of/ada:1", "command": ["a"]}]}), 200, ""),
        (input("drs://missing"), 400, "inputs[0]: there is no file missing"),
        (input("https://evil.example/a"), 400, "leads out"),
        (input("s3://tasks/1/a"), 400, "not below your folder"),
        (input("drs://elsewhere"), 400, "inputs[0]: the bytes of elsewhere are not in the store"),
        (input("drs://known"), 200, ""),
    ] {
        let (got, said) = world.post(&more, "ada").await;
        assert_eq!(got, status, "{more}: {said}");
        assert!(status == 200 || said["detail"].as_str().unwrap().contains(told), "{said}");
    }
    let large = json!({"description": "x".repeat(9 << 20)});
    assert_eq!(world.post(&large, "ada").await.0, 413);
    // What was signed for the task is nobody's to see.
    let listed = world.get("/tasks?view=FULL", "ada").await.1;
    assert!(!listed.to_string().contains("signature"), "{listed}");
    world.stop().await;
}
