//! A process that is killed at each step: nothing is lost, and a run that is begun again ends right.

use archive::{ARCHIVE, RETRIEVE};
use serde_json::{Value, json};
use workqueue::State;

use crate::{probe::Gate, world::World};

/// Does these one after another, each killed after more and more calls until it comes through; the bytes must
/// be at one of the two places all along. Returns how often it was killed.
async fn killed_at_each_step(tier: &str) -> usize {
    let world = World::new().await;
    let (guid, other) = (world.file(1, b"precious").await, world.file(2, b"gems").await);
    let archive =
        json!({"selector": {"guids": [guid, other]}, "tier": tier, "delete_source": "after_verification"});
    let retrieve = json!({"selector": {"guids": [guid, other]}});
    let mut kills = 0;
    for (kind, params) in [(ARCHIVE, archive.clone()), (ARCHIVE, archive), (RETRIEVE, retrieve)] {
        for calls in 0.. {
            let gate = Gate::after(calls);
            let process = world.process_with(gate.clone());
            // The run of the one that was killed is there still; then it is the same.
            let run = process.ask(kind, params.clone()).await;
            let was_killed = tokio::select! {
                () = gate.reached.notified() => true,
                run = process.ended(run.id) => {
                    assert_eq!(run.state, State::Succeeded, "{run:?}");
                    false
                }
            };
            process.worker.stop().await;
            assert_whole(&world, &guid, b"precious").await;
            if !was_killed {
                break;
            }
            kills += 1;
        }
    }
    for (guid, bytes) in [(&guid, &b"precious"[..]), (&other, b"gems")] {
        let record = world.record(guid);
        assert_eq!(record.urls.len(), 2, "{record:?}");
        assert_eq!(world.read(&format!("s3://data/{guid}/file.bin")).await.unwrap(), bytes);
    }
    kills
}

/// Every place that the record names and that is not in the archive has the bytes; if there is none, there is
/// one in the archive.
async fn assert_whole(world: &World, guid: &str, bytes: &[u8]) {
    let record = world.record(guid);
    let (archived, others): (Vec<&String>, Vec<&String>) =
        record.urls.iter().partition(|url| record.is_archived(url));
    for url in &others {
        assert_eq!(world.read(url).await.as_deref(), Some(bytes), "{record:?}");
    }
    assert!(!others.is_empty() || !archived.is_empty(), "{record:?}");
    for url in archived.iter().filter(|url| url.starts_with("s3://")) {
        assert_eq!(world.read(url).await.as_deref(), Some(bytes), "{record:?}");
    }
}

#[tokio::test]
async fn nothing_is_lost_by_kills_while_files_go_one_by_one() {
    let kills = killed_at_each_step("cold").await;
    assert!(kills > 12, "{kills}");
}

#[tokio::test]
async fn nothing_is_lost_by_kills_while_files_are_packed() {
    let kills = killed_at_each_step("tape").await;
    assert!(kills > 10, "{kills}");
}

#[tokio::test]
async fn a_killed_worker_leaves_no_file_held() {
    let world = World::new().await;
    let guid = world.file(1, b"one").await;
    let gate = Gate::after(1);
    let process = world.process_with(gate.clone());
    let order: Value = json!({"selector": {"guids": [guid]}, "tier": "cold"});
    let run = process.ask(ARCHIVE, order).await;
    gate.reached.notified().await;
    process.worker.stop().await;
    process.queue.cancel(run.id).await.unwrap();
    let process = world.process();
    let run = process.run(ARCHIVE, json!({"selector": {"project": "P-x"}, "tier": "cold"})).await;
    assert_eq!(run.state, State::Succeeded, "{run:?}");
    process.worker.stop().await;
}
