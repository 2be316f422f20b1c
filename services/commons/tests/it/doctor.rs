//! `commons doctor`: what is wrong is found and told with its remedy, and what is well is left alone.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use commons::up::{Options, Running};
use serde_json::Value;
use testing::TestDatabase;

fn doctor(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.arg("doctor").args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env_remove("RUST_LOG").output().unwrap()
}

/// State and words of everything that was found under a name.
fn found(folder: &Path, what: &str, arguments: &[&str]) -> Vec<(String, String)> {
    let output = doctor(folder, &[&["--json"], arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let has_errors = checks.iter().any(|check| check["state"] == "error");
    assert_eq!(report["in_order"], Value::Bool(!has_errors));
    assert_eq!(output.status.code(), Some(if has_errors { 4 } else { 0 }), "{report}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |check: &Value| {
        (text(&check["state"]), format!("{} {}", text(&check["said"]), text(&check["remedy"])))
    };
    checks.iter().filter(|check| check["what"] == what).map(of).collect()
}

#[test]
fn each_misconfiguration_is_found_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    write("users.yaml", "users:\n  ada: {policies: [nope]}\n");
    write("broken.json", r#"{"sample.yaml": {"id": "sample", "links": "none"}}"#);
    write("no.pem", "frog");
    write("wrong.toml", "[up]\nfrog = 1\n");
    let cases: [(&str, &[&str], &str, &str); 9] = [
        ("port", &["--", "--port", &taken], "error", "--port"),
        ("user.yaml", &["--", "--user-yaml", "users.yaml"], "error", "line 2"),
        ("user.yaml", &["--", "--user-yaml", "nothing.yaml"], "error", "nothing.yaml"),
        ("dictionary", &["--", "--dictionary", "broken.json"], "error", "dictionary check"),
        ("certificate", &["--", "--tls", "no.pem", "no.pem"], "error", "no.pem"),
        ("disk", &["--", "--object-store-reserve", "99999999999"], "warning", "--object-store-reserve"),
        ("postgresql", &["--", "--database-url", "postgres://x@127.0.0.1:1/x"], "error", "--database-url"),
        ("public URL", &["--", "--public-url", "http://commons.invalid"], "error", "development login"),
        ("settings", &["--state", "s", "--", "--port", "frog"], "error", "frog"),
    ];
    for (what, arguments, state, words) in cases {
        let found = found(folder.path(), what, arguments);
        let is_told = |(is, told): &(String, String)| is == state && told.contains(words);
        assert!(found.iter().any(is_told), "{what} {arguments:?}: {found:?}");
    }
    let unknown = ["--", "--public-url", "http://commons.invalid", "--no-development-login"];
    assert!(found(folder.path(), "public URL", &unknown)[0].1.contains("DNS"));
    let output = Command::new(env!("CARGO_BIN_EXE_commons"))
        .args(["--settings", "wrong.toml", "doctor"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && told.contains("frog"), "{told}");
    assert!(!folder.path().join(".commons").exists(), "looking makes nothing");
}

#[test]
fn few_descriptors_and_a_folder_that_others_can_read_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    let program = env!("CARGO_BIN_EXE_commons");
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -n 300; exec {program} doctor --json --state state -- --port 0")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let state_of = |what: &str| {
        let checks = report["checks"].as_array().unwrap();
        let of = checks.iter().filter(|check| check["what"] == what);
        of.map(|check| check["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(state_of("descriptors"), ["error"], "{report}");
    assert_eq!(state_of("state folder"), ["ok", "warning"], "{report}");
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o755, "looking changes nothing");
}

#[tokio::test]
async fn what_is_well_is_not_complained_of_while_it_runs_and_before() {
    commons::install_crypto();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let shown = state.display().to_string();
    let errors = |output: &Output| {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        checks.into_iter().filter(|check| check["state"] == "error").collect::<Vec<_>>()
    };
    let before = doctor(folder.path(), &["--json", "--state", &shown, "--", "--port", "0"]);
    assert_eq!(errors(&before), Vec::<Value>::new());
    let running = Running::start(Options::on_free_ports(state)).await.unwrap();
    let port = running.local_url().rsplit_once(':').unwrap().1.to_owned();
    let place = folder.path().to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let arguments = ["--json", "--state", &shown, "--", "--port", &port];
        (doctor(&place, &arguments), doctor(&place, &arguments[1..]))
    });
    let (output, for_people) = looked.await.unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(errors(&output), Vec::<Value>::new());
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("are ready") && text.contains("is the running commons'"), "{text}");
    let for_people = String::from_utf8(for_people.stdout).unwrap();
    assert!(for_people.contains("postgresql") && !for_people.contains("error"), "{for_people}");
    let place = folder.path().to_owned();
    let upgrade = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
        command.args(["upgrade", "check", "--state", "state"]).current_dir(place).output().unwrap()
    });
    let upgrade = String::from_utf8(upgrade.await.unwrap().stdout).unwrap();
    assert_eq!(upgrade.matches("nothing would be changed").count(), 12, "{upgrade}");
    running.stop().await;
}

#[tokio::test]
async fn what_taking_databases_over_does_is_told_and_nothing_of_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let old = TestDatabase::new("requestor", async |pool| Ok(requestor::migrate(pool).await?)).await;
    sqlx::query("drop table requests").execute(&old.pool).await.unwrap();
    sqlx::query("create table mine (x text)").execute(&old.pool).await.unwrap();
    let unknown = TestDatabase::empty().await;
    for statement in
        ["create table alembic_version (version_num text)", "insert into alembic_version values ('frog')"]
    {
        sqlx::query(statement).execute(&unknown.pool).await.unwrap();
    }
    let databases = [
        format!("--database=requestor={}", old.url),
        format!("--database=audit={}", unknown.url),
        "--database=wts=postgres://x@127.0.0.1:1/x".to_owned(),
    ];
    let arguments: Vec<&str> =
        std::iter::once("--existing").chain(databases.iter().map(String::as_str)).collect();
    let told = |what: &str| found(folder.path(), what, &arguments).pop().unwrap();
    let (state, said) = told("requestor");
    assert!(state == "ok" && said.contains("makes table requests") && !said.contains("mine"), "{said}");
    let (state, said) = told("audit");
    assert!(state == "error" && said.contains("revision frog"), "{said}");
    assert_eq!(told("wts").0, "error");
    let is_there = "select to_regclass('requests') is not null";
    assert!(!sqlx::query_scalar::<_, bool>(is_there).fetch_one(&old.pool).await.unwrap());
}
