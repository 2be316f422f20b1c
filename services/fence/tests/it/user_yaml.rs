//! A user.yaml and the database.

use fence::sync::{ChangeKind, SyncReport, prepare, run};
use serde_json::json;
use useryaml::UserYaml;

use crate::world::{World, answer};

const FILE: &str = "
authz:
  resources:
    - name: programs
      subresources: [{name: p}, {name: q}]
  user_project_to_resource: {phs1: /programs/p}
users:
  ada:
    email: ada@example.org
    admin: true
    tags: {k: v, l: w}
    projects:
      - {auth_id: phs1, privilege: [read-storage, read]}
      - {auth_id: phs2, privilege: [read], resource: /programs/q}
  Eve: {}
";

fn file(text: &str) -> UserYaml {
    UserYaml::parse(text).unwrap()
}

#[tokio::test]
async fn a_file_makes_users_and_applying_it_again_changes_nothing() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let report = run(pool, &file(FILE)).await.unwrap();
    let told: Vec<String> =
        report.changes.iter().map(|change| format!("{} {}", change.kind.text(), change.what)).collect();
    let expected = [
        "account created Eve",
        "account created ada",
        "label changed ada: k",
        "label changed ada: l",
        "project created phs1",
        "project created phs2",
        "access granted ada: phs1",
        "access granted ada: phs2",
    ];
    assert_eq!(told, expected);
    assert_eq!(run(pool, &file(FILE)).await.unwrap(), SyncReport::default());

    let token = world.token("ADA").await;
    let (_, page) = answer(world.get("/user").bearer_auth(&token)).await;
    assert_eq!(page["username"], "ada");
    assert_eq!(
        (&page["email"], &page["is_admin"], &page["role"]),
        (&json!("ada@example.org"), &json!(true), &json!("admin"))
    );
    assert_eq!(page["tags"], json!({ "k": "v", "l": "w" }));
    assert_eq!(page["project_access"], json!({ "phs1": ["read", "read-storage"], "phs2": ["read"] }));
    let paths: Vec<(String, String)> =
        sqlx::query_as("select auth_id, authz from project order by auth_id").fetch_all(pool).await.unwrap();
    let expected = [("phs1", "/programs/p"), ("phs2", "/programs/q")];
    assert_eq!(paths, expected.map(|(id, path)| (id.to_owned(), path.to_owned())));
}

#[tokio::test]
async fn what_vanishes_from_the_file_is_revoked_but_nobody_is_deleted() {
    let world = World::new().await;
    let pool = &world.database.pool;
    run(pool, &file(FILE)).await.unwrap();
    let less = FILE.replace("{k: v, l: w}", "{k: x}").replace("[read-storage, read]", "[read]");
    let (less, _) = less.split_once("      - {auth_id: phs2").unwrap();
    let report = run(pool, &file(less)).await.unwrap();
    let counts = [ChangeKind::TagChanged, ChangeKind::AccessChanged, ChangeKind::AccessRevoked]
        .map(|kind| report.count(kind));
    assert_eq!((counts, report.changes.len()), ([2, 1, 1], 4));
    let token = world.token("ada").await;
    let (_, page) = answer(world.get("/user").bearer_auth(&token)).await;
    assert_eq!(
        (&page["tags"], &page["project_access"]),
        (&json!({ "k": "x" }), &json!({ "phs1": ["read"] }))
    );

    let report = run(pool, &file("users: {}")).await.unwrap();
    assert_eq!((report.count(ChangeKind::UserDemoted), report.count(ChangeKind::AccessRevoked)), (1, 1));
    let (_, page) = answer(world.get("/user").bearer_auth(&token)).await;
    assert_eq!((&page["is_admin"], &page["email"]), (&json!(false), &json!("ada@example.org")));
    let users: i64 = sqlx::query_scalar(r#"select count(*) from "User""#).fetch_one(pool).await.unwrap();
    assert_eq!(users, 2);
}

#[tokio::test]
async fn a_user_who_logged_in_before_is_the_same_user() {
    let world = World::new().await;
    world.token("EVE").await;
    let report = run(&world.database.pool, &file(FILE)).await.unwrap();
    assert_eq!(report.count(ChangeKind::UserCreated), 1);
}

#[tokio::test]
async fn what_is_prepared_is_undone_unless_it_is_committed() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let prepared = prepare(pool, &file(FILE)).await.unwrap();
    assert_eq!(prepared.report.count(ChangeKind::UserCreated), 2);
    drop(prepared);
    let again = prepare(pool, &file(FILE)).await.unwrap();
    assert_eq!(again.report.count(ChangeKind::UserCreated), 2, "nothing was kept");
    again.commit().await.unwrap();
    assert_eq!(run(pool, &file(FILE)).await.unwrap(), SyncReport::default());
}
