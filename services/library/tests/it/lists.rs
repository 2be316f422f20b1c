//! Making, changing and deleting lists.

use library::{Config, migrate};
use serde_json::{Value, json};
use testing::TestDatabase;

use crate::support::{World, file};

#[actix_web::test]
async fn a_list_comes_back_as_it_was_saved_and_counts_its_changes() {
    let world = World::new().await;
    let query = json!({"type": "Gen3GraphQL", "name": "c", "schema_version": "1", "extra": {"z": 1},
                       "data": {"query": "{ a }", "variables": {"filter": {}}}});
    let body = json!({"lists": [{"name": "cohort", "items": {"z": query, "a": file("1")}}]});
    let (status, answer) = world.send("PUT", "/lists", "7", &body).await;
    assert_eq!(status, 201);
    let (id, list) = answer["lists"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(
        (list["version"].as_i64(), list["creator"].as_str(), list["name"].as_str()),
        (Some(0), Some("7"), Some("cohort"))
    );
    assert_eq!(list["items"], body["lists"][0]["items"]);
    assert_eq!(
        list["authz"],
        json!({"version": 0, "authz": [format!("/users/7/user-data-library/lists/{id}")]})
    );
    assert!(list["created_time"].as_str().unwrap().ends_with("+00:00") && list.get("id").is_none());
    assert_eq!(world.get("/lists", "7").await, (200, answer.clone()));
    let (_, one) = world.get(&format!("/lists/{id}"), "7").await;
    assert_eq!((&one["id"], &one["items"]), (&json!(id), &list["items"]));

    assert_eq!(world.send("PUT", "/lists", "7", &body).await, (409, json!({"detail": "Nothing to update!"})));
    let (_, more) =
        world.send("PATCH", &format!("/lists/{id}"), "7", &json!({"a": file("2"), "b": file("3")})).await;
    assert_eq!((more["version"].as_i64(), more["items"].as_object().unwrap().len()), (Some(1), 3));
    let other = json!({"name": "renamed", "items": {"x": file("9")}});
    let (status, replaced) = world.send("PUT", &format!("/lists/{id}"), "7", &other).await;
    assert_eq!(
        (status, replaced["version"].as_i64(), replaced["name"].as_str()),
        (200, Some(2), Some("renamed"))
    );
    assert_eq!(replaced["items"], other["items"]);
    assert_eq!(world.send("PUT", &format!("/lists/{id}"), "7", &other).await.0, 409);
}

#[actix_web::test]
async fn nobody_reaches_the_lists_of_another_by_id_or_name() {
    let world = World::new().await;
    let id = world.make("7", "same").await;
    let others = world.make("8", "same").await;
    assert_ne!(id, others);
    assert_eq!(world.get(&format!("/lists/{id}"), "8").await, (404, json!("list_id not found!")));
    let path = format!("/lists/{id}");
    assert_eq!(world.send("DELETE", &path, "8", &Value::Null).await.0, 404);
    let (_, refusal) = world.send("PUT", &path, "8", &json!({"name": "x", "items": {}})).await;
    assert_eq!(refusal, json!({"detail": "ID not recognized!"}));
    assert_eq!(world.send("DELETE", "/lists", "8", &Value::Null).await.0, 204);
    assert_eq!(world.get(&path, "7").await.0, 200);
    assert_eq!(world.get("/lists", "8").await.1, json!({"lists": {}}));
}

#[actix_web::test]
async fn who_was_shut_out_has_no_lists_and_where_nobody_can_say_so_nobody_has() {
    let world = World::new().await;
    for (who, status) in [("gone", 401), ("unheard", 503)] {
        assert_eq!(world.get("/lists", who).await.0, status, "{who}");
        assert_eq!(world.send("DELETE", "/lists", who, &Value::Null).await.0, status, "{who}");
    }
}

#[actix_web::test]
async fn limits_hold_and_a_refused_request_changes_nothing() {
    let world =
        World::with(Config { max_lists: 2, max_items: 2, body_limit: 2_000, ..Config::default() }).await;
    let id = world.make("7", "a").await;
    let two = json!({"lists": [{"name": "b", "items": {}}, {"name": "c", "items": {}}]});
    assert_eq!(
        world.send("PUT", "/lists", "7", &two).await,
        (422, json!({"detail": "Max number of lists reached!"}))
    );
    // One of them would not change.
    let mixed = json!({"lists": [{"name": "b", "items": {}}, {"name": "a", "items": {"a": file("1")}}]});
    assert_eq!(world.send("PUT", "/lists", "7", &mixed).await.0, 409);
    assert_eq!(world.get("/lists", "7").await.1["lists"].as_object().unwrap().len(), 1);
    let path = format!("/lists/{id}");
    let more = json!({"b": file("2"), "c": file("3")});
    assert_eq!(
        world.send("PATCH", &path, "7", &more).await,
        (409, json!({"detail": "Too many items in list"}))
    );
    let long = json!({"a": {"type": "x", "text": "y".repeat(1_500)}});
    assert_eq!(world.send("PATCH", &path, "7", &long).await.0, 200);
    let longer = json!({"b": {"type": "x", "text": "y".repeat(1_500)}});
    assert_eq!(world.send("PATCH", &path, "7", &longer).await.0, 413);
    assert_eq!(world.send("PATCH", &path, "7", &json!({"a": "y".repeat(3_000)})).await.0, 413);
    world.make("7", "b").await;
    assert_eq!(
        world.send("PUT", &path, "7", &json!({"name": "b", "items": {}})).await.0,
        409,
        "the name is taken"
    );
    let nul = json!({"lists": [{"name": "\u{0}", "items": {}}]});
    assert_eq!(world.send("PUT", "/lists", "9", &nul).await.0, 400);
}

#[actix_web::test]
async fn a_user_who_saves_many_times_at_once_stays_within_the_limit() {
    let world = World::with(Config { max_lists: 3, ..Config::default() }).await;
    let one = async |name: &str| {
        let body = json!({"lists": [{"name": name, "items": {}}]});
        world.send("PUT", "/lists", "7", &body).await.0
    };
    let answers = tokio::join!(one("a"), one("b"), one("c"), one("d"), one("a"));
    let answers = [answers.0, answers.1, answers.2, answers.3, answers.4];
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 3, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 409, 422].contains(status)), "{answers:?}");
}

