//! Jobs as SciCat's archiver takes them. Nothing works on their runs here: what becomes of them is said.

use indexclient::Record;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::World;

const JOBS: &str = "/archiver/jobs";

fn record(did: &str, project: &str, size: i64) -> Record {
    Record {
        did: did.to_owned(),
        file_name: Some(format!("{did}.h5")),
        size: Some(size),
        authz: vec![format!("/programs/P/projects/{project}")],
        ..Record::default()
    }
}

fn order(pids: &[&str]) -> Value {
    let datasets: Vec<Value> = pids.iter().map(|pid| json!({"pid": pid, "files": []})).collect();
    json!({"type": "archive", "datasetList": datasets})
}

async fn began(world: &World, who: &str, order: &Value) -> Value {
    let (status, job) = world.send("POST", JOBS, who, order).await;
    assert_eq!(status, 201, "{job}");
    job
}

fn place(job: &Value) -> String {
    format!("{JOBS}/{}", job["id"].as_str().unwrap())
}

fn run(job: &Value, number: usize) -> Uuid {
    job["jobResultObject"]["datasets"][number]["run"].as_str().unwrap().parse().unwrap()
}

async fn end(world: &World, run: Uuid, state: &str) {
    sqlx::query(
        "update operation_run set state = $2, attempt = 1, started = now(), finished = now() where id = $1",
    )
    .bind(run)
    .bind(state)
    .execute(&world.database.pool)
    .await
    .unwrap();
}

#[actix_web::test]
async fn who_wants_the_same_dataset_waits_for_the_same_run() {
    let world = World::archiving(vec![record("a", "x", 1), record("b", "x", 1)]).await;
    let (first, second) =
        (began(&world, "op", &order(&["P-x"])).await, began(&world, "ada", &order(&["P-x"])).await);
    assert_ne!(first["id"], second["id"]);
    assert_eq!(run(&first, 0), run(&second, 0));
    // Giving one up leaves the run to the other.
    let give_up = json!({"statusCode": "finishedUnsuccessful", "statusMessage": "jobFinished"});
    let (status, told) = world.send("PATCH", &place(&first), "op", &give_up).await;
    assert_eq!((status, &told["statusCode"]), (200, &json!("finishedUnsuccessful")), "{told}");
    let state = async || world.queue.find(run(&first, 0)).await.unwrap().unwrap().state.as_str();
    assert_eq!(state().await, "queued");
    assert_eq!(world.get(&place(&second), "ada").await.1["statusCode"], "inProgress");
    // Nor does the run of another user end.
    let (status, _) = world.send("PATCH", &place(&second), "ada", &give_up).await;
    assert_eq!((status, state().await), (200, "queued"));
    let alone = began(&world, "ada", &order(&["a"])).await;
    let (status, told) = world.send("PATCH", &place(&alone), "ada", &give_up).await;
    assert_eq!(
        (status, &told["jobResultObject"]["datasets"][0]["archivable"]),
        (200, &json!(true)),
        "{told}"
    );
    assert_eq!(world.queue.find(run(&alone, 0)).await.unwrap().unwrap().state.as_str(), "canceled");
    // What it is already it may be told to be; anything else its runs decide.
    assert_eq!(world.send("PATCH", &place(&alone), "ada", &give_up).await.0, 200);
    let done = json!({"jobStatusMessage": "finishedSuccessful"});
    assert_eq!(world.send("PATCH", &place(&alone), "ada", &done).await.0, 409);
    assert_eq!(world.send("PATCH", &place(&alone), "ada", &json!({"statusCode": "done"})).await.0, 422);
}

