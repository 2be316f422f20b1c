//! Which files, whose, and how many at once.

use archive::{ARCHIVE, RETRIEVE, Task, Unplanned, VERIFY};
use serde_json::{Value, json};
use workqueue::State;

use crate::{
    probe::Gate,
    world::{World, all},
};

fn params(value: Value) -> serde_json::Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn a_run_over_files_of_others_does_nothing_with_any() {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    for (guid, authz, uploader) in
        [(&other, vec!["/programs/Q".to_owned()], None), (&one, vec![], Some("ada"))]
    {
        let mut record = world.record(guid);
        let before = record.clone();
        record.authz = authz;
        record.uploader = uploader.map(str::to_owned);
        world.index.put(record);
        let process = world.process();
        let selector = json!({"selector": {"guids": [one, other]}});
        let refused =
            process.archive.plan(Task::Archive, &params(selector.clone()), "ada").await.unwrap_err();
        assert!(matches!(&refused, Unplanned::Forbidden(told) if told.contains(guid.as_str())), "{refused}");
        let run = process.run(ARCHIVE, selector).await;
        assert!(run.state == State::Failed && run.error.as_ref().unwrap().contains(guid.as_str()), "{run:?}");
        assert_eq!(run.attempt, 1);
        assert!(world.index.all().iter().all(|record| record.urls.len() == 1));
        process.worker.stop().await;
        world.index.put(before);
    }
    // Who may retrieve may not archive, nor verify.
    let process = world.process();
    let selector = json!({"selector": {"guids": [one]}});
    for (task, may) in [(Task::Archive, false), (Task::Verify, false), (Task::Retrieve, true)] {
        let planned = process.archive.plan(task, &params(selector.clone()), "rita").await;
        assert_eq!(planned.is_ok(), may, "{planned:?}");
    }
    process.worker.stop().await;
}

#[tokio::test]
async fn selectors_find_nothing_something_or_everything() {
    let world = World::new().await;
    let files = world.files().await;
    let process = world.process();
    for (selector, told) in [
        (json!({"project": "P-none"}), "finds no file"),
        (json!({"guids": []}), "finds no file"),
        (json!({"bundle": "b"}), "there is no bundle"),
    ] {
        let order = json!({"selector": selector});
        let refused = process.archive.plan(Task::Archive, &params(order.clone()), "ada").await.unwrap_err();
        assert!(matches!(refused, Unplanned::Invalid(_)) && refused.to_string().contains(told), "{refused}");
        let run = process.run(ARCHIVE, order).await;
        assert!(run.state == State::Failed && run.error.unwrap().contains(told));
    }
    let order = json!({"selector": {"guids": ["none"]}});
    let refused = process.archive.plan(Task::Archive, &params(order.clone()), "ada").await.unwrap_err();
    assert!(refused.to_string().contains("have no record: none"), "{refused}");
    let run = process.run(ARCHIVE, order).await;
    assert_eq!(process.states(&run).await, ["refused"]);
    let everything = json!({"selector": {"authz": "/"}, "tier": "folder"});
    let planned = process.archive.plan(Task::Archive, &params(everything.clone()), "ada").await.unwrap();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((planned.files, planned.archived, planned.to_write), (5, 0, bytes as u64));
    let run = process.run(ARCHIVE, everything.clone()).await;
    assert_eq!(process.states(&run).await, all("archived", 5));
    let run = process.run(ARCHIVE, everything.clone()).await;
    assert_eq!(process.states(&run).await, all("already", 5));
    let planned = process.archive.plan(Task::Archive, &params(everything), "ada").await.unwrap();
    assert_eq!((planned.archived, planned.to_write), (5, 0));
    // The source is still there.
    let run = process.run(RETRIEVE, json!({"selector": {"project": "P-x"}})).await;
    assert_eq!(process.states(&run).await, all("already", 5));
    let run = process.run(ARCHIVE, json!({"selector": {"project": "P-x"}, "tier": "cold"})).await;
    assert!(run.error.unwrap().contains("it is in the tier folder already"));
    process.worker.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_not_begun() {
    let world = World::new().await;
    let one = world.file(1, b"one").await;
    let process = world.process();
    let order = json!({"selector": {"guids": [one]}, "tier": "full"});
    let refused = process.archive.plan(Task::Archive, &params(order.clone()), "ada").await.unwrap_err();
    assert!(matches!(refused, Unplanned::NoRoom { free: 0, needed: 3, .. }), "{refused}");
    let run = process.run(ARCHIVE, order).await;
    assert!(run.state == State::Failed && run.error.unwrap().contains("room for 0 bytes"));
    assert_eq!(world.read(&format!("s3://cold/full/{one}")).await, None);
    process.worker.stop().await;
}

#[tokio::test]
async fn the_same_files_are_worked_on_by_one_run() {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    let gate = Gate::after(1);
    let process = world.process_with(gate.clone());
    let first = process.ask(ARCHIVE, json!({"selector": {"guids": [one, other]}})).await;
    gate.reached.notified().await;
    let entries = json!([{"object_id": other}, {"object_id": one}]);
    let second = process.ask_as(ARCHIVE, json!({"selector": {"manifest": entries}}), Some("eve")).await;
    assert_eq!(first.id, second.id, "who asks for the same gets the same run");
    let third = process.ask(ARCHIVE, json!({"selector": {"guids": [one]}})).await;
    assert_ne!(first.id, third.id);
    process.queue.cancel(third.id).await.unwrap();
    // Another kind that wants one of the files finds that it is worked on.
    process.queue.set_limit("lts-read", 3).await.unwrap();
    let verify = process.ask(VERIFY, json!({"selector": {"guids": [one]}})).await;
    for _ in 0..500 {
        if process.queue.find(verify.id).await.unwrap().unwrap().error.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let busy = process.queue.find(verify.id).await.unwrap().unwrap();
    assert!(busy.error.unwrap().contains("another run works on it"));
    assert_eq!(busy.state, State::Queued, "it is tried again");
    process.worker.stop().await;
}

#[tokio::test]
async fn long_lists_are_kept_beside_the_runs() {
    let world = World::new().await;
    let mut guids = Vec::new();
    let record = world.file(1, b"one").await;
    let record = world.record(&record);
    for number in 0..5_001 {
        let did = format!("{number:08x}-0000-4000-8000-00000000000f");
        guids.push(did.clone());
        world.index.put(indexclient::Record { did, ..record.clone() });
    }
    let process = world.process();
    let order = params(json!({"selector": {"guids": guids}}));
    assert!(process.queue.submit(ARCHIVE, order.clone(), Some("ada")).await.is_err());
    let planned = process.archive.plan(Task::Verify, &order, "ada").await.unwrap();
    assert_eq!(planned.files, 5_001);
    let run = process.ask(VERIFY, planned.params.into()).await;
    let run = process.ended(run.id).await;
    assert!(run.error.unwrap().starts_with("5001 files were not done"));
    process.worker.stop().await;
}
