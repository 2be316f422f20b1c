//! Runs that nobody asks for.

use std::time::Duration;

use serde_json::json;
use workqueue::{Filter, Schedule, Settings, State, Worker};

use crate::support::{World, policy, queue, settings};

async fn runs(world: &World) -> Vec<workqueue::Run> {
    let all = Filter { kinds: vec!["sleep".to_owned()], ..Filter::default() };
    world.queue.list(&all, None, 100).await.unwrap()
}

/// Makes the next time of the schedule an hour ago, once a worker has made it known.
async fn stopped_for_an_hour(world: &World) {
    let earlier = "update operation_schedule set next = now() - interval '1 hour'";
    let pool = &world.database.pool;
    until(async || sqlx::query(earlier).execute(pool).await.unwrap().rows_affected() == 1).await;
}

/// Until the schedule has been moved forward.
async fn looked_at(world: &World) {
    let forward = "select next > now() from operation_schedule";
    let pool = &world.database.pool;
    until(async || sqlx::query_scalar::<_, bool>(forward).fetch_one(pool).await.unwrap()).await;
}

async fn until(is: impl AsyncFn() -> bool) {
    let begun = tokio::time::Instant::now();
    while !is().await {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_many_workers_missed_for_an_hour_is_made_up_for_once() {
    let world = World::new(policy()).await;
    let schedule = Schedule::new("yearly", "sleep", json!({"ms": 300}), "0 0 1 1 *", "UTC").unwrap();
    let all = Settings { schedules: vec![schedule], ..settings(1) };
    let first = Worker::start(&world.queue, Settings { slots: 0, ..all.clone() });
    stopped_for_an_hour(&world).await;
    looked_at(&world).await;
    first.stop().await;
    let [planned] = &world.queue.schedules().await.unwrap()[..] else { panic!("there is one schedule") };
    assert_eq!((planned.name.as_str(), planned.time_table.as_str()), ("yearly", "0 0 1 1 * UTC"));
    // What the first has queued is not the subject.
    sqlx::query("delete from operation_run").execute(&world.database.pool).await.unwrap();
    stopped_for_an_hour(&world).await;
    let workers: Vec<Worker> =
        (0..5).map(|_| Worker::start(&queue(&world.database, policy(), &world.seen), all.clone())).collect();
    until(async || runs(&world).await.iter().any(|run| run.state == State::Succeeded)).await;
    let done = runs(&world).await;
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!((done[0].schedule.as_deref(), done[0].requested_by.as_deref()), (Some("yearly"), None));
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_schedule_waits_for_its_run_that_is_under_way() {
    let world = World::new(policy()).await;
    let schedule = Schedule::new("yearly", "sleep", json!({"ms": 60_000}), "0 0 1 1 *", "UTC").unwrap();
    let worker = Worker::start(&world.queue, Settings { schedules: vec![schedule], ..settings(2) });
    for _ in 0..2 {
        stopped_for_an_hour(&world).await;
        looked_at(&world).await;
    }
    assert_eq!(runs(&world).await.len(), 1);
    worker.stop().await;
}
