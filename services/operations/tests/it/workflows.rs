//! argo-wrapper's routes.

use serde_json::{Value, json};

use crate::support::World;

#[actix_web::test]
async fn a_workflow_is_a_run() {
    let world = World::new().await;
    let submitted = json!({"workflow_name": "say", "say": "no"});
    let (status, name) = world.send("POST", "/wes/v2/submit", "op", &submitted).await;
    let name = name.as_str().unwrap().to_owned();
    assert_eq!((status, name.starts_with("say-")), (200, true), "{name}");
    let (status, told) = world.get(&format!("/wes/v2/status/{name}?uid=x"), "reader").await;
    assert_eq!((status, &told["phase"], &told["gen3username"]), (200, &json!("running"), &json!("op")));
    assert_eq!(world.get(&format!("/wes/v2/logs/{name}"), "op").await, (200, json!([])));
    let worker = world.work();
    world.ended(told["uid"].as_str().unwrap()).await;
    worker.stop().await;
    let (_, told) = world.get(&format!("/wes/v2/status/{name}"), "op").await;
    assert_eq!((&told["phase"], &told["wf_name"]), (&json!("failed"), &json!("say")));
    let (_, failed) = world.get(&format!("/wes/v2/logs/{name}"), "op").await;
    assert_eq!(failed[0]["error_message"], "it says no");
    let (status, again) =
        world.send("POST", &format!("/wes/v2/retry/{name}?uid=x"), "op", &Value::Null).await;
    let again = again.as_str().unwrap().strip_suffix(" retried successfully").unwrap().to_owned();
    assert_eq!((status, again == name), (200, false));
    let cancel = format!("/wes/v2/cancel/{again}");
    let (status, told) = world.send("POST", &cancel, "op", &Value::Null).await;
    assert_eq!((status, told), (200, json!(format!("{again} canceled successfully"))));
    assert_eq!(world.send("POST", &cancel, "op", &Value::Null).await.0, 409);
    let (_, listed) = world.get("/wes/v2/workflows", "op").await;
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, [&again, &name]);
    assert_eq!(world.get("/wes/v2/workflows?team_projects=/t", "op").await.1, json!([]));
    assert_eq!(world.get("/wes/v2/workflows", "reader").await.1, json!([]), "of the caller only");
}

#[actix_web::test]
async fn both_rights_are_needed_and_what_is_wrong_is_a_line_of_text() {
    let world = World::new().await;
    let submit = async |who, body: Value| world.send("POST", "/wes/v2/submit", who, &body).await;
    let say = json!({"workflow_name": "say"});
    assert_eq!(submit("", say.clone()).await.0, 401);
    assert_eq!(submit("admin", say.clone()).await, (403, json!("you may not use workflows\n")));
    assert_eq!(submit("reader", say).await.0, 403, "no right to start it");
    assert_eq!(submit("op", json!({"workflow_name": "fly"})).await.0, 404);
    assert_eq!(submit("op", json!({"workflow_name": "say", "team_project": "/t", "say": 1})).await.0, 400);
    let (status, told) = submit("op", json!({"team_project": "/t"})).await;
    assert_eq!((status, told), (400, json!("workflow_name: it is the name of a kind of operation\n")));
    let (_, run) = world.send("POST", "/v1/runs", "op", &json!({"kind": "say"})).await;
    let other = format!("/wes/v2/status/export-{}", run["id"].as_str().unwrap());
    assert_eq!(world.get(&other, "op").await, (404, json!("there is no such workflow\n")));
    assert_eq!(world.get("/wes/v2/status/gwas-1", "op").await.0, 404);
}
