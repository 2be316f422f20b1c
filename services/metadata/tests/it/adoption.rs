//! A database of the original is adopted as it is.

use metadata::{Config, migrate};
use serde_json::{Value, json};
use testing::TestDatabase;

use crate::support::World;

/// What the original has made at its head, with rows and an index of a path.
const ORIGINAL: &str = r#"
    create table alembic_version (version_num varchar(32) not null,
        constraint alembic_version_pkc primary key (version_num));
    insert into alembic_version values ('6819874e85b9');
    create table metadata (guid varchar not null, data jsonb, authz jsonb not null, primary key (guid));
    create table metadata_alias (alias varchar not null, guid varchar not null, primary key (alias),
        foreign key (guid) references metadata (guid) on delete cascade);
    create index path_idx_1eb7c54d on metadata ((data #>> '{a,b}'::text[]));
    insert into metadata values
        ('old', '{"a": {"b": "x"}, "_filename": "kept"}', '{"version": 0, "_resource_paths": ["/open"]}'),
        ('none', null, '{"version": 0, "_resource_paths": ["/open"]}');
    insert into metadata_alias values ('other', 'old');"#;

async fn adopted(before: &'static str) -> World {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    sqlx::raw_sql(before).execute(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    World::on(database, Config::default())
}

#[actix_web::test]
async fn old_documents_aliases_and_indexes_are_there() {
    let world = adopted("").await;
    let old = json!({"a": {"b": "x"}, "_filename": "kept"});
    assert_eq!(world.get("/metadata/other").await, (200, old));
    assert_eq!(world.get("/metadata/none").await, (200, Value::Null));
    assert_eq!(world.get("/metadata?a.b=x").await, (200, json!(["old"])));
    assert_eq!(world.get("/metadata?data=true&limit=1").await.1, json!({"none": null}));
    let indexes = world.send("GET", "/metadata_index", "boss", &Value::Null).await;
    assert_eq!(indexes, (200, json!(["a.b"])));
    assert_eq!(world.post("/metadata_index/a.b", Value::Null).await.0, 409);
    assert_eq!(world.put("/metadata/none?merge=true", json!({"x": 1})).await, (200, json!({"x": 1})));
    assert_eq!(world.delete("/metadata/old").await.0, 200);
    assert_eq!(world.get("/metadata/other").await.0, 404);
}

#[actix_web::test]
async fn a_database_of_an_earlier_revision_becomes_one_of_the_last() {
    for before in [
        "drop table metadata_alias; update alembic_version set version_num = '4d93784a25e5'",
        "update alembic_version set version_num = '3354f2c466ec'",
    ] {
        let world = adopted(before).await;
        assert_eq!(world.get("/metadata/old").await, (200, json!({"a": {"b": "x"}})));
        let now: String = sqlx::query_scalar("select version_num from alembic_version")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
        assert_eq!(now, "6819874e85b9");
    }
}

#[actix_web::test]
async fn a_database_of_before_gets_the_columns_that_a_search_reads() {
    let before = r#"
        create function commons_metadata_words(data jsonb) returns tsvector
            language sql immutable parallel safe as $$ select jsonb_to_tsvector('simple', data, '["string"]') $$;
        create index commons_metadata_words on metadata using gin (commons_metadata_words(data))
            where data @> '{"_guid_type": "discovery_metadata"}';
        insert into metadata values ('study', '{"_guid_type": "discovery_metadata", "a": "Sleep"}', '{}');"#;
    let world = adopted(before).await;
    let (_, answer) = world.send("POST", "/v1/search", "", &json!({"words": "sleep"})).await;
    assert_eq!(answer["studies"][0]["guid"], "study");
    let indexes: Vec<String> = sqlx::query_scalar(
        "select indexname::text from pg_indexes
         where tablename = 'metadata' and indexname like 'commons%' order by 1",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(indexes, ["commons_metadata_data", "commons_metadata_kind", "commons_metadata_text"]);
}

#[actix_web::test]
async fn a_database_of_another_revision_is_left_alone() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    let first = "update alembic_version set version_num = 'f96cb3b2c523'";
    sqlx::query(first).execute(&database.pool).await.unwrap();
    assert!(matches!(migrate(&database.pool).await, Err(database::AdoptError::OtherVersion { .. })));
}
