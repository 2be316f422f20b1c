//! Making and adopting tables.

use testing::TestDatabase;

#[tokio::test]
async fn migrating_twice_and_at_once_changes_nothing() {
    let database = TestDatabase::empty().await;
    let (one, two) = tokio::join!(arborist::migrate(&database.pool), arborist::migrate(&database.pool));
    one.unwrap();
    two.unwrap();
    arborist::migrate(&database.pool).await.unwrap();
    let version: (i32, String) =
        sqlx::query_as("select id, version from db_version").fetch_one(&database.pool).await.unwrap();
    assert_eq!(version, (3, "2019-09-03T155025Z_authz_provider".into()));
}

#[tokio::test]
async fn a_database_of_another_version_is_left_alone() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(
        "create table db_version (id int primary key, version text);
         insert into db_version (id, version) values (2, 'old')",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let error = arborist::migrate(&database.pool).await.unwrap_err().to_string();
    assert!(error.starts_with("arborist's database has schema version old"), "{error}");
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_to_do() {
    let database = TestDatabase::empty().await;
    let mut connection = database.pool.acquire().await.unwrap();
    sqlx::raw_sql("create role plain_arborist; grant all on schema public to plain_arborist")
        .execute(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    let options = database.options.clone().options([("role", "plain_arborist")]);
    let pool = sqlx::PgPool::connect_with(options).await.unwrap();
    let error = arborist::migrate(&pool).await.unwrap_err().to_string();
    assert!(error.contains("`create extension ltree`"), "{error}");
}

#[tokio::test]
async fn moving_a_resource_moves_what_is_below_it() {
    let database = TestDatabase::empty().await;
    arborist::migrate(&database.pool).await.unwrap();
    sqlx::raw_sql(
        "insert into resource (path) values ('a'), ('a.b'), ('a.b.c'), ('ab');
         update resource set path = 'x' where path = 'a';
         delete from resource where path = 'x.b'",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let rows: Vec<(String, String)> = sqlx::query_as("select path::text, name from resource order by path")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert_eq!(rows, [("ab".into(), "ab".into()), ("x".into(), "x".into())]);
    let deleted = sqlx::query("delete from grp").execute(&database.pool).await;
    assert!(deleted.unwrap_err().to_string().contains("built-in group"));
}
