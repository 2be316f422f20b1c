//! Variables, which belong to a whole process, and what `commons config` says of them.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

fn commons(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG").envs(variables.iter().copied());
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn variables_stand_between_the_command_line_and_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("commons.toml"), "[up]\nport = 9000\nhost = '127.0.0.3'\ndemo = true")
        .unwrap();
    let variables = [
        ("COMMONS_PORT", "9001"),
        ("COMMONS_DEMO", "no"),
        ("COMMONS_DATABASE_URL", "postgres://ada:secret@db/x"),
    ];
    let shown = commons(folder.path(), &variables, &["config", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let file = folder.path().canonicalize().unwrap().join("commons.toml");
    let options = &shown["options"];
    assert_eq!(options["port"], json!({"value": "9001", "from": "environment", "where": "COMMONS_PORT"}));
    assert_eq!(options["host"], json!({"value": "127.0.0.3", "from": "file", "where": file}));
    assert_eq!(options["demo"]["value"], "no");
    assert_eq!(options["database-url"]["value"], "postgres://ada:***@db/x");
    assert_eq!(options["public-url"], json!({"value": null, "from": "default"}));
    assert_eq!(shown["settings_file"], json!(file));
    let table = commons(folder.path(), &variables, &["config"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("COMMONS_PORT") && !table.contains("ada:secret"), "{table}");
    assert!(!table.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn a_variable_that_does_not_fit_is_named_and_one_of_kubernetes_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let frog = commons(folder.path(), &[("COMMONS_PORT", "frog")], &["up", "--state", "s"]);
    let told = String::from_utf8(frog.stderr).unwrap();
    assert_eq!(frog.status.code(), Some(2), "{told}");
    assert!(told.contains("COMMONS_PORT"), "{told}");
    let shown = commons(folder.path(), &[("COMMONS_PORT", "tcp://10.0.0.1:80")], &["config", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["options"]["port"], json!({"value": "8080", "from": "default"}));
}

#[test]
fn the_options_of_a_service_are_shown_by_their_historic_variables() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DICTIONARY_URL", "https://example.org/d.json"), ("COMMONS_THREADS", "3")];
    let shown = commons(folder.path(), &variables, &["config", "serve", "sheepdog", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let options = &shown["options"];
    assert_eq!(options["dictionary"]["where"], "DICTIONARY_URL");
    assert_eq!(
        (&options["threads"]["value"], &options["threads"]["where"]),
        (&"3".into(), &"COMMONS_THREADS".into())
    );
    assert!(!commons(folder.path(), &[], &["config", "migrate"]).status.success());
}

#[test]
fn a_log_filter_that_is_not_understood_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = commons(folder.path(), &[("RUST_LOG", "info,commons=loud")], &["version"]);
    let told = String::from_utf8(told.stderr).unwrap();
    assert!(told.contains("RUST_LOG") && told.contains("loud"), "{told}");
    let plain = commons(folder.path(), &[("RUST_LOG", "info,sqlx=warn")], &["version"]);
    assert!(plain.stderr.is_empty());
}

#[test]
fn an_option_is_explained_by_whatever_name_it_is_called_and_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("commons.toml"), "[up]\nport = 9000").unwrap();
    let variables = [("COMMONS_DATABASE_URL", "postgres://ada:secret@db/x")];
    let explained = |arguments: &[&str]| {
        let line: Vec<&str> = ["config", "explain"].iter().chain(arguments).copied().collect();
        let shown = commons(folder.path(), &variables, &line);
        (shown.status.success(), String::from_utf8([shown.stdout, shown.stderr].concat()).unwrap())
    };
    let (done, port) = explained(&["port"]);
    assert!(done && port.contains("9000, from ") && port.contains("commons.toml"), "{port}");
    assert!(port.contains("8080") && port.contains("COMMONS_PORT") && port.contains("[up]"), "{port}");
    for key in ["--database-url", "database_url", "COMMONS_DATABASE_URL"] {
        let (done, told) = explained(&[key, "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert!(done);
        assert_eq!((&told["option"], &told["from"]), (&json!("database-url"), &json!("environment")));
        assert_eq!(told["value"], "postgres://ada:***@db/x");
        assert!(!told["meaning"].as_str().unwrap().is_empty(), "{told}");
    }
    let (done, told) = explained(&["DICTIONARY_URL", "serve", "sheepdog"]);
    assert!(done && told.contains("--dictionary of commons serve sheepdog"), "{told}");
    let (done, told) = explained(&["urls"]);
    assert!(!done && told.contains("has no option urls"), "{told}");
}
