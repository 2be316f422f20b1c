//! Objects of a class that must be asked for.

use archive::{ARCHIVE, RETRIEVE, VERIFY};
use serde_json::json;
use workqueue::State;

use crate::world::{World, all};

#[tokio::test]
async fn what_cannot_be_read_at_once_is_asked_for_and_waited_for() {
    let world = World::new().await;
    let (one, other) = (world.file(1, b"one").await, world.file(2, b"other").await);
    let process = world.process();
    let order =
        json!({"selector": {"project": "P-x"}, "tier": "glacier", "delete_source": "after_verification"});
    for state in ["archived", "deleted"] {
        let run = process.run(ARCHIVE, order.clone()).await;
        assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all(state, 2)), "{run:?}");
    }
    let target = format!("s3://cold/glacier/{one}");
    assert_eq!(process.probe.class(&target).as_deref(), Some("GLACIER"), "after it was read back");
    assert_eq!(world.record(&one).urls_metadata[&target]["storage_class"], "GLACIER");
    let run = process.run(VERIFY, json!({"selector": {"project": "P-x"}})).await;
    assert_eq!(process.states(&run).await, all("seen", 2));
    let run = process.run(RETRIEVE, json!({"selector": {"guids": [one, other]}})).await;
    assert_eq!((run.state, process.states(&run).await), (State::Succeeded, all("retrieved", 2)), "{run:?}");
    // Waiting is no failure.
    assert_eq!(run.attempt, 1);
    let lines = process.queue.log(run.id, 0, 100).await.unwrap();
    assert!(lines.iter().any(|line| line.line.contains("the store is getting it")));
    assert_eq!(world.read(&format!("s3://data/{one}/file.bin")).await.unwrap(), b"one");
    process.worker.stop().await;
}
