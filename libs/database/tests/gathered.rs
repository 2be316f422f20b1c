//! Lookups of many requests in one statement.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod server;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use database::{Gathered, Lookup, Work};
use postgres::Postgres;
use sqlx::{PgConnection, PgPool};
use tokio::{task::JoinSet, time::sleep};

/// The numbers that table `kept` has, and how often it was asked.
#[derive(Clone, Default)]
struct Kept(Arc<AtomicUsize>);

impl Lookup for Kept {
    type Key = i64;
    type Found = String;

    async fn find(
        &self,
        connection: &mut PgConnection,
        keys: &[i64],
    ) -> Result<HashMap<i64, String>, sqlx::Error> {
        self.0.fetch_add(1, SeqCst);
        let rows: Vec<(i64, String)> = sqlx::query_as("select number, text from kept where number = any($1)")
            .bind(keys)
            .fetch_all(connection)
            .await?;
        Ok(rows.into_iter().collect())
    }
}

struct World {
    _folder: tempfile::TempDir,
    server: Postgres,
    pool: PgPool,
    asked: Kept,
    gathered: Arc<Gathered<Kept>>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Postgres::start(server::options(folder.path())).await.unwrap();
        let pool = database::pool(server.connect_options("postgres"), Work::Small, 4);
        sqlx::query("create table kept (number bigint primary key, text text)").execute(&pool).await.unwrap();
        sqlx::query("insert into kept select n, n::text from generate_series(0, 99) n")
            .execute(&pool)
            .await
            .unwrap();
        let asked = Kept::default();
        let gathered = Arc::new(Gathered::new(pool.clone(), asked.clone()));
        Self { _folder: folder, server, pool, asked, gathered }
    }

    async fn end(self) {
        self.pool.close().await;
        self.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_gets_their_own_answer_and_many_questions_are_few_statements() {
    let world = World::new().await;
    let mut all = JoinSet::new();
    for number in 0..2_000_i64 {
        let gathered = world.gathered.clone();
        all.spawn(async move { (number % 150, gathered.get(number % 150).await.unwrap()) });
    }
    while let Some(answered) = all.join_next().await {
        let (number, found) = answered.unwrap();
        assert_eq!(found, (number < 100).then(|| number.to_string()));
    }
    let statements = world.asked.0.load(SeqCst);
    assert!(statements < 500, "{statements} statements for 2,000 questions");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_never_older_than_its_question() {
    let world = World::new().await;
    let others: Vec<_> = (0..4)
        .map(|number| {
            let gathered = world.gathered.clone();
            tokio::spawn(async move {
                loop {
                    gathered.get(number).await.unwrap();
                }
            })
        })
        .collect();
    for round in 0..200 {
        let text = format!("round {round}");
        sqlx::query("update kept set text = $1 where number = 0")
            .bind(&text)
            .execute(&world.pool)
            .await
            .unwrap();
        assert_eq!(world.gathered.get(0).await.unwrap(), Some(text));
    }
    others.iter().for_each(|other| other.abort());
    world.end().await;
}

#[tokio::test]
async fn who_goes_away_takes_nothing_from_the_others() {
    let world = World::new().await;
    let gone = world.gathered.clone();
    let gone = tokio::spawn(async move { gone.get(1).await });
    tokio::task::yield_now().await;
    gone.abort();
    assert_eq!(world.gathered.get(2).await.unwrap().as_deref(), Some("2"));
    world.end().await;
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_wait_and_the_next_question_is_asked_anew() {
    let world = World::new().await;
    sqlx::query("alter table kept rename to away").execute(&world.pool).await.unwrap();
    let failed = tokio::join!(world.gathered.get(1), world.gathered.get(2));
    for error in [failed.0.unwrap_err(), failed.1.unwrap_err()] {
        let source =
            std::error::Error::source(&error).and_then(|source| source.downcast_ref::<sqlx::Error>());
        assert!(matches!(source, Some(sqlx::Error::Database(_))), "{error:?}");
    }
    sqlx::query("alter table away rename to kept").execute(&world.pool).await.unwrap();
    assert_eq!(world.gathered.get(1).await.unwrap().as_deref(), Some("1"));
    // The connection goes back after a moment in which nobody asks.
    while world.pool.num_idle() < usize::try_from(world.pool.size()).unwrap() {
        sleep(Duration::from_millis(5)).await;
    }
    world.end().await;
}
