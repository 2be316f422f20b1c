//! What those leave behind who give up in the middle.

mod server;

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use database::Work;
use postgres::Postgres;
use sqlx::PgPool;
use tokio::time::sleep;

/// Each try may find the answer to `begin` there already, and then gives up a transaction that is known.
const TRIES: usize = 20;

/// Begins a transaction and gives up as soon as `begin` has been sent; whether that was before its answer.
async fn give_up(pool: &PgPool, begin: &'static str) -> bool {
    // The connection goes back in a task of its own, and only one that waits can be had at once.
    while pool.num_idle() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let mut beginning = pin!(pool.begin_with(begin));
    poll_fn(|context| Poll::Ready(beginning.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn a_transaction_that_is_given_up_while_it_begins_is_not_left_to_the_next_user() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(server::options(folder.path())).await.unwrap();
    let pool = database::pool(server.connect_options("postgres"), Work::Large, 1);
    let other = database::pool(server.connect_options("postgres"), Work::Large, 1);
    sqlx::query("create table kept (number bigint)").execute(&other).await.unwrap();
    drop(pool.acquire().await.unwrap());
    let mut given_up = 0;
    for (number, begin) in
        (0_i64..).zip(["begin", "begin isolation level repeatable read read only"].repeat(TRIES))
    {
        given_up += usize::from(give_up(&pool, begin).await);
        sqlx::query("insert into kept values ($1)").bind(number).execute(&pool).await.unwrap();
        let kept: i64 = sqlx::query_scalar("select count(*) from kept").fetch_one(&other).await.unwrap();
        assert_eq!(kept, number + 1, "what was written after {begin:?} is seen by nobody else");
    }
    assert!(given_up > 0, "no answer was ever late");
    pool.close().await;
    other.close().await;
    server.stop().await;
}
