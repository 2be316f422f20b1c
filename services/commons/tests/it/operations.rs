//! Operations of a whole commons: asked for over HTTP and at the command line, and jobs for users.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use crate::running::{Calls, Commons, answer};

const SUBMISSION: &str = "/api/v0/submission";

pub(crate) async fn fill(commons: &Commons) {
    let program = json!({"type": "program", "name": "OPS", "dbgap_accession_number": "OPS"});
    assert_eq!(commons.send("POST", &format!("{SUBMISSION}/"), &program).await.0, 200);
    let project = json!({"type": "project", "code": "one", "name": "One", "dbgap_accession_number": "one"});
    assert_eq!(commons.send("PUT", &format!("{SUBMISSION}/OPS"), &project).await.0, 200);
    let records = json!([
        {"type": "study", "submitter_id": "st", "projects": {"code": "one"}, "study_title": "T"},
        {"type": "subject", "submitter_id": "s1", "studies": [{"submitter_id": "st"}], "cohort": "A"},
        {"type": "subject", "submitter_id": "s2", "studies": [{"submitter_id": "st"}], "cohort": "B"},
    ]);
    let (status, body) = commons.send("PUT", &format!("{SUBMISSION}/OPS/one"), &records).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
}

/// The run, once it has ended.
pub(crate) async fn ended(commons: &Commons, id: &str) -> Value {
    for _ in 0..600 {
        let (status, run) = commons.get(&format!("/ops/v1/runs/{id}")).await;
        assert_eq!(status, 200, "{run}");
        if !matches!(run["state"].as_str(), Some("queued" | "running")) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run does not end");
}

pub(crate) async fn run(commons: &Commons, kind: &str, params: Value) -> Value {
    let asked = json!({"kind": kind, "params": params});
    let (status, run) = commons.send("POST", "/ops/v1/runs", &asked).await;
    assert_eq!(status, 201, "{run}");
    ended(commons, run["id"].as_str().unwrap()).await
}

async fn exported(commons: &Commons, input: Value) -> (Value, Value) {
    let order = json!({"action": "export-files", "input": input});
    let (status, job) = commons.send("POST", "/job/dispatch", &order).await;
    assert_eq!((status, &job["status"]), (200, &json!("Running")), "{job}");
    let uid = job["uid"].as_str().unwrap();
    let run = ended(commons, uid).await;
    let (status, output) = commons.get(&format!("/job/output?UID={uid}")).await;
    assert_eq!(status, 200);
    (run, output["output"].clone())
}

async fn operations_are_done(calls: Calls) {
    let commons = Commons::start(calls).await;
    fill(&commons).await;
    let (status, health) = commons.get("/ops/v1/health").await;
    assert_eq!((status, &health["ready"]), (200, &json!(true)), "{health}");
    let (_, kinds) = commons.get("/ops/v1/kinds").await;
    let names: Vec<&str> =
        kinds["kinds"].as_array().unwrap().iter().filter_map(|kind| kind["kind"].as_str()).collect();
    let known =
        ["etl", "expired-access", "expired-clients", "index-gc", "index-scan", "object-scrub", "pfb-export"];
    assert_eq!(names, known);
    for kind in ["expired-access", "expired-clients", "etl"] {
        let done = run(&commons, kind, json!({})).await;
        assert_eq!(done["state"], "succeeded", "{done}");
    }
    its_stores_are_known(&commons).await;
    let (status, _) = commons.send("POST", "/ops/v1/runs", &json!({"kind": "usersync"})).await;
    assert_eq!(status, 404, "there is no user.yaml");
    // A cohort: one of two subjects, and what it links to.
    let filter = json!({"AND": [{"IN": {"cohort": ["A"]}}]});
    let (done, url) = exported(&commons, json!({"filter": filter, "root_node": "subject"})).await;
    assert_eq!(done["state"], "succeeded", "{done}");
    let nodes = json!({"program": 1, "project": 1, "study": 1, "subject": 1});
    assert_eq!(done["result"]["nodes"], nodes, "{done}");
    let answer = commons.signed("GET", url.as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.starts_with(b"Obj\x01") && bytes.len() > 1_000, "an Avro file");
    let (done, told) =
        exported(&commons, json!({"filter": {"=": {"cohort": "C"}}, "root_node": "subject"})).await;
    assert_eq!(
        (&done["state"], &told),
        (&json!("failed"), &json!("the cohort has no record that you may read"))
    );
    let (_, jobs) = commons.get("/job/list").await;
    assert_eq!(jobs.as_array().unwrap().len(), 2, "{jobs}");
    for path in ["/job/list", "/job/_status"] {
        assert!(matches!(answer_to_nobody(&commons, path).await, 401 | 403), "{path}");
    }
    assert_eq!(answer_to_nobody(&commons, "/ops/v1/runs").await, 401);
    if calls == Calls::Direct {
        at_the_command_line(&commons);
    }
    commons.running.stop().await;
}

/// What is told of the stores, all of which this process has, and of its settings: it was given none.
async fn its_stores_are_known(commons: &Commons) {
    let urls = json!(["s3://commons-data/a", "s3://elsewhere/a"]);
    for (urls, size) in [(urls, 7), (json!([]), 5)] {
        let record = json!({"form": "object", "size": size, "hashes": {"md5": "0".repeat(32)}, "urls": urls});
        assert_eq!(commons.send("POST", "/index-admin/index", &record).await.0, 200);
    }
    let (status, told) = commons.get("/ops/v1/storage").await;
    assert_eq!(status, 200, "{told}");
    let stores = told["stores"].as_array().unwrap();
    let urls: Vec<&str> = stores.iter().filter_map(|store| store["url"].as_str()).collect();
    assert_eq!(urls, ["s3://commons-data/", "s3://commons-manifests/", "s3://commons-exports/"]);
    for store in stores {
        assert_eq!((&store["kind"], &store["reach"]), (&json!("embedded"), &json!({"state": "reached"})));
        assert!(store["free"].as_u64().is_some_and(|free| free > 0), "{store}");
    }
    assert_eq!(stores[0]["held"], json!({"records": 1, "bytes": 7}));
    let index = &told["index"];
    assert_eq!(index["state"], "counted", "{index}");
    assert_eq!(index["others"], json!([{"url": "s3://elsewhere/", "records": 1, "bytes": 7}]));
    assert_eq!(index["nowhere"], json!({"records": 1, "bytes": 5}));
    let (status, told) = commons.get("/ops/v1/config").await;
    assert_eq!((status, &told["covers"], &told["options"]), (200, &json!("nothing"), &json!({})));
    for path in ["/ops/v1/storage", "/ops/v1/config"] {
        assert_eq!(answer_to_nobody(commons, path).await, 401, "{path}");
    }
}

async fn answer_to_nobody(commons: &Commons, path: &str) -> u16 {
    answer(commons.anonymous("GET", path)).await.0
}

fn at_the_command_line(commons: &Commons) {
    let state = commons.running.announcement().state.display().to_string();
    let op = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
        command.arg("op").args(arguments).args(["--state", &state]).env_remove("RUST_LOG").output().unwrap()
    };
    let done = op(&["run", "expired-clients", "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let run: Value = serde_json::from_slice(&done.stdout).unwrap();
    let id = run["id"].as_str().unwrap();
    assert_eq!(run["result"], json!({"clients_deleted": 0}));
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    assert!(text(op(&["list", "--status", "succeeded", "--kind", "expired-clients"])).contains(id));
    assert!(text(op(&["logs", id, "--follow"])).contains("attempt 1 of 3"));
    assert!(text(op(&["logs", id])).contains("Z attempt 1 of 3"));
    assert!(text(op(&["show", id])).contains("succeeded"));
    let refused = op(&["cancel", id]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has ended already"));
    assert!(text(op(&["retry", id])).contains("queued"));
    let failed = op(&["run", "pfb-export", "--param", "root_node=sample", "--param", "filter={}"]);
    assert_eq!(failed.status.code(), Some(4), "{}", String::from_utf8_lossy(&failed.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_are_done_in_one_process() {
    operations_are_done(Calls::Direct).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_are_done_with_services_that_call_each_other_over_http() {
    operations_are_done(Calls::Http).await;
}
