//! The answers of all commons.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::World;

fn answers(world: &World, own: Value, other: Value) -> Value {
    json!({ "site.example.org": own, world.other.host(): other })
}

#[actix_web::test]
async fn all_commons_answer_each_in_the_name_of_its_user() {
    let world = World::new().await;
    world.log_in("ada", "idp=other").await;
    world.own.seen();
    world.other.seen();
    let whole = json!({ "username": "ada", "authz": {} });
    let answer = world.get("/aggregate/user/user/?a=b&a=c&d", "ada").await;
    assert_eq!((answer.status, answer.json()), (200, answers(&world, whole.clone(), whole.clone())));
    let own = world.own.seen();
    assert_eq!((own[0].target.as_str(), own[0].authorization.as_str()), ("/user/user?a=b&d=", ""));
    let other = world.other.seen();
    assert_eq!(other[0].field("grant_type"), Some("refresh_token"));
    assert!(other[1].authorization.starts_with("Bearer access "), "{other:?}");
    let answer = world.get("/aggregate/user/user", "").await;
    assert_eq!(answer.json(), answers(&world, whole.clone(), whole));
    assert!(world.other.seen()[0].authorization.is_empty());
}

#[actix_web::test]
async fn filters_choose_keys_of_each_answer() {
    let world = World::new().await;
    *world.own.state.page.lock().unwrap() = "[1, 2]".into();
    let answer = world.get("/aggregate/user/user?filters=username&filters=x", "").await.json();
    assert_eq!(answer, answers(&world, Value::Null, json!({ "username": "ada", "x": null })));
}

#[actix_web::test]
async fn a_commons_that_does_not_answer_is_null_and_a_lost_login_asks_in_nobodys_name() {
    let world = World::new().await;
    world.log_in("ada", "idp=other").await;
    world.other.seen();
    world.other.refuse(400, json!({ "error": "invalid_grant" }));
    *world.own.state.page.lock().unwrap() = "<html>".into();
    let answer = world.get("/aggregate/user/user?filters=username", "ada").await.json();
    assert_eq!(answer, answers(&world, Value::Null, json!({ "username": "ada" })));
    assert_eq!(world.other.seen().last().unwrap().authorization, "");
}

#[actix_web::test]
async fn nothing_but_the_configured_paths_of_configured_hosts_is_asked() {
    let world = World::new().await;
    for path in [
        "user",
        "user/user/x",
        "user//user",
        "admin",
        "user/user/../admin",
        "%2Fevil.example",
        "/evil.example/user/user",
    ] {
        let answer = world.get(&format!("/aggregate/{path}"), "").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    // A redirect is not followed.
    let answer = world.get("/aggregate/authz/mapping", "").await.json();
    assert_eq!(answer, answers(&world, Value::Null, Value::Null));
    let targets: Vec<String> = world.other.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/authz/mapping"]);
}

#[actix_web::test]
async fn a_token_that_is_not_accepted_is_not_taken_for_nobody() {
    let world = World::new().await;
    let answer = world.send_with("GET", "/aggregate/user/user", "forged", "").await;
    assert_eq!(answer.status, 403);
    assert!(world.own.seen().is_empty() && world.other.seen().is_empty());
}

#[actix_web::test]
async fn an_answer_that_is_too_large_is_left_out() {
    let world = World::new().await;
    *world.other.state.page.lock().unwrap() = format!("\"{}\"", "x".repeat(9 << 20));
    let answer = world.get("/aggregate/user/user", "").await.json();
    assert_eq!(answer, answers(&world, json!({ "username": "ada", "authz": {} }), Value::Null));
}

#[actix_web::test]
async fn who_asks_for_everything_at_once_is_refused_and_stands_in_nobodys_way() {
    let world = World::new().await;
    *world.other.state.pause.lock().unwrap() = Duration::from_secs(2);
    let greedy = join_all((0..12).map(|_| world.get("/aggregate/user/user", "eve")));
    let modest = world.get("/aggregate/user/user", "ada");
    let (answers, modest) = tokio::join!(greedy, modest);
    assert_eq!(modest.status, 200);
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!refused.is_empty() && refused.len() < answers.len(), "{}", refused.len());
    for answer in refused {
        assert_eq!((answer.status, answer.header("retry-after").as_str()), (429, "5"), "{}", answer.text);
    }
}
