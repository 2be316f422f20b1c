//! What is not as it should be: nothing is deleted then, and the file is named.

use archive::{ARCHIVE, DUE, RETRIEVE, VERIFY};
use serde_json::json;
use workqueue::State;

use crate::world::{World, all};

fn order(tier: &str) -> serde_json::Value {
    json!({"selector": {"project": "P-x"}, "tier": tier, "delete_source": "after_verification"})
}

#[tokio::test]
async fn a_damaged_copy_is_found_and_its_source_stays() {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    let process = world.process();
    assert_eq!(process.run(ARCHIVE, order("cold")).await.state, State::Succeeded);
    let target = world.record(&one).urls[1].clone();
    world.write(&target, b"0ne").await;
    for kind in [VERIFY, ARCHIVE] {
        let params = if kind == VERIFY { json!({"selector": {"project": "P-x"}}) } else { order("cold") };
        let run = process.run(kind, params).await;
        let error = run.error.clone().unwrap();
        assert!(run.state == State::Failed && error.contains(&one) && error.contains("sha256"), "{run:?}");
        let good = if kind == VERIFY { "verified" } else { "deleted" };
        assert_eq!(process.states(&run).await, ["damaged", good]);
    }
    assert_eq!(world.record(&one).urls_metadata[&target]["state"], "damaged");
    assert_eq!(world.read(&format!("s3://data/{one}/file.bin")).await.unwrap(), b"one");
    assert_eq!(world.record(&other).urls.len(), 1);
    // The same for those who delete by the clock.
    let run = process.run(DUE, json!({})).await;
    assert!(run.state == State::Failed && run.error.unwrap().contains(&one));
    // And nobody gets bytes that are none of the file's.
    let target = world.record(&other).urls[0].clone();
    world.write(&target, b"0ther").await;
    let run = process.run(RETRIEVE, json!({"selector": {"guids": [other]}})).await;
    assert_eq!((run.state, process.states(&run).await), (State::Failed, all("damaged", 1)), "{run:?}");
    assert_eq!(world.read(&format!("s3://data/{other}/file.bin")).await, None);
    let state = process.archive.totals().await.unwrap();
    assert_eq!(state.iter().map(|total| total.damaged).sum::<i64>(), 2, "{state:?}");
    process.worker.stop().await;
}

async fn changed_source(tier: &str) {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    let blank = world.file(3, b"blank").await;
    world.write(&format!("s3://data/{one}/file.bin"), b"0ne").await;
    let mut record = world.record(&blank);
    record.hashes.clear();
    world.index.put(record);
    let process = world.process();
    let run = process.run(ARCHIVE, order(tier)).await;
    assert_eq!(process.states(&run).await, ["refused", "archived", "refused"], "{run:?}");
    let error = run.error.unwrap();
    assert!(error.contains(&one) && error.contains("is not what its record says: sha256"), "{error}");
    assert!(error.contains("has no hash to compare with") && run.attempt == 1, "{error}");
    assert_eq!((world.record(&one).urls.len(), world.record(&other).urls.len()), (1, 2));
    assert_eq!(world.read(&format!("s3://cold/archive/{one}")).await, None);
    process.worker.stop().await;
}

#[tokio::test]
async fn a_source_that_is_not_what_its_record_says_is_not_archived() {
    changed_source("cold").await;
}

#[tokio::test]
async fn nor_is_it_packed() {
    changed_source("tape").await;
}

#[tokio::test]
async fn bytes_that_another_record_has_are_not_deleted() {
    let world = World::new().await;
    let one = world.file(1, b"one").await;
    let mut other = world.record(&one);
    other.did = "00000009-0000-4000-8000-000000000000".into();
    other.authz = vec!["/programs/Q".into()];
    world.index.put(other);
    let process = world.process();
    assert_eq!(process.run(ARCHIVE, order("cold")).await.state, State::Succeeded);
    let run = process.run(ARCHIVE, order("cold")).await;
    assert!(run.error.unwrap().contains("other records have it, too: 00000009"));
    assert_eq!(world.record(&one).urls.len(), 2);
    assert!(world.read(&format!("s3://data/{one}/file.bin")).await.is_some());
    process.worker.stop().await;
}

#[tokio::test]
async fn what_users_write_into_records_is_not_believed() {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    let process = world.process();
    assert_eq!(process.run(ARCHIVE, order("cold")).await.state, State::Succeeded);
    assert_eq!(process.run(ARCHIVE, order("cold")).await.state, State::Succeeded);
    // As if the archived copy of the other file were that of this one.
    let mut record = world.record(&one);
    let facts = world.record(&other).urls_metadata;
    record.urls = world.record(&other).urls;
    record.urls_metadata = facts;
    world.index.put(record);
    // And a path of this machine.
    let mut passwords = world.record(&other);
    passwords.did = "00000003-0000-4000-8000-000000000000".into();
    passwords.urls = vec!["file:///etc/hostname".into()];
    world.index.put(passwords.clone());
    let run = process.run(RETRIEVE, json!({"selector": {"guids": [one]}})).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    assert_eq!(world.read(&format!("s3://data/{one}/file.bin")).await.unwrap(), b"one");
    assert_eq!(world.read(&format!("s3://data/{other}/file.bin")).await, None);
    let run = process.run(ARCHIVE, json!({"selector": {"guids": [passwords.did]}, "tier": "cold"})).await;
    assert!(run.error.unwrap().contains("it has no location in a store of this commons"));
    process.worker.stop().await;
}
