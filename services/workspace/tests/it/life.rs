//! A workspace from its launch to its end.

use std::{sync::Arc, time::Duration};

use executor::{Condition, ContainerState, Seen};
use serde_json::{Value, json};
use workspace::Limits;

use crate::support::World;

#[actix_web::test]
async fn a_workspace_is_launched_watched_and_terminated() {
    let world = World::new().await;
    let none = json!({
        "status": "Not Found", "conditions": null, "containerStates": null, "idleTimeLimit": 0,
        "lastActivityTime": 0, "workspaceType": "Double"
    });
    assert_eq!(world.json("/status", "ada").await, none);
    *world.executor.last_activity.lock().unwrap() = Some("2030-01-02T03:04:05.678Z".into());
    world.launch("ada").await;
    let started = world.executor.of("ada").unwrap();
    assert_eq!(started.env["API_KEY"], "the key");
    assert_eq!(started.env["API_KEY_ID"], world.keys.made.lock().unwrap()[0].to_string());
    assert_eq!(started.env["GEN3_ENDPOINT"], "localhost:8080");
    assert_eq!(started.env["WORKSPACE_FLAVOR"], "jupyter");

    let starting = Seen::Starting {
        conditions: vec![Condition { kind: "PodScheduled".into(), status: "False".into() }],
        containers: vec![ContainerState { name: "c".into(), state: json!({"waiting": {}}), ready: false }],
    };
    world.executor.see("ada", starting);
    let status = world.json("/status", "ada").await;
    assert_eq!(status["status"], "Launching");
    assert_eq!(status["conditions"], json!([{"type": "PodScheduled", "status": "False"}]));
    assert_eq!(status["containerStates"], json!([{"name": "c", "state": {"waiting": {}}, "ready": false}]));

    world.executor.see("ada", Seen::Ready);
    let status = world.json("/status", "ada").await;
    assert_eq!(status["status"], "Running");
    assert_eq!(
        (&status["idleTimeLimit"], &status["lastActivityTime"]),
        (&json!(5_400_000), &json!(1_893_553_445_678_i64))
    );
    assert_eq!(world.json("/status", "eve").await["status"], "Not Found");
    let path = format!("/launch?id={}", world.id("Jupyter Lab").await);
    assert_eq!(world.send("POST", &path, "ada").await.0, 409, "one workspace a user");
    assert_eq!(world.send("POST", "/setpaymodel?id=a", "ada").await.0, 500);
    assert_eq!(world.send("POST", "/resetpaymodels", "ada").await.0, 500);
    let costs: Value = world.json("/allCosts", "ada").await;
    assert_eq!((&costs["total_pods"], &costs["pods"][0]["pod_name"]), (&json!(1), &json!("hatchery-ada")));
    assert_eq!(world.json("/allCosts", "eve").await["total_pods"], 0);

    assert_eq!(world.send("POST", "/terminate", "ada").await, (200, "Terminated workspace".into()));
    assert_eq!(world.status("ada").await, "Not Found");
    world.until_nothing_is_left().await;
    assert_eq!(world.send("POST", "/terminate", "ada").await, (404, "You have no workspace\n".into()));
    world.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_started_leaves_nothing() {
    let world = World::new().await;
    let keeper = world.keeper();
    let path = format!("/launch?id={}", world.id("Jupyter Lab").await);
    *world.executor.fails.lock().unwrap() = true;
    assert_eq!(world.send("POST", &path, "ada").await, (500, "the image cannot be had\n".into()));
    world.until_nothing_is_left().await;
    *world.keys.refuses.lock().unwrap() = true;
    let (status, text) = world.send("POST", &path, "ada").await;
    assert!(status == 500 && text.contains("log in with a browser"), "{status} {text}");
    world.until_nothing_is_left().await;
    *world.keys.refuses.lock().unwrap() = false;
    world.launch("ada").await;
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn a_program_that_ends_by_itself_is_stopped_and_its_key_is_dead() {
    let world = World::new().await;
    let keeper = world.keeper();
    world.launch("ada").await;
    world.executor.see("ada", Seen::Ended);
    while world.keys.living() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.status("ada").await, "Stopped");
    // The next launch clears it away.
    world.launch("ada").await;
    assert_eq!((world.status("ada").await, world.keys.living()), ("Running".into(), 1));
    // One that disappears altogether is as good as terminated.
    world.executor.started.lock().unwrap().clear();
    world.until_nothing_is_left().await;
    assert_eq!(world.status("ada").await, "Not Found");
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn an_unused_workspace_is_ended() {
    let world = World::new().await;
    let keeper = world.keeper();
    *world.executor.last_activity.lock().unwrap() = Some("2020-01-01T00:00:00Z".into());
    world.launch("ada").await;
    world.until_nothing_is_left().await;
    // One whose program does not say when it was used is left alone.
    *world.executor.last_activity.lock().unwrap() = None;
    world.launch("eve").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.status("eve").await, "Running");
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn there_are_not_more_than_may_be() {
    let world = World::with(Limits { most: 1, ..Limits::default() }).await;
    world.launch("ada").await;
    let path = format!("/launch?id={}", world.id("Jupyter Lab").await);
    let (status, text) = world.send("POST", &path, "eve").await;
    assert_eq!(
        (status, text.as_str()),
        (503, "There are too many workspaces at the moment; try again later\n")
    );
    assert_eq!(world.keys.living(), 1, "no key was made for it");
    world.stop().await;
}

#[actix_web::test]
async fn a_launch_that_is_terminated_meanwhile_leaves_nothing() {
    let world = Arc::new(World::new().await);
    let keeper = world.keeper();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    *world.executor.gate.lock().unwrap() = Some(gate.clone());
    let path = format!("/launch?id={}", world.id("Jupyter Lab").await);
    let (launching, url) = (world.clone(), path.clone());
    let launch = actix_web::rt::spawn(async move { launching.send("POST", &url, "ada").await });
    while world.executor.of("ada").is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.status("ada").await, "Launching");
    assert_eq!(world.send("POST", &path, "ada").await.0, 409, "it is being launched");
    assert_eq!(world.send("POST", "/terminate", "ada").await.0, 200);
    assert_eq!(world.status("ada").await, "Terminating");
    gate.add_permits(1);
    assert_eq!(launch.await.unwrap().0, 409);
    world.until_nothing_is_left().await;
    keeper.stop().await;
}
