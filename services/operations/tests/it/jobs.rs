//! sower's routes.

use serde_json::{Value, json};

use crate::support::World;

#[actix_web::test]
async fn a_job_is_dispatched_followed_and_gives_its_line() {
    let world = World::new().await;
    let order = json!({"action": "export-files", "input": {"say": "cohort"}});
    let (status, job) = world.send("POST", "/dispatch", "ada", &order).await;
    assert_eq!((status, &job["status"]), (200, &json!("Running")));
    let uid = job["uid"].as_str().unwrap();
    assert_eq!(job["name"], format!("export-files-{}", &uid[..5]));
    let output = format!("/output?UID={uid}");
    assert_eq!(world.get(&output, "ada").await, (200, json!({"output": ""})));
    let worker = world.work();
    world.ended(uid).await;
    let (_, told) = world.get(&format!("/status?UID={uid}"), "ada").await;
    assert_eq!((&told["uid"], &told["status"]), (&json!(uid), &json!("Completed")));
    let expected = json!({"output": "https://store.example/cohort?signed"});
    assert_eq!(world.get(&output, "ada").await, (200, expected));
    assert_eq!(world.get("/list", "ada").await.1, json!([told]));
    worker.stop().await;
}

#[actix_web::test]
async fn a_job_that_fails_says_so() {
    let world = World::new().await;
    let worker = world.work();
    let order = json!({"action": "export-files", "input": {"say": "no"}, "access_format": "guid"});
    let (_, job) = world.send("POST", "/dispatch", "ada", &order).await;
    let uid = job["uid"].as_str().unwrap();
    world.ended(uid).await;
    assert_eq!(world.get(&format!("/status?UID={uid}"), "ada").await.1["status"], "Failed");
    assert_eq!(world.get(&format!("/output?UID={uid}"), "ada").await.1, json!({"output": "it says no"}));
    worker.stop().await;
}

#[actix_web::test]
async fn jobs_are_each_users_own_and_need_the_right() {
    let world = World::new().await;
    let order = json!({"action": "export-files", "input": {}});
    let (_, job) = world.send("POST", "/dispatch", "ada", &order).await;
    let uid = job["uid"].as_str().unwrap();
    for path in [format!("/status?UID={uid}"), format!("/output?UID={uid}")] {
        let (status, told) = world.get(&path, "bob").await;
        assert_eq!((status, told), (404, json!("there is no job of this UID\n")), "{path}");
        assert_eq!(world.get(&path, "eve").await.0, 403, "{path}");
    }
    assert_eq!(world.get("/list", "bob").await.1, json!([]));
    assert_eq!(world.send("POST", "/dispatch", "eve", &order).await.0, 403);
    // The permission to do operations is not the one to have jobs.
    assert_eq!(world.get("/list", "reader").await.0, 403);
}

#[actix_web::test]
async fn what_is_wrong_is_a_line_of_text() {
    let world = World::new().await;
    let (status, told) = world.send("POST", "/dispatch", "ada", &json!({"action": "fly", "input": {}})).await;
    assert_eq!(status, 400);
    assert_eq!(told, "there is no action \"fly\"; there are: export-files, index-object-manifest\n");
    assert_eq!(world.get("/status", "ada").await, (400, json!("Missing UID argument\n")));
    assert_eq!(world.get("/status?UID=x", "ada").await.0, 404);
    let (status, _) = world.send("POST", "/dispatch", "ada", &Value::String("x".into())).await;
    assert_eq!(status, 400);
    assert_eq!(world.text("GET", "/_status", "", &Value::Null).await, (200, "Healthy".to_owned()));
}
