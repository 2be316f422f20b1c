//! The built program in the background: `up --detach`, and the commands about a commons that runs.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// Runs a command on a state folder, in a folder without settings and without variables of ours.
fn commons(state: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(arguments).arg("--state").arg(state).current_dir(state.parent().unwrap());
    command.env_remove("RUST_LOG").stdin(Stdio::null()).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// Asks the commons at `url` for what is not there, and waits for its answer.
fn be_refused(url: &str) {
    let host = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    write!(connection, "GET /nothing HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

/// Stops the commons of a test that has failed.
struct Stopping<'a>(&'a Path);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        commons(self.0, &["stop"]);
    }
}

#[test]
fn a_commons_in_the_background_is_asked_restarted_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let _stopping = Stopping(&state);
    let nothing = commons(&state, &["status"]);
    assert_eq!(code(&nothing), Some(3), "{}", said(&nothing));

    let up = commons(&state, &["up", "--detach", "--port", "0", "--json"]);
    assert_eq!(code(&up), Some(0), "{}", said(&up));
    let announced: Value = serde_json::from_slice(&up.stdout).unwrap();
    let status = commons(&state, &["status", "--json"]);
    assert_eq!(code(&status), Some(0), "{}", said(&status));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!((&status["running"], &status["ready"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!((&status["url"], &status["services"]["sheepdog"]), (&announced["url"], &"ready".into()));

    let second = commons(&state, &["up", "--detach", "--port", "0"]);
    assert_eq!(code(&second), Some(3), "{}", said(&second));
    let logs = commons(&state, &["logs"]);
    assert_eq!(code(&logs), Some(0), "{}", said(&logs));
    let is_empty = fs::metadata(state.join("commons.log")).unwrap().len() == 0;
    assert!(!is_empty || said(&logs).contains("commons restart -v"), "{}", said(&logs));

    let again = commons(&state, &["restart", "-v"]);
    assert_eq!(code(&again), Some(0), "{}", said(&again));
    let now = commons(&state, &["status", "--json"]);
    let now: Value = serde_json::from_slice(&now.stdout).unwrap();
    assert_ne!(now["pid"], status["pid"]);
    be_refused(now["url"].as_str().unwrap());
    let is_logged = || said(&commons(&state, &["logs"])).contains("request refused");
    assert!((0..100).any(|_| is_logged()), "a refused request is in the log of `restart -v`");

    let open = commons(&state, &["open", "--print"]);
    let front = format!("redirect={}/", now["url"].as_str().unwrap());
    assert!(said(&open).trim_end().ends_with(&front), "{}", said(&open));
    assert_eq!(code(&commons(&state, &["stop"])), Some(0));
    assert_eq!(code(&commons(&state, &["stop"])), Some(0), "stopping twice is no failure");
    assert_eq!(code(&commons(&state, &["status"])), Some(3));
}

#[test]
fn what_keeps_a_commons_in_the_background_from_starting_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let missing = folder.path().join("missing").display().to_string();
    let up = commons(&state, &["up", "--detach", "--port", "0", "--dictionary", &missing]);
    assert_eq!(code(&up), Some(1), "{}", said(&up));
    assert!(said(&up).contains(&missing), "{}", said(&up));
    assert_eq!(code(&commons(&state, &["status"])), Some(3));
}

#[test]
fn names_make_no_users_by_mistake_and_files_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let _stopping = Stopping(&state);
    let up = commons(&state, &["up", "--detach", "--port", "0"]);
    assert_eq!(code(&up), Some(0), "{}", said(&up));
    for arguments in [&["user", "token", "tyypo"][..], &["user", "api-key", "tyypo", "--out", "key.json"]] {
        let refused = commons(&state, arguments);
        assert_eq!(code(&refused), Some(3), "{}", said(&refused));
        assert!(said(&refused).contains("--create"), "{}", said(&refused));
    }
    for empty in ["", "  ", " ada", "a\nb"] {
        assert_eq!(code(&commons(&state, &["user", "token", "--create", empty])), Some(2), "{empty:?}");
    }
    let users = commons(&state, &["user", "list", "--json"]);
    assert!(!said(&users).contains("tyypo"), "{}", said(&users));
    assert_eq!(code(&commons(&state, &["user", "token", "ada", "--create"])), Some(0));
    assert_eq!(code(&commons(&state, &["user", "token", "ada"])), Some(0));

    let file = folder.path().join("key.json");
    fs::write(&file, "precious").unwrap();
    let kept = commons(&state, &["user", "api-key", "ada", "--out", "key.json"]);
    assert_eq!(code(&kept), Some(3), "{}", said(&kept));
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let made = commons(&state, &["user", "api-key", "ada", "--out", "key.json", "--force"]);
    assert!(said(&made).contains(&file.canonicalize().unwrap().display().to_string()), "{}", said(&made));
    assert!(fs::read_to_string(&file).unwrap().contains("api_key"));
}
