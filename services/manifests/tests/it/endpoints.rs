//! Every endpoint, asked by nobody, by another user and by the owner.

use manifests::Manifests;
use serde_json::{Value, json};
use testing::endpoints::{Kind, check};
use tokens::{Purpose, Scopes};

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new();
    world.object("user-1/m.json", "[]").await;
    world.object("user-1/exported-metadata/x.json", "{}").await;
    check(Manifests::endpoints(), &cases("m.json", "x.json"), async |case, kind| {
        let id = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "2",
            Kind::Permitted => "1",
        };
        world.send(case.verb(), &case.url, id, &case.body).await.0
    })
    .await;
    assert_eq!(world.send("DELETE", "/", "1", &Value::Null).await.0, 405);
    assert_eq!(world.get("/nothing", "1").await.0, 404);
    assert_eq!(world.get("/_status", "").await, (200, json!("Healthy")));
}

#[actix_web::test]
async fn without_arborist_nobody_is_believed() {
    let world = World::new();
    let token = world.token_of("unheard");
    assert_eq!(world.raw("GET", "/", &token, String::new()).await.0, 503);
}

#[actix_web::test]
async fn only_an_access_token_of_a_user_opens_a_folder() {
    let world = World::new();
    let told = r#"{"error":"Please log in."}"#;
    for token in [
        world.token_with(|claims| claims.exp = 1),
        world.token_with(|claims| claims.pur = Some(Purpose::ApiKey)),
        world.token_with(|claims| claims.scope = Some(Scopes(vec!["openid".into()]))),
        world.token_with(|claims| claims.aud = vec!["https://host/user".into()]),
        world.token_with(|claims| claims.sub = None),
        // arborist knows of no user behind it.
        world.token_with(|claims| claims.context = None),
        world.token_with(|claims| claims.sub = Some("1/../2".into())),
        "x".to_owned(),
    ] {
        let answer = world.raw("GET", "/", &token, String::new()).await;
        assert_eq!(answer, (403, told.to_owned()), "{token}");
    }
    let token = world.token_with(|claims| claims.aud = vec!["user".into(), "openid".into()]);
    assert_eq!(world.raw("GET", "/", &token, String::new()).await.0, 200);
}
