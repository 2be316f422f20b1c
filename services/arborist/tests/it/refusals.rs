//! Every route against bodies that are not its own: a precise 4xx as one JSON value, and nothing written.

use serde_json::{Value, json};

use crate::commons::Commons;

/// Routes with a body, and whether the body may be empty or `null` there.
const WITH_BODY: &[(&str, &str, bool)] = &[
    ("POST", "/auth/request", false),
    ("POST", "/auth/resources", false),
    ("POST", "/auth/mapping", false),
    ("POST", "/policy", false),
    ("PUT", "/policy", false),
    ("PUT", "/policy/all", false),
    ("PUT", "/bulk/policy", true),
    ("POST", "/resource", false),
    ("PUT", "/resource", false),
    ("POST", "/resource/programs", false),
    ("PUT", "/resource/programs", false),
    ("POST", "/role", false),
    ("PUT", "/role/any", false),
    ("POST", "/user", false),
    ("PATCH", "/user/ada", false),
    ("POST", "/user/ada/policy", false),
    ("POST", "/user/ada/bulk/policy", true),
    ("POST", "/group", false),
    ("PUT", "/group", false),
    ("POST", "/group/g/user", false),
    ("POST", "/group/g/policy", false),
    ("POST", "/client", false),
    ("POST", "/client/wts/policy", false),
    ("PUT", "/v1/standing", false),
];

/// Everything that arborist keeps.
async fn state(commons: &Commons) -> Vec<Value> {
    let mut state = Vec::new();
    for path in ["/policy", "/resource", "/role", "/user", "/group", "/client"] {
        state.push(commons.get(path).await.1);
    }
    state
}

async fn prepared() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[("POST", "/group", json!({"name": "g"})), ("POST", "/client", json!({"clientID": "wts"}))])
        .await;
    commons
}

