//! One caller never starves all.

use std::time::Duration;

use peregrine::{Budget, Config, LaneLimits, Windows};
use serde_json::json;

use crate::support::Commons;

/// Two places for all and one for each caller, whose second request may wait for a moment.
fn narrow() -> LaneLimits {
    let lane = fairness::Limits {
        places: 2,
        places_of_caller: 1,
        waiting_of_caller: 1,
        waiting: 2,
        patience: Duration::from_millis(300),
    };
    LaneLimits { small: lane, large: lane }
}

#[actix_web::test]
async fn a_caller_whose_queries_hang_is_refused_more_and_others_are_answered() {
    let commons = Commons::configured(Config { lanes: narrow(), ..Config::default() }).await;
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let body = json!({"query": "{_case_count}"});
    let hanging = async { commons.post("admin", &body).await };
    let more = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let late = async { commons.post("admin", &json!({"query": "{_sample_count}"})).await };
        let too_many = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            commons.post("admin", &json!({"query": "{_sample_count}"})).await
        };
        let other = async { commons.post("reader", &json!({"query": "{_experiment_count}"})).await };
        let (late, too_many, other) = tokio::join!(late, too_many, other);
        for refused in [late, too_many] {
            let message = "too many requests of yours are running or waiting; try again later";
            assert_eq!((refused.status, refused.json()), (429, json!({ "message": message })));
            assert_eq!(refused.headers.get("Retry-After").unwrap(), "5");
        }
        assert_eq!(other.json(), json!({"data": {"_experiment_count": 2}}));
        blocker.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(hanging, more);
    assert_eq!(answer.json(), json!({"data": {"_case_count": 14}}));
    assert_eq!(commons.data("admin", "{_sample_count}").await["_sample_count"], json!(20));
}

#[actix_web::test]
async fn when_all_places_are_taken_others_are_asked_to_come_again() {
    let mut lanes = narrow();
    lanes.small.places = 1;
    let commons = Commons::configured(Config { lanes, ..Config::default() }).await;
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let body = json!({"query": "{_case_count}"});
    let hanging = async { commons.post("admin", &body).await };
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = commons.post("reader", &json!({"query": "{_sample_count}"})).await;
        assert_eq!((answer.status, answer.headers.get("Retry-After").unwrap()), (503, &"2".parse().unwrap()));
        blocker.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(hanging, other);
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn small_queries_do_not_wait_for_large_ones() {
    let mut lanes = narrow();
    lanes.large.places = 1;
    let budget = Budget { small_looks: 60, ..Budget::default() };
    let commons = Commons::configured(Config { lanes, budget, ..Config::default() }).await;
    sqlx::query("analyze").execute(&commons.database.pool).await.unwrap();
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let large = json!({"query": "{_case_count}"});
    let hanging = async { commons.post("admin", &large).await };
    let others = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(commons.post("reader", &large).await.status, 503);
        assert_eq!(commons.data("reader", "{_program_count}").await, json!({"_program_count": 2}));
        blocker.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(hanging, others);
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn a_query_that_makes_the_database_look_at_too_much_is_refused_before_it_runs() {
    let budget = Budget { looks: 10_000, ..Budget::default() };
    let commons = Commons::configured(Config { budget, ..Config::default() }).await;
    sqlx::query("analyze").execute(&commons.database.pool).await.unwrap();
    let counts = |count: usize| -> String {
        (0..count).map(|n| format!("c{n}: _case_count(quick_search: \"c\") ")).collect()
    };
    assert_eq!(commons.data("admin", &format!("{{{}}}", counts(10))).await["c9"], json!(14));
    // 14 cases, each looked at for five, and fifty for the count itself.
    let errors = commons.errors(&format!("{{{}}}", counts(100))).await;
    let message = "The query makes the database look at about 12000 records; 10000 are permitted. Ask for \
                   less at once, or by ids and keys.";
    assert_eq!(errors, json!([message]));
}

#[actix_web::test]
async fn a_query_that_seems_small_has_less_time() {
    let budget = Budget { small_time: Duration::from_millis(200), ..Budget::default() };
    let commons = Commons::configured(Config { budget, ..Config::default() }).await;
    let mut blocker = commons.database.pool.begin().await.unwrap();
    sqlx::query("lock table node_case in access exclusive mode").execute(&mut *blocker).await.unwrap();
    let errors = commons.errors("{_case_count}").await;
    let message = "Query exceeded 0.2 second timeout.  Please reduce query complexity and try again.";
    assert_eq!(errors, json!([message]));
    blocker.rollback().await.unwrap();
}

#[actix_web::test]
async fn what_queries_hold_counts_in_the_budget_of_the_process_and_is_given_back() {
    let memory = resources::Budget::of(2 << 20);
    let windows = Windows { bytes: 1 << 20, held_back: 100_000, ..Windows::default() };
    let config = Config { memory: memory.clone(), windows, ..Config::default() };
    let commons = Commons::configured(config).await;
    let query = json!({"query": "{case(first: 0) {id samples {id}} __schema {types {name}}}"});
    assert_eq!(commons.post("admin", &query).await.status, 200);
    let all = memory.try_take(2 << 20).unwrap();
    let answering = async { commons.post("admin", &query).await };
    let giving_back = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(all);
    };
    let (answer, ()) = tokio::join!(answering, giving_back);
    assert_eq!(answer.status, 200);
    assert!(memory.try_take(2 << 20).is_ok());
}
