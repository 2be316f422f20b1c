//! Another dictionary while the commons is at work, and what it would break.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use commons::up::Options;
use dictionary::Dictionary;
use serde_json::{Value, json};

use crate::running::Commons;

const SUBMISSION: &str = "/api/v0/submission";
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary/gdcdictionary/schemas");

/// Writes our dictionary to `folder`; version 0 as it is, others with a node type and a property more.
pub(crate) fn write_version(folder: &Path, version: u32) {
    fs::create_dir_all(folder).unwrap();
    for file in fs::read_dir(folder).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    for file in fs::read_dir(OURS).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    if version == 0 {
        return;
    }
    let study = fs::read_to_string(folder.join("subject.yaml")).unwrap();
    let more = format!("{study}\n  mood_{version}:\n    enum: [good, bad]\n    description: How it feels.\n");
    fs::write(folder.join("subject.yaml"), more).unwrap();
    let visit = json!({
        "id": format!("visit_{version}"), "title": "Visit", "type": "object", "category": "clinical",
        "program": "*", "project": "*", "validators": null, "additionalProperties": false,
        "systemProperties": ["id", "project_id", "state", "created_datetime", "updated_datetime"],
        "links": [{
            "name": "subjects", "backref": format!("visits_{version}"), "label": "describes",
            "target_type": "subject", "multiplicity": "many_to_one", "required": true,
        }],
        "required": ["submitter_id", "type", "subjects"],
        "uniqueKeys": [["id"], ["project_id", "submitter_id"]],
        "properties": {
            "$ref": "_definitions.yaml#/ubiquitous_properties",
            "type": {"enum": [format!("visit_{version}")]}, "day": {"type": "integer"},
            "subjects": {"$ref": "_definitions.yaml#/to_one"},
        },
    });
    // JSON is YAML.
    fs::write(folder.join(format!("visit_{version}.yaml")), visit.to_string()).unwrap();
}

async fn digest(folder: &Path) -> String {
    Dictionary::load(&folder.display().to_string()).await.unwrap().digest
}

async fn served(commons: &Commons) -> (Value, Value) {
    let (status, ready) = commons.get("/_ready").await;
    assert_eq!(status, 200, "{ready}");
    (ready["dictionaries"]["sheepdog"].clone(), ready["dictionaries"]["peregrine"].clone())
}

/// Waits until both services have the dictionary of `folder`.
async fn wait_for(commons: &Commons, folder: &Path) {
    let wanted = json!(digest(folder).await);
    let begun = Instant::now();
    while served(commons).await != (wanted.clone(), wanted.clone()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the new dictionary is not served");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn begin(folder: &Path) -> Commons {
    write_version(&folder.join("dictionary"), 0);
    let mut options = Options::on_free_ports(folder.join("state"));
    options.dictionary = Some(folder.join("dictionary").display().to_string());
    options.dictionary_refresh = Some(Duration::from_millis(100));
    let commons = Commons::start_with(options).await;
    let program = json!({ "type": "program", "name": "LIVE", "dbgap_accession_number": "LIVE" });
    assert_eq!(commons.send("POST", &format!("{SUBMISSION}/"), &program).await.0, 200);
    for code in ["p0", "p1"] {
        let project =
            json!({ "type": "project", "code": code, "name": code, "dbgap_accession_number": code });
        assert_eq!(commons.send("PUT", &format!("{SUBMISSION}/LIVE"), &project).await.0, 200);
        let project = json!({ "code": code });
        let study = json!({ "type": "study", "submitter_id": "st", "projects": project, "study_title": "T" });
        assert_eq!(commons.send("PUT", &format!("{SUBMISSION}/LIVE/{code}"), &study).await.0, 200);
    }
    commons
}

fn subject(name: &str) -> Value {
    json!({ "type": "subject", "submitter_id": name, "studies": [{ "submitter_id": "st" }], "cohort": "A" })
}

/// Submits new subjects until it is told to stop; returns how many.
async fn submit(commons: &Commons, project: &str, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let records = json!([subject(&format!("s{count}")), subject(&format!("s{count}-twin"))]);
        let (status, body) = commons.send("PUT", &format!("{SUBMISSION}/LIVE/{project}"), &records).await;
        assert_eq!((status, &body["created_entity_count"]), (200, &json!(2)), "{body}");
        count += 2;
    }
    count
}

