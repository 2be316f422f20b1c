//! A database of the original is adopted as it is.

use requestor::migrate;
use serde_json::{Value, json};
use testing::TestDatabase;

use crate::support::World;

/// What the original has made, with a row.
const ORIGINAL: &str = "
    create table alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('42cbae986650');
    create table requests (request_id uuid not null primary key, username varchar not null,
        resource_id varchar, resource_display_name varchar, status varchar not null,
        created_time timestamp not null, updated_time timestamp not null, policy_id varchar not null,
        revoke boolean not null);
    insert into requests values ('7f0c3b62-1111-4222-8333-444455556666', 'ann', 'r', null, 'SUBMITTED',
        '2024-01-02T03:04:05.5', '2024-01-02T03:04:06', 'p1', false);";

#[actix_web::test]
async fn an_old_request_is_shown_and_decided_about() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    let world = World::on(database, &Value::Null);
    let (_, found) = world.get("/request", "boss").await;
    let expected = json!({
        "request_id": "7f0c3b62-1111-4222-8333-444455556666", "username": "ann", "policy_id": "p1",
        "revoke": false, "status": "SUBMITTED", "created_time": "2024-01-02T03:04:05.500000+00:00",
        "updated_time": "2024-01-02T03:04:06+00:00", "resource_id": "r", "resource_display_name": null,
    });
    assert_eq!(found, json!([expected]));
    assert_eq!(world.set_status("boss", &found[0], "SIGNED").await.0, 200);
    assert_eq!(world.policies.held(), [("ann".to_owned(), "p1".to_owned())]);
    let count: i64 = sqlx::query_scalar("select count(*) from requests where status = 'SIGNED'")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(count, 1);
}

#[actix_web::test]
async fn a_database_of_the_first_version_is_left_alone() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    let first = "update alembic_version set version_num = 'c0a92da5ac69'";
    sqlx::query(first).execute(&database.pool).await.unwrap();
    assert!(matches!(migrate(&database.pool).await, Err(database::AdoptError::OtherVersion { .. })));
}
