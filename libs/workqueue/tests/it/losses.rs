//! Workers that are killed, cut off, or stopped.

use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;
use workqueue::{Policy, Settings, State, Worker};

use crate::support::{World, policy, queue, settings};

/// Begins `run` in a process that is killed: its tasks end where they are, and write nothing any more.
async fn killed(world: &World, policy: Policy, lease: Duration) -> uuid::Uuid {
    let run = world.submit(json!({"ms": 3_000})).await;
    let options = world.database.options.clone();
    let seen = world.seen.clone();
    let process = Runtime::new().unwrap();
    process.spawn(async move {
        let pool = sqlx::postgres::PgPoolOptions::new().connect_with(options).await.unwrap();
        let kind = crate::support::Sleeper { name: "sleep", policy, seen };
        let kinds = workqueue::Kinds::new([std::sync::Arc::new(kind) as std::sync::Arc<dyn workqueue::Kind>]);
        let queue = workqueue::Queue::new(pool, kinds);
        let _worker = Worker::start(&queue, Settings { lease, ..settings(1) });
        std::future::pending::<()>().await;
    });
    world.wait(run.id, |run| run.state == State::Running).await;
    process.shutdown_background();
    run.id
}

#[tokio::test]
async fn the_run_of_a_killed_worker_is_taken_up_again_and_ends_once() {
    let world = World::new(policy()).await;
    let id = killed(&world, policy(), Duration::from_millis(1_000)).await;
    let others: Vec<Worker> = (0..5).map(|_| Worker::start(&world.queue, settings(1))).collect();
    let done = world.end_of(id).await;
    assert_eq!((done.state, done.attempt), (State::Succeeded, 2));
    assert_eq!(world.seen.begun.lock().unwrap().len(), 2);
    assert_eq!(*world.seen.ended.lock().unwrap(), [id]);
    let lines = world.lines(id).await;
    assert!(lines.contains(&"the worker of this attempt was lost".to_owned()), "{lines:?}");
    for worker in others {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_loses_all_its_workers_has_failed() {
    let once = Policy { attempts: 1, ..policy() };
    let world = World::new(once).await;
    let id = killed(&world, once, Duration::from_millis(500)).await;
    let other = Worker::start(&queue(&world.database, once, &world.seen), settings(1));
    let failed = world.end_of(id).await;
    assert_eq!((failed.state, failed.attempt), (State::Failed, 1));
    assert!(failed.error.unwrap().contains("its worker was lost"));
    other.stop().await;
}

#[tokio::test]
async fn what_a_worker_says_does_not_count_once_another_has_the_run() {
    let world = World::new(policy()).await;
    let worker = Worker::start(&world.queue, settings(1));
    let run = world.submit(json!({"ms": 60_000})).await;
    world.wait(run.id, |run| run.state == State::Running).await;
    // As if it had been cut off, and another had taken the run up.
    let taken = "update operation_run set claim = gen_random_uuid(), worker = 'other',
        lease_until = now() + interval '1 hour' where id = $1";
    sqlx::query(taken).bind(run.id).execute(&world.database.pool).await.unwrap();
    let next = world.submit(json!({"ms": 1})).await;
    assert_eq!(world.end_of(next.id).await.state, State::Succeeded, "the worker has let go of the first");
    worker.stop().await;
    let still = world.queue.find(run.id).await.unwrap().unwrap();
    assert_eq!((still.state, still.finished, still.attempt), (State::Running, None, 1));
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_run_back_uncounted() {
    let world = World::new(policy()).await;
    let worker = Worker::start(&world.queue, settings(1));
    let run = world.submit(json!({"ms": 60_000})).await;
    world.wait(run.id, |run| run.state == State::Running).await;
    worker.stop().await;
    let back = world.queue.find(run.id).await.unwrap().unwrap();
    assert_eq!((back.state, back.attempt, back.finished), (State::Queued, 0, None));
}
