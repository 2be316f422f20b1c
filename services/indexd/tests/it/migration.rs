use sqlx::Row;
use testing::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn migrating_again_and_at_the_same_time_changes_nothing() {
    let database = TestDatabase::empty().await;
    let (one, two) = tokio::join!(indexd::migrate(&database.pool), indexd::migrate(&database.pool));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    let before = schema(&database).await;
    indexd::migrate(&database.pool).await.expect("a third time");
    assert_eq!(schema(&database).await, before);
    let version: String = sqlx::query_scalar("select version_num from alembic_version")
        .fetch_one(&database.pool)
        .await
        .expect("one");
    assert_eq!(version, "9a2169051163");
}

/// Tables with their columns, and all indexes.
async fn schema(database: &TestDatabase) -> Vec<String> {
    let rows = sqlx::query(
        "select table_name || '.' || column_name || ' ' || data_type as line from information_schema.columns \
         where table_schema = 'public' union all \
         select indexdef from pg_indexes where schemaname = 'public' order by line",
    )
    .fetch_all(&database.pool)
    .await
    .expect("a schema");
    rows.into_iter().map(|row| row.get(0)).collect()
}

/// A database as the original made it before 2023: other names of indexes, no description, no counters.
const OLD: &str = "
    create table base_version (baseid varchar primary key);
    create table index_record (did varchar primary key, baseid varchar references base_version, rev varchar,
        form varchar, size bigint, created_date timestamp default now(), updated_date timestamp default now(),
        file_name varchar, version varchar, uploader varchar);
    create index ix_index_record_baseid on index_record (baseid);
    create index index_record__file_name_idx on index_record (file_name);
    create table index_record_url (did varchar references index_record, url varchar, primary key (did, url));
    create table alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('15f2e9345ade');
    insert into base_version values ('b');
    insert into index_record (did, baseid, rev, form, size) values ('d', 'b', 'r', 'object', 7);
    insert into index_record_url values ('d', 's3://b/k');";

#[tokio::test(flavor = "multi_thread")]
async fn an_old_database_is_adopted_in_place() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(OLD).execute(&database.pool).await.expect("an old database");
    indexd::migrate(&database.pool).await.expect("adopted");
    let names = schema(&database).await;
    let of_file_name =
        names.iter().filter(|line| line.contains(" ON public.index_record USING btree (file_name)")).count();
    assert_eq!(of_file_name, 1, "no second index on the same column");
    let version: String = sqlx::query_scalar("select version_num from alembic_version")
        .fetch_one(&database.pool)
        .await
        .expect("one");
    assert_eq!(version, "9a2169051163");
    let totals: (i64, i64) = sqlx::query_as("select total_record_count, total_record_bytes from stats")
        .fetch_one(&database.pool)
        .await
        .expect("counters");
    assert_eq!(totals, (1, 7));
    let indexd = indexd::Indexd::build(indexd::Config::default(), database.pool.clone(), None);
    let record = indexclient::IndexClient::get(&*indexd, "b").await.expect("an answer").expect("a record");
    assert_eq!((record.did.as_str(), record.urls), ("d", vec!["s3://b/k".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_keeps_its_revision() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(
        "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('f')",
    )
    .execute(&database.pool)
    .await
    .expect("a newer database");
    indexd::migrate(&database.pool).await.expect("migrated");
    let versions: Vec<String> = sqlx::query_scalar("select version_num from alembic_version")
        .fetch_all(&database.pool)
        .await
        .expect("some");
    assert_eq!(versions, ["f"]);
}

/// As long as nobody has looked, the database takes a table for a small one that may grow, and uses its
/// indexes.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_table_is_not_known_to_be_empty() {
    let database = TestDatabase::empty().await;
    indexd::migrate(&database.pool).await.expect("migrated");
    let known: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class \
         where relkind = 'r' and relnamespace = current_schema()::regnamespace and reltuples >= 0",
    )
    .fetch_all(&database.pool)
    .await
    .expect("names");
    assert_eq!(known, Vec::<String>::new());
}