fn malformed() -> Vec<Vec<u8>> {
    let deep = "[".repeat(5000);
    let texts = [
        "{",
        "nul",
        "5",
        "\"x\"",
        "true",
        "[5]",
        "[[]]",
        "{\"id\": 5, \"name\": 5}",
        "\u{feff}{}",
        "{} {}",
        r#"{"name": "a\u0000b", "id": "a\u0000b", "username": "a\u0000b", "policy": "a\u0000b"}"#,
        "{\"policy\": [], \"username\": {}, \"clientID\": 5, \"user\": 5, \"requests\": 5}",
    ];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(deep.into_bytes());
    bodies.push(vec![b'{', b'"', 0xff, 0xfe, b'"', b'}']);
    bodies
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_every_route_and_write_nothing() {
    let commons = prepared().await;
    let before = state(&commons).await;
    for (method, path, list) in WITH_BODY {
        for body in malformed() {
            let text = String::from_utf8_lossy(&body).into_owned();
            let answer = commons.send(method, path, &[], Some(body)).await;
            assert!(
                (400..500).contains(&answer.status),
                "{method} {path} {text}: {} {}",
                answer.status,
                answer.text
            );
            assert_eq!(answer.json()["error"]["code"], answer.status, "{method} {path} {text}");
        }
        for body in ["", "null", "{}"] {
            // An empty mapping request asks for everybody's; an empty list of a bulk route does nothing.
            let allowed = (*list && body == "null") || (*path == "/auth/mapping" && body.is_empty());
            let answer = commons.send(method, path, &[], Some(body.into())).await;
            assert_eq!(answer.status < 300, allowed, "{method} {path} {body}: {}", answer.text);
        }
    }
    assert_eq!(state(&commons).await, before);
}

#[tokio::test]
async fn bodies_above_the_limit_are_refused_by_every_route() {
    let commons = prepared().await;
    for (method, path, _) in WITH_BODY {
        let answer = commons.send(method, path, &[], Some(vec![b' '; 100_001])).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].clone()),
            (413, json!(413)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn names_above_the_limit_are_refused() {
    let commons = prepared().await;
    let long = "x".repeat(2001);
    for (method, path, body) in [
        ("POST", "/user", json!({"name": long})),
        ("POST", "/group", json!({"name": long})),
        ("POST", "/client", json!({"clientID": long})),
        ("POST", "/resource", json!({"name": long})),
        ("POST", "/role", json!({"id": long, "permissions": [{"id": "p", "action": {}}]})),
        ("POST", "/policy", json!({"id": long, "resource_paths": ["/programs"], "role_ids": ["any"]})),
    ] {
        assert_eq!(commons.call(method, path, body).await.0, 400, "{method} {path}");
    }
}

#[tokio::test]
async fn empty_names_are_refused() {
    let commons = prepared().await;
    for (path, body) in [
        ("/user", json!({"name": ""})),
        ("/group", json!({"name": ""})),
        ("/client", json!({"policies": []})),
        ("/role", json!({"id": "", "permissions": [{"id": "p", "action": {}}]})),
    ] {
        assert_eq!(commons.call("POST", path, body).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn too_many_requests_at_once_are_refused() {
    let commons = prepared().await;
    let one = json!({"resource": "/programs", "action": {"service": "s", "method": "m"}});
    let (status, _) = commons.call("POST", "/auth/request", json!({"requests": vec![one; 21]})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn odd_names_in_paths_are_never_server_errors() {
    let commons = prepared().await;
    for name in ["%00", "%ff", "a%20b", "%27", "%25", "..%2f", "%F0%9F%A6%80", &"z".repeat(4000)] {
        for prefix in ["/policy", "/resource", "/resource/tag", "/role", "/user", "/group", "/client"] {
            for method in ["GET", "DELETE"] {
                let answer = commons.send(method, &format!("{prefix}/{name}"), &[], None).await;
                assert!(answer.status < 500, "{method} {prefix}/{name}: {}", answer.text);
                assert!(answer.status < 400 || answer.status == 405 || answer.json()["error"].is_object());
            }
        }
    }
}

#[tokio::test]
async fn bad_tokens_are_refused_as_the_original_refuses_them() {
    let commons = prepared().await;
    let tokens = &commons.tokens;
    let with = |change: fn(&mut tokens::Claims)| tokens.token_with("ada", change);
    let bad = [
        with(|claims| claims.exp = 1),
        with(|claims| claims.scope = None),
        with(|claims| claims.scope = Some(tokens::Scopes(vec!["user".into()]))),
        with(|claims| claims.context = None),
        with(|claims| {
            let user = claims.context.as_mut().unwrap().user.as_mut().unwrap();
            user.rest.insert("policies".into(), json!([1]));
        }),
        testing::TestTokens::new().token("ada"),
        "e30.e30.".into(),
    ];
    for token in bad {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        let body = json!({"user": {"token": token}, "request": {"resource": "/programs", "action": {}}});
        assert_eq!(commons.call("POST", "/auth/request", body.clone()).await.0, 401);
        assert_eq!(commons.call("POST", "/auth/resources", body).await.0, 401);
        assert_eq!(commons.send("POST", "/auth/mapping", &headers, None).await.status, 401);
        assert_eq!(commons.send("GET", "/auth/resources", &headers, None).await.status, 401);
        let proxy = "/auth/proxy?resource=/programs&service=s&method=m";
        assert_eq!(commons.send("GET", proxy, &headers, None).await.status, 401);
        let mapping = commons.send("GET", "/auth/mapping", &headers, None).await;
        assert!(mapping.status == 400 && mapping.json().is_string(), "a bare text: {}", mapping.text);
    }
}

#[tokio::test]
async fn scopes_of_the_request_are_wanted_in_place_of_openid() {
    let commons = prepared().await;
    let token =
        commons.tokens.token_with("ada", |claims| claims.scope = Some(tokens::Scopes(vec!["user".into()])));
    let ask = async |scope: Value| {
        let user = json!({"token": token, "scope": scope});
        let body = json!({"user": user, "request": {"resource": "/programs", "action": {}}});
        commons.call("POST", "/auth/request", body).await.0
    };
    assert_eq!(
        (ask(json!(["user"])).await, ask(json!(["data"])).await, ask(json!(null)).await),
        (200, 401, 401)
    );
}

#[tokio::test]
async fn a_pool_without_a_free_connection_asks_clients_to_come_again() {
    let commons = Commons::with_one_connection().await;
    let in_use = commons.database.pool.acquire().await.unwrap();
    let send = |method, path| commons.send(method, path, &[], None);
    let (read, write, decide) =
        tokio::join!(send("GET", "/user"), send("DELETE", "/user/ada"), send("GET", "/auth/mapping"));
    for answer in [read, write, decide] {
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("1")), "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], 503);
    }
    drop(in_use);
    assert_eq!(commons.get("/user").await.0, 200);
}
