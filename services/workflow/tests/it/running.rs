//! Tasks to their end, behind real walls.

use std::time::Duration;

use serde_json::json;

use crate::support::World;

fn shell(script: &str) -> serde_json::Value {
    json!({"image": "i", "command": ["sh", "-c", script]})
}

#[actix_web::test]
async fn a_task_runs_to_its_end_or_says_why_not() {
    let Some(world) = World::that_runs().await else { return };
    let keeper = world.keeper();
    let good = json!({
        "inputs": [{"path": "/data/a", "content": "some text"}], "volumes": ["/vol"],
        "executors": [
            {"image": "i", "command": ["sh", "-c", "cat >/vol/x; exit 3"], "stdin": "/data/a",
             "ignore_error": true},
            {"image": "i", "command": ["cat", "/vol/x"], "stdout": "/out/said"},
        ],
    });
    let good = world.make("ada", &good).await;
    let bad = json!({"executors": [shell("echo oh >&2; exit 7"), shell("true")]});
    let bad = world.make("ada", &bad).await;
    let unread = world.make("eve", &json!({"inputs": [{"path": "/d/a", "url": "drs://known"}]})).await;
    let task = world.until_over(&good, "ada").await;
    assert_eq!(task["state"], "COMPLETE", "{task}");
    let log = &task["logs"][0];
    assert_eq!(
        (log["logs"][0]["exit_code"].as_i64(), log["logs"][1]["exit_code"].as_i64()),
        (Some(3), Some(0))
    );
    assert_eq!(log["logs"][1]["stdout"], "some text");
    assert!(log["start_time"].is_string() && log["end_time"].is_string());
    let task = world.until_over(&bad, "ada").await;
    assert_eq!(
        (task["state"].as_str(), task["logs"][0]["logs"].as_array().unwrap().len()),
        (Some("EXECUTOR_ERROR"), 1)
    );
    assert_eq!(task["logs"][0]["logs"][0]["stderr"], "oh\n");
    // Nobody answers at the address of the file.
    let task = world.until_over(&unread, "eve").await;
    assert_eq!(task["state"], "SYSTEM_ERROR", "{task}");
    let told = task["logs"][0]["system_logs"].to_string();
    assert!(told.contains("inputs[0]") && !told.contains("signature"), "{told}");
    keeper.stop().await;
    world.nothing_is_left();
    world.stop().await;
}

#[actix_web::test]
async fn a_canceled_task_ends_and_a_stopped_service_lets_tasks_wait_again() {
    let Some(world) = World::that_runs().await else { return };
    let keeper = world.keeper();
    let long = world.make("ada", &json!({"executors": [shell("sleep 600")]})).await;
    world.until(&long, "ada", "RUNNING").await;
    world.cancel(&long, "ada").await;
    assert_eq!(world.until_over(&long, "ada").await["state"], "CANCELED");
    world.cancel(&long, "ada").await;
    assert_eq!(world.get(&format!("/tasks/{long}"), "ada").await.1["state"], "CANCELED");
    let again = world.make("ada", &json!({"executors": [shell("sleep 2")]})).await;
    world.until(&again, "ada", "RUNNING").await;
    keeper.stop().await;
    assert_eq!(world.get(&format!("/tasks/{again}"), "ada").await.1["state"], "QUEUED");
    world.nothing_is_left();
    let keeper = world.keeper();
    let task = world.until_over(&again, "ada").await;
    assert_eq!((task["state"].as_str(), task["logs"].as_array().unwrap().len()), (Some("COMPLETE"), 2));
    keeper.stop().await;
    world.stop().await;
}

#[actix_web::test]
async fn what_a_killed_process_has_left_comes_to_an_end() {
    let Some(world) = World::that_runs().await else { return };
    let mut made = Vec::new();
    for (state, attempts, end) in [
        ("INITIALIZING", 1, "COMPLETE"),
        ("RUNNING", 2, "COMPLETE"),
        ("RUNNING", 3, "SYSTEM_ERROR"),
        ("CANCELING", 1, "CANCELED"),
    ] {
        let task = world.make("ada", &json!({})).await;
        world.leave(&task, state, attempts).await;
        made.push((task, end));
    }
    let keeper = world.keeper();
    for (task, end) in made {
        assert_eq!(world.until_over(&task, "ada").await["state"], end);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    keeper.stop().await;
    world.nothing_is_left();
    world.stop().await;
}
