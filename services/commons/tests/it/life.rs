//! Starting, starting again, and refusing to start.

use commons::up::{Options, Running};
use serde_json::json;

use crate::running::Commons;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_there_after_a_restart_and_secrets_stay() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let commons = Commons::start_on(state.clone()).await;
    let program = json!({ "type": "program", "name": "STAYS", "dbgap_accession_number": "STAYS" });
    assert_eq!(commons.send("POST", "/api/v0/submission/", &program).await.0, 200);
    let secrets = std::fs::read(state.join("secrets.json")).unwrap();
    commons.running.stop().await;

    let commons = Commons::start_on(state.clone()).await;
    let (_, body) = commons.get("/api/v0/submission/").await;
    assert_eq!(body, json!({ "links": ["/v0/submission/STAYS"] }));
    assert_eq!(std::fs::read(state.join("secrets.json")).unwrap(), secrets);

    let second = Running::start(Options::on_free_ports(state)).await.err().unwrap().to_string();
    assert!(second.contains("--state"), "{second}");
    commons.running.stop().await;
}

#[tokio::test]
async fn the_development_login_is_refused_for_a_public_address() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.public_url = Some("https://commons.example.org".parse().unwrap());
    let refused = Running::start(options).await.err().unwrap().to_string();
    assert!(refused.contains("--no-development-login"), "{refused}");
}

#[tokio::test]
async fn a_broken_user_yaml_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user.yaml");
    std::fs::write(&file, "users: {ada: {policies: [missing]}}").unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.user_yaml = Some(file);
    let refused = format!("{:#}", Running::start(options).await.err().unwrap());
    assert!(refused.contains("missing") && refused.contains("user.yaml"), "{refused}");
    assert!(!folder.path().join("state/postgres").exists());
}
