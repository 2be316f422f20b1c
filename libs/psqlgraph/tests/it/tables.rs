//! Tables, their migration, and writes with history.

use dictionary::Dictionary;
use psqlgraph::{
    ddl::Schema,
    nodes,
    transactions::{self, TransactionId},
};
use sqlx::PgPool;
use testing::TestDatabase;

pub(crate) fn dictionary() -> Dictionary {
    let files = serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
    Dictionary::from_files(files).unwrap()
}

async fn migrated() -> PgPool {
    let migrate = async |pool: &PgPool| {
        psqlgraph::migrate(pool, &dictionary()).await?;
        Ok(())
    };
    TestDatabase::new("psqlgraph", migrate).await.pool
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[test]
fn the_tables_of_the_small_dictionary_are_these() {
    let script = Schema::of(&dictionary()).script();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/small_dictionary.sql");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &script).unwrap();
    }
    assert_eq!(script, std::fs::read_to_string(golden).unwrap(), "UPDATE_GOLDEN=1 writes the file anew");
}

#[tokio::test]
async fn a_migration_is_done_once_and_recognised() {
    let database = TestDatabase::empty().await;
    let dictionary = dictionary();
    let first = psqlgraph::migrate(&database.pool, &dictionary).await.unwrap();
    let schema = Schema::of(&dictionary);
    assert_eq!((first.tables.len(), first.indexes.len()), (schema.tables.len(), schema.indexes.len()));
    let second = psqlgraph::migrate(&database.pool, &dictionary).await.unwrap();
    assert!(second.up_to_date);
}

#[tokio::test]
async fn a_changed_dictionary_adds_what_is_missing_and_drops_nothing() {
    let pool = migrated().await;
    let mut smaller = dictionary();
    smaller.nodes.shift_remove("aliquot");
    smaller.nodes.shift_remove("reading");
    smaller.digest = "another".to_owned();
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw("drop table edge_samplerelatedtodiagnosis; drop index index_node_case_submitter_id")
        .run_script(&mut connection)
        .await
        .unwrap();
    let report = psqlgraph::migrate(&pool, &smaller).await.unwrap();
    assert_eq!(report.tables, ["edge_samplerelatedtodiagnosis"]);
    assert!(report.indexes.contains(&"index_node_case_submitter_id".to_owned()));
    assert_eq!(count(&pool, "select count(*) from node_aliquot").await, 0);
    assert_eq!(count(&pool, "select count(*) from _voided_nodes where node_id = 'root'").await, 1);
}

/// New edge tables refer to tables that somebody writes to, one after the other and against the order of the
/// names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_beside_writers_waits_for_them_and_fails_none() {
    let pool = migrated().await;
    let mut other = dictionary();
    other.digest = "another".to_owned();
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw("drop table edge_samplerelatedtodiagnosis").run_script(&mut connection).await.unwrap();
    let mut writer = pool.begin().await.unwrap();
    let write = async |writer: &mut sqlx::PgConnection, table: &'static str| {
        let statement = sql::Sql::raw("insert into ").then_ident(table).text(" (node_id) values ('x')");
        statement.query().execute(writer).await.unwrap();
    };
    write(&mut writer, "node_sample").await;
    let migration = tokio::spawn({
        let pool = pool.clone();
        async move { psqlgraph::migrate(&pool, &other).await }
    });
    // Long enough for the database to look for deadlocks, if there were one.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    write(&mut writer, "node_diagnosis").await;
    writer.commit().await.unwrap();
    let report = migration.await.unwrap().unwrap();
    assert_eq!(report.tables, ["edge_samplerelatedtodiagnosis"]);
    assert_eq!(count(&pool, "select count(*) from node_diagnosis").await, 1);
}

#[tokio::test]
async fn an_index_with_the_wrong_uniqueness_is_made_again() {
    let pool = migrated().await;
    let mut changed = dictionary();
    changed.digest = "another".to_owned();
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw(
        "drop index index_node_project_code; create index index_node_project_code on node_project (node_id)",
    )
    .run_script(&mut connection)
    .await
    .unwrap();
    let report = psqlgraph::migrate(&pool, &changed).await.unwrap();
    assert_eq!(report.indexes, ["index_node_project_code"]);
}

