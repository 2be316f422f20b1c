//! A database of the original is adopted as it is.

use audit::{Config, migrate};
use serde_json::json;
use testing::TestDatabase;

use crate::support::{World, download};

/// What the first revision of the original made, with a row in the table of its month.
const FIRST: &str = "
    create table alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('d5b18185c458');
    create table presigned_url (request_url varchar not null, status_code integer not null,
        timestamp timestamp not null default now(), username varchar not null, sub integer,
        guid varchar not null, resource_paths varchar[] not null, action varchar not null, protocol varchar);
    create table login (request_url varchar not null, status_code integer not null,
        timestamp timestamp not null default now(), username varchar not null, sub integer,
        idp varchar not null, fence_idp varchar, shib_idp varchar, client_id varchar);
    create table presigned_url_2020_01 () inherits (presigned_url);
    insert into presigned_url_2020_01 values
        ('/data/download/old', 200, '2020-01-02T03:04:05.5', 'ada', 1, 'old', '{/a}', 'download', 's3');";

#[actix_web::test]
async fn records_of_the_first_revision_are_found_beside_new_ones() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(FIRST).execute(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    let world = World::on(database, Config::default());
    world.write("presigned_url", &download("ada", "new", 1_577_930_646, &json!({}))).await;
    let found = world.read("/log/presigned_url").await;
    let expected = json!([
        {
            "request_url": "/data/download/new", "status_code": 200, "timestamp": "2020-01-02T02:04:06",
            "username": "ada", "sub": 10, "additional_data": null, "id": 2, "guid": "new",
            "resource_paths": ["/a", "/b"], "action": "download", "protocol": null,
        },
        {
            "request_url": "/data/download/old", "status_code": 200,
            "timestamp": "2020-01-02T03:04:05.500000", "username": "ada", "sub": 1,
            "additional_data": null, "id": 1, "guid": "old",
            "resource_paths": ["/a"], "action": "download", "protocol": "s3",
        },
    ]);
    assert_eq!(found["data"], expected);
    let revision: String = sqlx::query_scalar("select version_num from alembic_version")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(revision, "42692e47f254");
}

#[actix_web::test]
async fn a_database_of_a_later_version_is_left_alone() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(FIRST).execute(&database.pool).await.unwrap();
    let later = "update alembic_version set version_num = 'ffffffffffff'";
    sqlx::query(later).execute(&database.pool).await.unwrap();
    assert!(matches!(migrate(&database.pool).await, Err(database::AdoptError::OtherVersion { .. })));
}
