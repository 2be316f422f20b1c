//! A database that others use too: what is nobody's fault is 503 with `Retry-After`, and nothing is done.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use actix_web::test::TestRequest;
use database::Work;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use tokio::time::sleep;

use crate::support::{TestSheepdog, study, uri};

/// What somebody else does to a submission that waits for a lock of theirs.
struct Meddling {
    /// Settings of the submission's connections.
    settings: &'static [(&'static str, &'static str)],
    /// Takes the lock.
    before: &'static str,
    /// When the submission waits.
    then: &'static str,
    then_commits: bool,
}

const HOLD: &str = "select from node_project for update";

/// `lock_not_available`, `query_canceled` by somebody and by a time limit, `admin_shutdown`,
/// `serialization_failure` and `deadlock_detected`, of which the submission is the victim.
const MEDDLING: [Meddling; 6] = [
    Meddling {
        settings: &[("lock_timeout", "200ms")],
        before: HOLD,
        then: "select pg_sleep(1)",
        then_commits: false,
    },
    Meddling {
        settings: &[],
        before: HOLD,
        then: "select pg_cancel_backend(pid) from pg_stat_activity \
               where wait_event_type = 'Lock' and datname = current_database()",
        then_commits: false,
    },
    Meddling {
        settings: &[("statement_timeout", "1s")],
        before: HOLD,
        then: "select pg_sleep(2)",
        then_commits: false,
    },
    Meddling {
        settings: &[],
        before: HOLD,
        then: "select pg_terminate_backend(pid) from pg_stat_activity \
               where wait_event_type = 'Lock' and datname = current_database()",
        then_commits: false,
    },
    Meddling {
        settings: &[("default_transaction_isolation", "repeatable read")],
        before: "update node_project set _props = _props",
        then: "select",
        then_commits: true,
    },
    Meddling {
        settings: &[("deadlock_timeout", "3s")],
        before: "insert into node_study (node_id, acl, _sysan, _props) select 'other', '{}', '{}', \
                 jsonb_build_object('project_id', 'P-Q', 'submitter_id', 'S') \
                 from set_config('deadlock_timeout', '10min', true)",
        then: HOLD,
        then_commits: false,
    },
];

async fn other_connections(sheepdog: &TestSheepdog, settings: &[(&str, &str)]) -> TestSheepdog {
    let options = (*sheepdog.pool.connect_options()).clone().options(settings.iter().copied());
    sheepdog.through(PgPool::connect_with(options).await.unwrap())
}

/// Waits until somebody waits for a lock. Asked from outside, for in a transaction the answer stays the same.
async fn somebody_waits(sheepdog: &TestSheepdog) {
    let waiting = "select count(*) from pg_stat_activity \
                   where wait_event_type = 'Lock' and datname = current_database()";
    while sheepdog.count(waiting).await == 0 {
        sleep(Duration::from_millis(20)).await;
    }
}

async fn run(connection: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(connection).await.unwrap();
}

/// The status of a PUT of the study S, and whether it says when to come again.
async fn put(sheepdog: &TestSheepdog) -> (u16, bool) {
    let answer =
        sheepdog.begin(TestRequest::put().uri(&uri("/P/Q")).set_json(study("S")), Some("admin")).await;
    (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
}

#[actix_web::test]
async fn a_submission_that_others_stand_in_the_way_of_is_to_be_sent_again() {
    for (number, meddling) in MEDDLING.into_iter().enumerate() {
        let sheepdog = TestSheepdog::start().await;
        let disturbed = other_connections(&sheepdog, meddling.settings).await;
        let mut other = sheepdog.pool.begin().await.unwrap();
        run(&mut other, meddling.before).await;
        let meddle = async {
            somebody_waits(&sheepdog).await;
            run(&mut other, meddling.then).await;
            if meddling.then_commits { other.commit().await } else { other.rollback().await }
        };
        let (answer, meddled) = tokio::join!(put(&disturbed), meddle);
        meddled.unwrap();
        assert_eq!(answer, (503, true), "case {number}");
        assert_eq!(sheepdog.count("select count(*) from node_study").await, 0, "case {number}");
        let states = "select jsonb_agg(state) from transaction_logs where submitter is not null";
        assert_eq!(sheepdog.props(states).await, json!(["ERRORED"]), "case {number}");
        assert_eq!(put(&disturbed).await, (200, false), "case {number}");
    }
}

#[actix_web::test]
async fn who_meets_a_server_that_only_reads_is_asked_to_come_again() {
    let sheepdog = TestSheepdog::start().await;
    let standby = other_connections(&sheepdog, &[("default_transaction_read_only", "on")]).await;
    assert_eq!(put(&standby).await, (503, true));
    assert_eq!(put(&sheepdog).await, (200, false));
}

#[actix_web::test]
async fn what_the_database_refuses_for_good_is_an_error_of_the_submission() {
    let sheepdog = TestSheepdog::start().await;
    let refuse = "create function refuse() returns trigger language plpgsql as \
                  $$ begin raise exception 'no' using errcode = '23514'; end $$";
    sqlx::query(refuse).execute(&sheepdog.pool).await.unwrap();
    let trigger = "create trigger refuse before insert on node_study execute function refuse()";
    sqlx::query(trigger).execute(&sheepdog.pool).await.unwrap();
    let answer = sheepdog.put("/P/Q", study("S")).await;
    assert_eq!(answer.status, 400);
    let message = "Unable to write to database, please try again";
    assert_eq!(answer.body["transactional_errors"], json!([message]));
}

/// Lets `work` go on until it has waited so many times. `None`: it was given up then.
async fn give_up_after<T>(times: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut waited) = (pin!(work), 0);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => {
            waited += 1;
            if waited == times { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}

#[actix_web::test]
async fn readers_who_go_away_leave_no_transaction_to_the_next_writer() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    let options = (*sheepdog.pool.connect_options()).clone();
    // An export takes two connections. Who writes next gets the one, and who comes then the other.
    let shared = sheepdog.through(database::pool(options, Work::Large, 2));
    for path in [format!("/P/Q/entities/{id}"), format!("/P/Q/export?ids={id}")] {
        let mut written = 0;
        for times in 1.. {
            let answer = give_up_after(times, shared.get(&path)).await;
            for writer in ["S", "T"] {
                let submitted = shared.put("/P/Q", study(&format!("{writer}{times}"))).await;
                assert_eq!(submitted.status, 200, "{path} given up after {times}: {}", submitted.body);
            }
            written += 1;
            if let Some(answer) = answer {
                assert_eq!(
                    (answer.status, answer.body != Value::Null || path.contains("export")),
                    (200, true)
                );
                break;
            }
        }
        assert!(written > 1, "{path} hardly waits");
    }
}
