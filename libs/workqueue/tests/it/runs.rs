//! A run from its beginning to its end.

use serde_json::json;
use workqueue::{CancelError, Filter, Place, Policy, RetryError, State, SubmitError, Worker};

use crate::support::{World, policy, settings};

#[tokio::test]
async fn a_run_is_done_and_its_log_and_result_are_kept() {
    let world = World::new(policy()).await;
    let worker = Worker::start(&world.queue, settings(1));
    let run = world.submit(json!({"ms": 200, "lines": 3})).await;
    assert_eq!((run.state, run.requested_by.as_deref(), run.attempt), (State::Queued, Some("ada"), 0));
    let under_way = world.wait(run.id, |run| run.progress.is_some()).await;
    assert_eq!(under_way.state, State::Running);
    assert_eq!(under_way.progress.unwrap().0, json!({"done": 1, "total": 2, "what": "sleeping"}));
    let done = world.end_of(run.id).await;
    assert_eq!((done.state, done.attempt, done.error.as_deref()), (State::Succeeded, 1, None));
    assert_eq!(done.result.unwrap().0, json!({"slept": 200}));
    assert!(done.started < done.finished && run.created <= done.started.unwrap());
    assert_eq!(world.lines(run.id).await, ["attempt 1 of 3", "line 0", "line 1", "line 2"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_until_the_attempts_are_over() {
    let world = World::new(policy()).await;
    let worker = Worker::start(&world.queue, settings(2));
    let twice = world.submit(json!({"failures": 2})).await;
    let always = world.submit(json!({"failures": 9})).await;
    let panics = world.submit(json!({"panic": true})).await;
    let done = world.end_of(twice.id).await;
    assert_eq!((done.state, done.attempt), (State::Succeeded, 3));
    let failed = world.end_of(always.id).await;
    assert_eq!((failed.state, failed.attempt, failed.error.as_deref()), (State::Failed, 3, Some("not yet")));
    let panicked = world.end_of(panics.id).await;
    assert_eq!((panicked.state, panicked.attempt), (State::Failed, 1));
    assert!(world.lines(always.id).await.iter().any(|line| line == "it is tried again in 0 seconds"));
    let again = world.queue.retry(&failed, Some("eve")).await.unwrap();
    assert_eq!((again.retry_of, again.requested_by.as_deref()), (Some(failed.id), Some("eve")));
    assert_eq!(world.end_of(again.id).await.state, State::Failed);
    worker.stop().await;
}

#[tokio::test]
async fn a_run_that_waits_is_canceled_at_once_and_one_that_is_done_soon() {
    let world = World::new(policy()).await;
    let waiting = world.submit(json!({})).await;
    assert_eq!(world.queue.cancel(waiting.id).await.unwrap(), State::Canceled);
    assert!(matches!(world.queue.cancel(waiting.id).await, Err(CancelError::Over)));
    let worker = Worker::start(&world.queue, settings(1));
    let running = world.submit(json!({"ms": 60_000})).await;
    world.wait(running.id, |run| run.state == State::Running).await;
    assert!(matches!(world.queue.retry(&running, None).await, Err(RetryError::NotOver)));
    assert_eq!(world.queue.cancel(running.id).await.unwrap(), State::Running);
    let canceled = world.end_of(running.id).await;
    assert_eq!((canceled.state, canceled.result), (State::Canceled, None));
    assert!(canceled.finished.is_some() && world.seen.ended.lock().unwrap().is_empty());
    worker.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_not_queued() {
    let world = World::new(policy()).await;
    let submit = async |kind: &str, params: serde_json::Value| {
        world.queue.submit(kind, params.as_object().cloned().unwrap(), Some("ada")).await
    };
    assert!(matches!(submit("fly", json!({})).await, Err(SubmitError::UnknownKind(_))));
    assert!(matches!(submit("sleep", json!({"wrong": 1})).await, Err(SubmitError::Params(_))));
    assert!(matches!(submit("sleep", json!({"a": "\u{0}"})).await, Err(SubmitError::Params(_))));
    let large = json!({"a": "x".repeat(300_000)});
    assert!(matches!(submit("sleep", large).await, Err(SubmitError::Params(_))));
    for _ in 0..50 {
        submit("sleep", json!({})).await.unwrap();
    }
    assert!(matches!(submit("sleep", json!({})).await, Err(SubmitError::Full(_))));
    world.queue.submit("sleep", serde_json::Map::new(), Some("eve")).await.unwrap();
}

#[tokio::test]
async fn several_runs_are_queued_together_or_not_at_all() {
    let world = World::new(policy()).await;
    let params = |count: usize| vec![serde_json::Map::new(); count];
    let three = world.queue.submit_all("sleep", params(3), Some("ada")).await.unwrap();
    assert_eq!((three.len(), world.in_state(State::Queued).await), (3, 3));
    let refused = world.queue.submit_all("sleep", params(48), Some("ada")).await;
    assert!(matches!(refused, Err(SubmitError::Full(_))), "{refused:?}");
    let wrong = json!({"wrong": 1}).as_object().cloned().unwrap();
    let refused = world.queue.submit_all("sleep", vec![serde_json::Map::new(), wrong], Some("ada")).await;
    assert!(matches!(refused, Err(SubmitError::Params(_))), "{refused:?}");
    assert_eq!(world.in_state(State::Queued).await, 3);
}

#[tokio::test]
async fn lists_are_in_pages_and_show_what_may_be_seen() {
    let world = World::new(policy()).await;
    for _ in 0..5 {
        world.submit(json!({})).await;
    }
    world.queue.submit("sleep", serde_json::Map::new(), Some("eve")).await.unwrap();
    let all = Filter { kinds: vec!["sleep".to_owned()], ..Filter::default() };
    let first = world.queue.list(&all, None, 4).await.unwrap();
    let last = first.last().unwrap();
    let place = Place { created: last.created, id: last.id };
    let rest = world.queue.list(&all, Some(place), 4).await.unwrap();
    assert_eq!((first.len(), rest.len()), (4, 2));
    assert!(first.iter().all(|run| rest.iter().all(|other| other.created <= run.created)));
    let list = async |filter: Filter| world.queue.list(&filter, None, 100).await.unwrap().len();
    let own =
        Filter { own: Some("eve".to_owned()), own_kinds: vec!["sleep".to_owned()], ..Filter::default() };
    assert_eq!(list(own.clone()).await, 1);
    assert_eq!(list(Filter { own_kinds: vec![], ..own }).await, 0);
    assert_eq!(list(Filter::default()).await, 0);
    assert_eq!(list(Filter { requested_by: Some("ada".to_owned()), ..all.clone() }).await, 5);
    assert_eq!(list(Filter { states: vec![State::Running], ..all.clone() }).await, 0);
    assert_eq!(list(Filter { kind: Some("fly".to_owned()), ..all }).await, 0);
}

#[tokio::test]
async fn a_log_has_an_end_and_old_runs_are_forgotten() {
    let world = World::new(Policy { attempts: 1, ..policy() }).await;
    let worker = Worker::start(&world.queue, settings(1));
    let run = world.submit(json!({"lines": 10_004})).await;
    world.end_of(run.id).await;
    worker.stop().await;
    let lines = world.lines(run.id).await;
    assert_eq!(lines.len(), 10_001);
    assert_eq!(lines.last().unwrap(), "5 more lines are left out");
    let long_ago = "update operation_run set finished = now() - interval '91 days' where id = $1";
    sqlx::query(long_ago).bind(run.id).execute(&world.database.pool).await.unwrap();
    let kept = world.submit(json!({})).await;
    let worker = Worker::start(&world.queue, settings(1));
    world.end_of(kept.id).await;
    for _ in 0..200 {
        if world.queue.find(run.id).await.unwrap().is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(world.queue.find(run.id).await.unwrap().is_none());
    assert!(world.lines(run.id).await.is_empty());
    assert!(world.queue.find(kept.id).await.unwrap().is_some());
    worker.stop().await;
}