/// What the original has made, with a row.
const ORIGINAL: &str = "
    create table alembic_version (version_num varchar(32) primary key);
    insert into alembic_version values ('3c2cb76ce78c');
    create table user_lists (id uuid not null primary key, version integer not null, creator varchar not null,
        authz json not null, name varchar not null, created_time timestamptz not null,
        updated_time timestamptz not null, items json, constraint _name_creator_uc unique (name, creator));
    create index ix_user_lists_creator on user_lists (creator);
    insert into user_lists values ('7f0c3b62-1111-4222-8333-444455556666', 0, '7', '{\"version\": 0}', 'old',
        '2024-01-02T03:04:05.5Z', '2024-01-02T03:04:06Z', null);";

#[actix_web::test]
async fn a_database_of_the_original_is_adopted() {
    let database = TestDatabase::empty().await;
    sqlx::raw_sql(ORIGINAL).execute(&database.pool).await.unwrap();
    migrate(&database.pool).await.unwrap();
    let world = World::on(database, Config::default());
    let (_, found) = world.get("/lists/7f0c3b62-1111-4222-8333-444455556666", "7").await;
    let expected = json!({
        "id": "7f0c3b62-1111-4222-8333-444455556666", "version": 0, "creator": "7", "authz": {"version": 0},
        "name": "old", "created_time": "2024-01-02T03:04:05.500000+00:00",
        "updated_time": "2024-01-02T03:04:06+00:00", "items": {},
    });
    assert_eq!(found, expected);
    let later = "update alembic_version set version_num = 'ffffffffffff'";
    sqlx::query(later).execute(&world.database.pool).await.unwrap();
    assert!(matches!(migrate(&world.database.pool).await, Err(database::AdoptError::OtherVersion { .. })));
}
