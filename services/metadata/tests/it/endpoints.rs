//! Every endpoint, asked by nobody, by somebody without rights and by the administrator; and every way to
//! say who asks.

use indexclient::Record;
use metadata::{Config, Reading, endpoints};
use serde_json::{Value, json};
use testing::endpoints::{Kind, check};

use crate::{
    cases::cases,
    support::{LOGIN, World},
};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    world.document("a", json!({"x": 1})).await;
    world.index.put(Record { did: "record".into(), baseid: "base".into(), ..Record::default() });
    check(endpoints(), &cases("a", "record"), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "other",
            Kind::Permitted => "boss",
        };
        world.send(case.verb(), &case.url, who, &case.body).await.0
    })
    .await;
    let told = json!({"detail": "Method Not Allowed"});
    assert_eq!(world.send("PATCH", "/metadata/a", "boss", &json!({})).await, (405, told.clone()));
    assert_eq!(world.delete("/metadata").await, (405, told.clone()));
    assert_eq!(world.get("/metadata_index/a").await, (405, told));
    for path in ["/aggregate/commons", "/aggregate/metadata", "/nothing", "/"] {
        assert_eq!(world.get(path).await, (404, json!({"detail": "Not Found"})), "{path}");
    }
}

#[actix_web::test]
async fn administrators_have_a_login_or_a_token_with_the_right() {
    let world = World::new().await;
    let bearer = world.header("boss").unwrap();
    let (scheme, token) = bearer.split_once(' ').unwrap();
    assert_eq!(scheme, "bearer");
    for (header, status) in [
        (LOGIN, 201),
        ("basic c2Vjb25kOnBhc3My", 200),
        (bearer.as_str(), 200),
        ("Basic eDpzZWNyZXQ=", 403),
        ("Basic b2JqOnNlY3JldA", 401),
        ("Basic b2Jq", 401),
        ("Basic", 401),
        ("Token x", 403),
        (token, 403),
        ("Bearer x", 401),
        ("", 403),
    ] {
        let to = ("POST", "/metadata/a?overwrite=true");
        let (answered, body) = world.raw(to, Some(header.to_owned()), "application/json", "{}").await;
        assert_eq!(answered, status, "{header}: {body}");
    }
}

#[actix_web::test]
async fn the_text_of_a_body_comes_before_the_right_and_its_form_after_it() {
    let world = World::new().await;
    for (path, body, content_type, status) in [
        ("/metadata/x", "{", "application/json", 422),
        ("/metadata/x", "[]", "application/json", 403),
        ("/metadata/x?overwrite=zz", "{}", "application/json", 403),
        ("/metadata/upload", "{}", "application/json", 403),
        ("/metadata/x", "{", "text/plain", 403),
        ("/objects/upload", "{", "application/json", 422),
        ("/objects/upload", "{}", "application/json", 422),
        ("/objects/upload", r#"{"file_name": "f", "authz": {}}"#, "application/json", 401),
        ("/objects/upload", r#"{"file_name": "f", "authz": {}}"#, "", 422),
    ] {
        let (answered, told) = world.raw(("POST", path), None, content_type, body).await;
        assert_eq!(answered, status, "{path} {body}: {told}");
    }
    let (status, _) =
        world.send("POST", "/objects/upload", "boss", &json!({"file_name": "f", "authz": {}})).await;
    assert_eq!(status, 400);
}

#[actix_web::test]
async fn reading_may_need_a_right_too() {
    let world = World::with(Config { reading: Reading::Permitted, ..Config::default() }).await;
    world.document("a", json!({"x": 1})).await;
    for path in ["/metadata", "/metadata?x=1", "/metadata/a", "/metadata/a/aliases", "/objects/a"] {
        let status = async |who: &str| world.send("GET", path, who, &Value::Null).await.0;
        assert_eq!(
            [status("").await, status("boss").await, status("reader").await],
            [403, 403, 200],
            "{path}"
        );
    }
    let login = world.raw(("GET", "/metadata"), Some(LOGIN.to_owned()), "", "").await;
    assert_eq!(login.0, 403);
    assert_eq!(world.get("/_status").await.0, 200);
}

#[actix_web::test]
async fn the_service_says_what_it_is() {
    let world = World::new().await;
    let (status, answer) = world.get("/_status").await;
    assert_eq!((status, &answer["status"]), (200, &json!("OK")));
    assert_eq!(answer["aggregate_metadata_enabled"], json!(false));
    assert!(answer["timestamp"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!(world.get("/version").await, (200, json!(Config::default().version)));
}
