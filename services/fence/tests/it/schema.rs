//! Adopting databases.

use testing::TestDatabase;

use crate::world::database;

#[tokio::test]
async fn migrating_again_and_at_once_changes_nothing() {
    let database = database().await;
    let (first, second) = tokio::join!(fence::migrate(&database.pool), fence::migrate(&database.pool));
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn a_database_of_the_original_is_adopted_with_its_users() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(
        r#"create table "User" (id serial primary key, username varchar(255) unique, id_from_idp varchar,
             display_name varchar, phone_number varchar, email varchar, _last_auth timestamp, idp_id integer,
             google_proxy_group_id varchar, department_id integer, active boolean not null, is_admin boolean,
             additional_info jsonb);
           insert into "User" (username, active) values ('ada', true)"#,
    )
    .execute(&database.pool)
    .await
    .unwrap();
    fence::migrate(&database.pool).await.unwrap();
    let names: Vec<String> =
        sqlx::query_scalar(r#"select username from "User""#).fetch_all(&database.pool).await.unwrap();
    assert_eq!(names, ["ada"]);
}
