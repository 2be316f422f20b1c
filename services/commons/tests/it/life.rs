//! Starting, starting again, and refusing to start.

use commons::up::{Options, Running};
use serde_json::json;

use crate::running::{Commons, answer};

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

const READER: &str = "
authz:
  resources: [{name: programs, subresources: [{name: YAML}]}]
  roles: [{id: reader, permissions: [{id: reader, action: {service: '*', method: read}}]}]
  policies: [{id: yaml_reader, role_ids: [reader], resource_paths: [/programs/YAML]}]
users:
  ada: {policies: [yaml_reader]}
";

/// What arborist says to the commons about ada.
async fn rights_of_ada(commons: &Commons) -> serde_json::Value {
    let arborist = &commons.running.announcement().services["arborist"];
    let request =
        commons.signed("POST", &format!("{arborist}/auth/mapping")).json(&json!({ "username": "ada" }));
    answer(request).await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_of_a_user_yaml_are_loaded_beside_the_administrators_and_outlive_a_start_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user.yaml");
    std::fs::write(&file, READER).unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.user_yaml = Some(file);
    options.service_ports = true;
    let wanted = json!({ "/programs/YAML": [{ "service": "*", "method": "read" }] });

    let commons = Commons::start_with(options).await;
    assert_eq!(rights_of_ada(&commons).await, wanted);
    let (_, admin) = commons.get("/user/user").await;
    assert_eq!((&admin["username"], &admin["is_admin"]), (&json!("admin"), &json!(true)));
    assert!(admin["authz"]["/programs"].is_array(), "{admin}");
    commons.running.stop().await;

    let commons = Commons::start_on(folder.path().join("state")).await;
    assert_eq!(rights_of_ada(&commons).await, wanted);
    commons.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_connection_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let commons = Commons::start_on(folder.path().join("state")).await;
    let paths = ["/api/v0/submission/", "/index/index", "/user/user", "/authz/mapping"];
    for path in paths {
        assert_eq!(commons.get(path).await.0, 200, "{path}");
    }
    // As a restart of the database does it, but without the time that this takes.
    let run: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&commons.running.announcement().run_file).unwrap()).unwrap();
    let url = run["databases"]["fence"].as_str().unwrap();
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let killed: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'commons'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(killed > 0);
    pool.close().await;
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    for path in paths {
        assert_eq!(commons.get(path).await.0, 200, "{path} after its connections were lost");
    }
    commons.running.stop().await;
}