/// Asks for subjects until it is told to stop.
async fn query(commons: &Commons, stop: &AtomicBool, asked: &AtomicUsize) {
    while !stop.load(Ordering::Relaxed) {
        let query = "{ subject(first: 5) { submitter_id studies { study_title } } _subject_count }";
        let query = json!({ "query": query });
        let (status, body) = commons.send("POST", &format!("{SUBMISSION}/graphql"), &query).await;
        assert_eq!((status, body.get("errors")), (200, None), "{body}");
        asked.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_fails_while_dictionaries_change_and_the_new_type_can_be_used_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let commons = Arc::new(begin(folder.path()).await);
    let dictionary = folder.path().join("dictionary");
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let change = async {
        for version in [1, 0, 2, 3, 0, 4] {
            write_version(&dictionary, version);
            wait_for(&commons, &dictionary).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let clients = async {
        tokio::join!(
            submit(&commons, "p0", &stop),
            submit(&commons, "p1", &stop),
            query(&commons, &stop, &asked),
            query(&commons, &stop, &asked),
        )
    };
    let (_, (first, second, (), ())) = tokio::join!(change, clients);
    assert!(first > 10 && second > 10 && asked.load(Ordering::Relaxed) > 10);

    let mut happy = subject("happy");
    happy["mood_4"] = json!("good");
    let visit = json!({
        "type": "visit_4", "submitter_id": "v1", "day": 3, "subjects": { "submitter_id": "happy" },
    });
    let (status, body) = commons.send("PUT", &format!("{SUBMISSION}/LIVE/p0"), &json!([happy, visit])).await;
    assert_eq!((status, &body["created_entity_count"]), (200, &json!(2)), "{body}");
    let query = json!({ "query": "{ _subject_count visit_4 { day subjects { submitter_id mood_4 } } }" });
    let (_, body) = commons.send("POST", &format!("{SUBMISSION}/graphql"), &query).await;
    let found = json!({
        "_subject_count": first + second + 1,
        "visit_4": [{ "day": 3.0, "subjects": [{ "submitter_id": "happy", "mood_4": "good" }] }],
    });
    assert_eq!(body["data"], found, "{body}");
    let (_, version) = commons.get("/api/_version").await;
    assert_eq!(version["dictionary"]["digest"], json!(digest(&dictionary).await));
    Arc::into_inner(commons).unwrap().running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_dictionary_changes_nothing_and_is_reported_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let commons = begin(folder.path()).await;
    let dictionary = folder.path().join("dictionary");
    let before = served(&commons).await;
    fs::write(dictionary.join("subject.yaml"), "id: subject\nlinks: [").unwrap();
    let report = folder.path().join("state/dictionary.json");
    let begun = Instant::now();
    while !report.exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the failure is not reported");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["outcome"], "failed", "{report}");
    assert!(report["error"].as_str().unwrap().contains("subject.yaml"), "{report}");
    assert_eq!(served(&commons).await, before);
    let (status, body) =
        commons.send("PUT", &format!("{SUBMISSION}/LIVE/p0"), &json!([subject("still")])).await;
    assert_eq!((status, &body["created_entity_count"]), (200, &json!(1)), "{body}");

    write_version(&dictionary, 1);
    wait_for(&commons, &dictionary).await;
    commons.running.stop().await;
}

/// `commons dictionary ...`: exit status, standard output and error.
fn command(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.arg("dictionary").args(arguments).env_remove("RUST_LOG").env_remove("DATABASE_URL");
    let output = tokio::task::block_in_place(|| command.output()).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_difference_of_two_dictionaries_counts_the_stored_records_that_the_new_one_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let commons = begin(folder.path()).await;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut records: Vec<Value> = (0..1003).map(|number| subject(&format!("s{number}"))).collect();
    records[7]["cohort"] = json!("B");
    let (status, body) = commons.send("PUT", &format!("{SUBMISSION}/LIVE/p0"), &json!(records)).await;
    assert_eq!((status, &body["created_entity_count"]), (200, &json!(1003)), "{body}");

    let same = command(&["diff", &path("dictionary"), &path("dictionary"), "--state", &path("state")]);
    assert_eq!(same.0, Some(0), "{same:?}");

    write_version(&folder.path().join("new"), 1);
    let (status, said, _) = command(&["diff", &path("dictionary"), &path("new")]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("visit_1: this node type is new (compatible)"), "{said}");

    let new = folder.path().join("new/subject.yaml");
    edit(&new, "  cohort:\n    type: string\n", "  cohort:\n    enum: [B]\n");
    fs::remove_file(folder.path().join("new/demographics.yaml")).unwrap();
    let (status, said, error) = command(&[
        "diff",
        &path("dictionary"),
        &path("new"),
        "--state",
        &path("state"),
        "--json",
        "--examples",
        "2",
    ]);
    assert_eq!(status, Some(4), "{said}{error}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let findings = said["stored"]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{said}");
    let finding = &findings[0];
    assert_eq!(
        (&finding["node"], &finding["property"], &finding["reason"], &finding["count"]),
        (&json!("subject"), &json!("cohort"), &json!("enum"), &json!(1002))
    );
    assert_eq!(finding["examples"].as_array().unwrap().len(), 2);
    commons.running.stop().await;

    // Also when nothing runs; in plain words.
    let (status, said, error) =
        command(&["diff", &path("dictionary"), &path("new"), "--state", &path("state")]);
    assert_eq!(status, Some(4), "{said}{error}");
    assert!(said.contains("subject.cohort: 1002 × a value that is not in the list, for example "), "{said}");
    assert!(error.contains("2 changes break something"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_commons_reloads_its_dictionary_on_command_and_says_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (dictionary, state) =
        (folder.path().join("dictionary"), folder.path().join("state").display().to_string());
    let reload = || command(&["reload", "--state", &state, "--json"]);
    assert_eq!(reload().0, Some(3), "nothing runs there");
    write_version(&dictionary, 0);
    let mut up = Command::new(env!("CARGO_BIN_EXE_commons"));
    up.args(["up", "--json", "--port", "0", "--dictionary-refresh", "0", "--state", &state, "--dictionary"]);
    let mut up = up.arg(&dictionary).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(up.stdout.take().unwrap()));
    tokio::task::block_in_place(|| lines.next().unwrap()).unwrap();

    let report = |said: &str| serde_json::from_str::<Value>(said).unwrap();
    let (status, said, error) = reload();
    assert_eq!((status, &report(&said)["outcome"]), (Some(0), &json!("unchanged")), "{error}");
    write_version(&dictionary, 1);
    let (status, said, error) = reload();
    let wanted = (Some(0), json!("replaced"), json!(digest(&dictionary).await));
    assert_eq!(
        (status, report(&said)["outcome"].clone(), report(&said)["digest"].clone()),
        wanted,
        "{error}"
    );
    fs::write(dictionary.join("subject.yaml"), "id: subject").unwrap();
    let (status, said, error) = reload();
    assert_eq!((status, &report(&said)["outcome"]), (Some(4), &json!("failed")), "{error}");
    assert!(error.contains("subject.yaml"), "{error}");

    let pid = rustix::process::Pid::from_child(&up);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(tokio::task::block_in_place(|| up.wait()).unwrap().code(), Some(0));
}
