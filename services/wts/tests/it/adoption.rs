//! A database of the original is adopted as it is.

use testing::TestDatabase;
use wts::migrate;

use crate::support::World;

/// What the original has made, with a token that it has encrypted: the specification's, for `hello`.
const ORIGINAL: &str = "
    create table alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('3417aec47fe2');
    create table refresh_token (token varchar not null, jti varchar not null, username varchar not null,
        userid varchar not null, expires bigint not null, idp varchar not null,
        constraint refresh_token_pkey primary key (token), constraint refresh_token_jti_key unique (jti));
    insert into refresh_token values (
        'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
        'j', 'ada', '7', 4102444800, 'other');";

#[actix_web::test]
async fn a_token_that_the_original_has_stored_is_used() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    let world = World::on(database);
    assert_eq!(world.get("/token/?idp=other", "ada").await.status, 200);
    assert_eq!(world.other.seen()[0].field("refresh_token"), Some("hello"));
    let undone = "drop index refresh_token_username, refresh_token_expires";
    sqlx::query(undone).execute(&world.database.pool).await.unwrap();
}

#[actix_web::test]
async fn a_database_whose_tokens_are_not_encrypted_is_left_alone() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    let earlier = "update alembic_version set version_num = '27833deaf81f'";
    sqlx::query(earlier).execute(&database.pool).await.unwrap();
    let refused = migrate(&database.pool).await.unwrap_err();
    assert!(matches!(refused, database::AdoptError::OtherVersion { .. }));
    assert_eq!(
        refused.to_string(),
        "the database of refresh tokens has the Alembic revision 27833deaf81f; 3417aec47fe2 is needed: \
         migrate it with workspace-token-service 0.5 first"
    );
}

#[actix_web::test]
async fn a_token_of_another_key_is_our_failure_and_says_nothing() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    let damaged = "update refresh_token set token = replace(token, 'AAEC', 'BBEC')";
    sqlx::query(damaged).execute(&database.pool).await.unwrap();
    let world = World::on(database);
    let answer = world.get("/token/?idp=other", "ada").await;
    assert_eq!((answer.status, answer.message().as_str()), (500, "Internal Server Error"));
    assert!(world.other.seen().is_empty());
}