#[actix_web::test]
async fn a_job_is_as_its_runs_are() {
    let world = World::archiving(vec![record("a", "x", 1), record("b", "y", 1)]).await;
    let job = began(&world, "ada", &order(&["P-x", "b"])).await;
    let told = async || {
        let job = world.get(&place(&job), "ada").await.1;
        let datasets = &job["jobResultObject"]["datasets"];
        (text(&job["statusCode"]), text(&job["statusMessage"]), text(&datasets[1]["archiveStatusMessage"]))
    };
    let words = |one: &str, two: &str, three: &str| (one.to_owned(), two.to_owned(), three.to_owned());
    assert_eq!(told().await, words("inProgress", "jobStarted", "started"));
    end(&world, run(&job, 0), "succeeded").await;
    assert_eq!(told().await, words("inProgress", "jobUpdated", "started"));
    end(&world, run(&job, 1), "failed").await;
    assert_eq!(told().await, words("finishedWithDatasetErrors", "jobFinished", "missingFilesError"));
    end(&world, run(&job, 0), "failed").await;
    assert_eq!(told().await.0, "finishedUnsuccessful");
    end(&world, run(&job, 0), "succeeded").await;
    end(&world, run(&job, 1), "succeeded").await;
    assert_eq!(told().await, words("finishedSuccessful", "jobFinished", "datasetOnArchiveDisk"));
    // Lists show what may be seen, newest first.
    let newer = began(&world, "op", &order(&["a"])).await;
    let ids = async |query: &str, who: &str| -> Vec<Value> {
        let (status, list) = world.get(&format!("{JOBS}{query}"), who).await;
        assert_eq!(status, 200, "{list}");
        list.as_array().unwrap().iter().map(|job| job["id"].clone()).collect()
    };
    let (job, newer) = (job["id"].clone(), newer["id"].clone());
    assert_eq!(ids("", "op").await, [newer.clone(), job.clone()]);
    let older = ids(&format!("?limit=1&after={}", newer.as_str().unwrap()), "op").await;
    assert_eq!((older.len(), &older[0]), (1, &job));
    assert_eq!(ids("?statusCode=inProgress", "op").await, [newer]);
    assert_eq!((ids("", "ada").await, ids("?type=retrieve", "op").await), (vec![job], vec![]));
    assert_eq!(ids("", "eve").await, [json!(null); 0]);
    // With its runs it is forgotten.
    sqlx::query("delete from operation_run where state <> 'queued'")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(ids("", "ada").await, [json!(null); 0]);
    began(&world, "op", &order(&["P-y"])).await;
    let left: i64 = sqlx::query_scalar("select count(*) from archiver_job")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(left, 2);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn a_job_begins_with_all_of_its_datasets_or_with_none() {
    let half = 600 << 20;
    let records = vec![record("a", "x", half), record("b", "y", half), record("c", "z", 1)];
    let secret = Record { authz: vec!["/programs/Q".to_owned()], ..record("d", "x", 1) };
    let world = World::archiving([records, vec![secret]].concat()).await;
    let sent = async |who: &str, order: Value| world.send("POST", JOBS, who, &order).await;
    // Each of them would fit.
    let (status, told) = sent("op", order(&["P-x", "P-y"])).await;
    assert_eq!((status, &told["code"]), (507, &json!("Insufficient Storage")), "{told}");
    let (status, told) = sent("op", order(&["c", "d"])).await;
    assert_eq!(status, 403, "{told}");
    assert!(told["message"].as_str().unwrap().contains("the dataset \"d\""), "{told}");
    let (status, told) = sent("op", order(&["c", "none"])).await;
    assert_eq!(status, 422);
    let expected = "the dataset \"none\": there is no file, bundle or project of this name";
    assert_eq!(told["detail"][0], json!({"loc": ["body"], "msg": expected, "type": "value_error"}));
    let named = json!({"type": "archive", "datasetList": [{"pid": "P-x", "files": ["a.h5", "b.h5"]}]});
    let (status, told) = sent("op", named).await;
    assert_eq!((status, text(&told["detail"][0]["msg"]).contains("no file \"b.h5\"")), (422, true), "{told}");
    assert_eq!(sent("eve", order(&["c"])).await.0, 403);
    assert_eq!(sent("op", json!({"type": "archive", "jobParams": {"x": "y".repeat(600_000)}})).await.0, 413);
    assert_eq!(world.queue.counts().await.unwrap(), []);
    // The same job again is the one that there is; another one of its id is none.
    let mut one = order(&["c"]);
    one["id"] = json!("00000000-0000-4000-8000-00000000000a");
    let job = began(&world, "op", &one).await;
    end(&world, run(&job, 0), "succeeded").await;
    assert_eq!(run(&began(&world, "op", &one).await, 0), run(&job, 0));
    assert_eq!(sent("ada", one.clone()).await.0, 409);
    one["jobParams"] = json!({"deleteSource": true});
    assert_eq!(sent("op", one).await.0, 409);
    // A user may have fifty runs wait.
    let records: Vec<String> = (0..50).map(|number| format!("f{number}")).collect();
    let world = World::archiving(records.iter().map(|did| record(did, "x", 1)).collect()).await;
    let all: Vec<&str> = records.iter().map(String::as_str).collect();
    began(&world, "op", &order(&all[..1])).await;
    let (status, told) = world.send("POST", JOBS, "op", &order(&all[1..])).await;
    assert_eq!(status, 201, "{told}");
    let project = order(&["P-x"]);
    assert_eq!(world.send("POST", JOBS, "op", &project).await.0, 429);
}
