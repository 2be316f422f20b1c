//! How many runs there are at once.

use serde_json::json;
use workqueue::{Policy, Settings, State, Worker};

use crate::support::{World, policy, queue, settings};

/// Twenty workers, each as in a process of its own.
fn twenty(world: &World, policy: Policy, settings: &Settings) -> Vec<Worker> {
    let worker = |_| Worker::start(&queue(&world.database, policy, &world.seen), settings.clone());
    (0..20).map(worker).collect()
}

async fn stop(workers: Vec<Worker>) {
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kinds_limit_is_reached_and_never_exceeded_by_twenty_workers() {
    let policy = Policy { at_once: Some(3), ..policy() };
    let world = World::new(policy).await;
    let workers = twenty(&world, policy, &settings(1));
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(world.submit(json!({"ms": 100})).await.id);
    }
    for id in &ids {
        assert_eq!(world.end_of(*id).await.state, State::Succeeded);
    }
    assert_eq!(world.seen.most(), 3);
    let mut ended = world.seen.ended.lock().unwrap().clone();
    ended.sort_unstable();
    ids.sort_unstable();
    assert_eq!(ended, ids, "each was done once");
    stop(workers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_named_limit_holds_up_its_own_runs_only() {
    let world = World::new(policy()).await;
    let limits = vec![("site a".to_owned(), 1)];
    let workers = twenty(&world, policy(), &Settings { limits, ..settings(1) });
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(world.submit(json!({"ms": 600, "limit": "site a"})).await.id);
    }
    let free = world.submit(json!({"ms": 1, "limit": "site b"})).await;
    assert_eq!(world.end_of(free.id).await.state, State::Succeeded);
    assert!(world.in_state(State::Queued).await >= 1, "those of the site wait for each other");
    let mut spans = Vec::new();
    for id in held {
        let run = world.end_of(id).await;
        spans.push((run.started.unwrap(), run.finished.unwrap()));
    }
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
    stop(workers).await;
}
