//! The built program: what it prints, and its exit status.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn commons(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(arguments).env_remove("RUST_LOG").env_remove("DATABASE_URL").stdin(Stdio::null());
    command.output().unwrap()
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_and_completions_are_printed() {
    let version: Value = serde_json::from_slice(&commons(&["version", "--json"]).stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&commons(&["completions", shell]).stdout).contains("healthcheck"), "{shell}");
    }
}

#[test]
fn the_exit_status_says_what_kind_of_failure_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing").display().to_string();
    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, r#"{"sample.yaml": {"id": "sample", "links": "none"}}"#).unwrap();
    let cases: [(&[&str], i32); 9] = [
        (&["up", "--port", "not-a-port"], 2),
        (&["user", "token", "ada", "--state", &nothing], 3),
        (&["database", "url", "fence", "--state", &nothing], 3),
        (&["dictionary", "check", &broken.display().to_string()], 4),
        (&["dictionary", "check", &nothing], 1),
        (&["backup", "run", &nothing, "--without-secrets", "--state", &nothing], 3),
        (&["backup", "run", &nothing, "--recipient", "age1nobody", "--state", &nothing], 3),
        (&["backup", "list", &nothing], 3),
        (&["backup", "prune", &nothing, "--keep", "0"], 2),
    ];
    for (arguments, wanted) in cases {
        let output = commons(arguments);
        assert_eq!(status(&output), Some(wanted), "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty() || wanted == 4, "{arguments:?} says nothing");
    }
}

/// Runs each command on the state folder and returns what it prints.
fn on(state: &Path, arguments: &[&str]) -> String {
    let output = commons(&[arguments, &["--state", &state.display().to_string()]].concat());
    assert_eq!(status(&output), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn claims(token: &str) -> Value {
    tokens::unverified(token).unwrap()
}

#[test]
fn one_line_says_that_everything_is_ready_and_commands_work_while_it_runs_and_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut up = Command::new(env!("CARGO_BIN_EXE_commons"));
    up.args(["up", "--json", "--port", "0", "--state"])
        .arg(&state)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut up = up.spawn().unwrap();
    let mut lines = BufReader::new(up.stdout.take().unwrap()).lines();
    let said: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(said["services"], json!({}), "services have no ports that other accounts could reach");
    assert_eq!(said["api_key_file"], json!(state.canonicalize().unwrap().join("credentials.json")));

    let token =
        on(&state, &["user", "token", "ada", "--create", "--expires-in=-60", "--scope", "openid,user"]);
    let claims_of_ada = claims(token.trim());
    assert_eq!(claims_of_ada["context"]["user"]["name"], "ada");
    assert_eq!(claims_of_ada["scope"], json!(["openid", "user"]));
    assert_eq!(claims_of_ada["exp"].as_i64().unwrap() - claims_of_ada["iat"].as_i64().unwrap(), -60);
    assert!(on(&state, &["database", "url", "indexd"]).contains("/indexd?host="));

    // SIGTERM, as a supervisor sends it.
    let pid = up.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(up.wait().unwrap().code(), Some(0));
    assert!(lines.next().is_none());

    let users: Value = serde_json::from_str(&on(&state, &["user", "list", "--json"])).unwrap();
    let names: Vec<&str> =
        users.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "admin"]);
    let file = folder.path().join("key.json");
    on(&state, &["user", "api-key", "ada", "--out", &file.display().to_string()]);
    let key: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(claims(key["api_key"].as_str().unwrap())["pur"], "api_key");
}

#[test]
fn a_configuration_that_fence_cannot_use_is_told_before_the_database_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("fence-config.yaml");
    std::fs::write(&config, "BASE_URL: https://commons.example/user\nDEVELOPMENT_LOGIN: true\n").unwrap();
    let config = config.display().to_string();
    // Nobody listens at port 1.
    let database = "postgresql://nobody@127.0.0.1:1/nothing";
    let output = commons(&["serve", "fence", "--port", "0", "--config", &config, "--database-url", database]);
    assert_eq!(status(&output), Some(1));
    assert!(text(&output.stderr).contains("DEVELOPMENT_LOGIN"), "{}", text(&output.stderr));
}
