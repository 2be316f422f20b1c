//! Starting, starting again, and refusing to start.

use std::{path::Path, process::Command};

use arborist::sync::HeavyLoss;
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

/// What arborist says of ada's rights.
async fn rights_of_ada(commons: &Commons) -> serde_json::Value {
    let state = &commons.running.announcement().state;
    let token = Command::new(env!("CARGO_BIN_EXE_commons"))
        .args(["user", "token", "ada", "--state"])
        .arg(state)
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    answer(commons.anonymous("GET", "/authz/mapping").bearer_auth(token.trim())).await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_of_a_user_yaml_are_loaded_beside_the_administrators_and_outlive_a_start_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user.yaml");
    std::fs::write(&file, READER).unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.user_yaml = Some(file);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_with_a_user_yaml_that_takes_nearly_everything_away_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user.yaml");
    std::fs::write(&file, READER).unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.user_yaml = Some(file.clone());
    Commons::start_with(options.clone()).await.running.stop().await;

    for (text, wanted) in [("", "says nothing"), ("users: {ada: {}}", "takes away 1 of 1 grants")] {
        std::fs::write(&file, text).unwrap();
        let refused = format!("{:#}", Running::start(options.clone()).await.err().unwrap());
        assert!(refused.contains(wanted), "{refused}");
    }
    let commons = Commons::start_on(folder.path().join("state")).await;
    assert!(rights_of_ada(&commons).await["/programs/YAML"].is_array());
    commons.running.stop().await;

    options.heavy_loss = HeavyLoss::Allowed;
    let commons = Commons::start_with(options).await;
    assert_eq!(rights_of_ada(&commons).await, json!({}));
    commons.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_another_dictionary_hides_are_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let commons = Commons::start_on(state.clone()).await;
    assert_eq!(commons.running.warnings(), [] as [String; 0]);
    let program = json!({ "type": "program", "name": "P", "dbgap_accession_number": "P" });
    assert_eq!(commons.send("POST", "/api/v0/submission/", &program).await.0, 200);
    let project = json!({ "type": "project", "code": "x", "name": "x", "dbgap_accession_number": "x" });
    assert_eq!(commons.send("PUT", "/api/v0/submission/P", &project).await.0, 200);
    let study =
        json!([{ "type": "study", "submitter_id": "s", "study_title": "s", "projects": { "code": "x" } }]);
    let (status, answer) = commons.send("PUT", "/api/v0/submission/P/x", &study).await;
    assert_eq!(status, 200, "{answer}");
    commons.running.stop().await;

    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary/gdcdictionary/schemas");
    let small = folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    for name in ["_definitions", "_terms", "_settings", "program", "project"] {
        let file = format!("{name}.yaml");
        std::fs::copy(schemas.join(&file), small.join(&file)).unwrap();
    }
    let mut options = Options::on_free_ports(state);
    options.dictionary = Some(small.display().to_string());
    let commons = Commons::start_with(options).await;
    let warnings = commons.running.warnings().join("\n");
    assert!(warnings.contains("1 record in the table node_study"), "{warnings}");
    commons.running.stop().await;
}