#[tokio::test]
async fn the_unique_index_of_a_key_that_is_gone_is_dropped() {
    let database = TestDatabase::empty().await;
    let with = |key: &[&str], digest: &str| {
        let mut dictionary = dictionary();
        dictionary.digest = digest.to_owned();
        let key = key.iter().map(|member| (*member).to_owned()).collect::<Vec<String>>();
        dictionary.nodes.get_mut("case").unwrap().unique_keys.extend((!key.is_empty()).then_some(key));
        dictionary
    };
    let mut connection = database.pool.acquire().await.unwrap();
    psqlgraph::migrate(&database.pool, &with(&["pmid"], "one")).await.unwrap();
    let own = "create unique index operators_own on node_case ((_props ->> 'x'))";
    sql::Sql::raw(own).run_script(&mut connection).await.unwrap();
    let plan = psqlgraph::plan(&database.pool, &with(&[], "two")).await.unwrap();
    assert!(plan.script().contains("drop index \"index_node_case_pmid\";"), "{}", plan.script());
    let report = psqlgraph::migrate(&database.pool, &with(&[], "two")).await.unwrap();
    assert_eq!(report.dropped, ["index_node_case_pmid"]);
    let left =
        "select count(*) from pg_indexes where tablename = 'node_case' and indexdef like 'CREATE UNIQUE%'";
    // Its primary key, its own key, and what is not ours.
    assert_eq!(count(&database.pool, left).await, 3);
    // As a part of another key it is made again, not unique.
    psqlgraph::migrate(&database.pool, &with(&["pmid"], "three")).await.unwrap();
    let report = psqlgraph::migrate(&database.pool, &with(&["pmid", "x"], "four")).await.unwrap();
    assert!(
        report.indexes.contains(&"index_node_case_pmid".to_owned()) && report.dropped.is_empty(),
        "{report:?}"
    );
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    let database = TestDatabase::empty().await;
    let dictionary = dictionary();
    let (a, b, c) = tokio::join!(
        psqlgraph::migrate(&database.pool, &dictionary),
        psqlgraph::migrate(&database.pool, &dictionary),
        psqlgraph::migrate(&database.pool, &dictionary)
    );
    let worked = [a, b, c].into_iter().filter(|report| !report.as_ref().unwrap().up_to_date).count();
    assert_eq!(worked, 1);
}

#[tokio::test]
async fn old_snapshot_tables_are_adopted() {
    let database = TestDatabase::empty().await;
    let mut connection = database.pool.acquire().await.unwrap();
    let old = "create table transaction_logs (id serial primary key, submitter text, role text not null,
            program text not null, project text not null, committed_by integer, is_dry_run boolean not null,
            state text not null, closed boolean not null, created_datetime timestamptz not null default now(),
            canonical_json jsonb not null);
        create table transaction_snapshots (id text not null,
            transaction_id integer references transaction_logs (id),
            action text not null, old_props jsonb not null, new_props jsonb not null,
            constraint transaction_snapshots_pkey primary key (id));
        insert into transaction_snapshots (id, action, old_props, new_props)
            values ('e', 'create', '{}', '{}')";
    sql::Sql::raw(old).run_script(&mut connection).await.unwrap();
    drop(connection);
    psqlgraph::migrate(&database.pool, &dictionary()).await.unwrap();
    let row: (i32, String) = sqlx::query_as("select id, entity_id from transaction_snapshots")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(row, (1, "e".to_owned()));
}

#[tokio::test]
async fn a_changed_node_leaves_its_old_row_as_history() {
    let pool = migrated().await;
    let mut connection = pool.acquire().await.unwrap();
    let new = nodes::NewNode { node_id: "a".into(), key: "a".into(), props: r#"{"x": 1}"#.into() };
    nodes::insert_nodes(&mut connection, "case", &["phs1".into()], vec![new]).await.unwrap();
    let changed = nodes::ChangedNode { node_id: "a".into(), props: r#"{"x": 2}"#.into() };
    nodes::update_nodes(&mut connection, "case", vec![changed]).await.unwrap();
    nodes::delete_nodes(&mut connection, "case", &["a".into()]).await.unwrap();
    let history: Vec<(String, String, Vec<String>)> =
        sqlx::query_as("select label, properties ->> 'x', acl from _voided_nodes order by key")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    let row = |x: &str| ("case".to_owned(), x.to_owned(), vec!["phs1".to_owned()]);
    assert_eq!(history, [row("1"), row("2")]);
}

#[tokio::test]
async fn a_dry_run_is_committed_by_one_transaction_only() {
    let pool = migrated().await;
    let mut connection = pool.acquire().await.unwrap();
    let log = transactions::NewLog {
        submitter: Some("ada"),
        role: transactions::Role::Create,
        program: "P",
        project: "Q",
        is_dry_run: true,
    };
    let id = transactions::open(&mut connection, &log).await.unwrap();
    assert!(transactions::set_committed_by(&mut connection, id, TransactionId(7)).await.unwrap());
    assert!(!transactions::set_committed_by(&mut connection, id, TransactionId(8)).await.unwrap());
    let stored = transactions::lock(&mut connection, id).await.unwrap().unwrap();
    assert_eq!((stored.committed_by, stored.state.as_str()), (Some(TransactionId(7)), "PENDING"));
}
