//! API keys: made by browser sessions, used by programs, listed, deleted.

use serde_json::{Value, json};

use crate::world::{World, answer, claims};

#[tokio::test]
async fn a_key_is_made_listed_used_and_deleted() {
    let world = World::new().await;
    let session = world.session_token("ada").await;
    let create =
        world.post("/credentials/cdis/", &json!({ "scope": ["data", "user"] })).bearer_auth(&session);
    let (status, key) = answer(create).await;
    assert_eq!(status, 200);
    let key_claims = claims(key["api_key"].as_str().unwrap());
    assert_eq!(key_claims["pur"], "api_key");
    assert_eq!(key_claims["jti"], key["key_id"]);
    assert_eq!(key_claims["exp"].as_i64().unwrap() - key_claims["iat"].as_i64().unwrap(), 2_592_000);
    assert_eq!(key_claims["scope"], json!(["data", "user", "fence", "openid"]), "without credentials");

    let (_, list) = answer(world.get("/credentials/api").bearer_auth(&session)).await;
    assert_eq!(list, json!({ "jtis": [{ "jti": key["key_id"], "exp": key_claims["exp"] }] }));

    for path in ["/credentials/cdis/access_token", "/credentials/api/access_token/"] {
        let (status, body) = answer(world.post(path, &key)).await;
        assert_eq!(status, 200, "{path}");
        let token = claims(body["access_token"].as_str().unwrap());
        assert_eq!(token["pur"], "access");
        assert_eq!(token["aud"], json!(["gen3"]));
        assert_eq!(token["azp"], "");
        assert_eq!(token["sub"], key_claims["sub"]);
        assert_eq!(token["scope"], key_claims["scope"]);
        assert_eq!(token["exp"].as_i64().unwrap() - token["iat"].as_i64().unwrap(), 3600);
        let user = json!({ "user": { "name": "ada", "is_admin": false, "google": { "proxy_group": null } } });
        assert_eq!(token["context"], user);
    }

    let path = format!("/credentials/cdis/{}", key["key_id"].as_str().unwrap());
    let stranger = world.session_token("eve").await;
    assert_eq!(answer(world.request("DELETE", &path).bearer_auth(&stranger)).await.0, 404);
    assert_eq!(answer(world.request("DELETE", &path).bearer_auth(&session)).await.0, 204);
    assert_eq!(answer(world.request("DELETE", &path).bearer_auth(&session)).await.0, 404);
    assert_eq!(
        answer(world.post("/credentials/api/access_token", &key)).await.0,
        401,
        "a deleted key is dead"
    );
    let denylisted = world.post("/credentials/token/denylisted", &json!({ "token": key["api_key"] }));
    assert_eq!(answer(denylisted).await.0, 403);
}

#[tokio::test]
async fn a_token_made_by_a_key_cannot_make_keys() {
    let world = World::new().await;
    let token = world.token("ada").await;
    assert_eq!(answer(world.post("/credentials/api", &json!({})).bearer_auth(&token)).await.0, 401);
    let session = world.session_token("ada").await;
    let unknown = world.post("/credentials/api", &json!({ "scope": ["nope"] })).bearer_auth(&session);
    assert_eq!(answer(unknown).await.0, 400);
    for wrong in ["x", "", "0", "-5", "1.5", "1e3", "99999999999999999999"] {
        let path = format!("/credentials/api?expires_in={wrong}");
        let (status, body) = answer(world.post(&path, &json!({})).bearer_auth(&session)).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(body["message"].as_str().unwrap().contains("expires_in"), "{body}");
    }
}

#[tokio::test]
async fn lives_are_cut_to_what_is_allowed_and_a_dying_key_says_so() {
    let world = World::new().await;
    let key = async |expires_in| {
        let key = fence::credentials::create_api_key(&world.fence, "ada", Some(expires_in)).await.unwrap();
        json!({ "api_key": key.api_key })
    };
    let exchange = async |key: &Value, query: &str| {
        answer(world.post(&format!("/credentials/api/access_token{query}"), key)).await
    };
    let good = key(99_999_999).await;
    let life = |body: &Value| {
        let claims = claims(body["access_token"].as_str().unwrap());
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!(life(&exchange(&good, "?expires_in=60").await.1), 60);
    assert_eq!(life(&exchange(&good, "?expires_in=99999").await.1), 3600);
    for wrong in ["1.5", "0", "-1", "-9223372036854775808", "99999999999999999999", "x", ""] {
        assert_eq!(exchange(&good, &format!("?expires_in={wrong}")).await.0, 400, "{wrong}");
    }
    assert_eq!(life(&exchange(&good, &format!("?expires_in={}", i64::MAX)).await.1), 3600);
    let dying = key(1000).await;
    assert_eq!(exchange(&dying, "").await.0, 400);
    assert_eq!(exchange(&dying, "?expires_in=900").await.0, 200);
    let dead = key(-1).await;
    assert_eq!(exchange(&dead, "").await.0, 401);
}

#[tokio::test]
async fn only_keys_make_tokens() {
    let world = World::new().await;
    let token = world.token("ada").await;
    for (body, expected) in [
        (json!({}), 400),
        (json!({ "api_key": "" }), 400),
        (json!({ "api_key": null }), 400),
        (json!({ "api_key": "garbage" }), 401),
        (json!({ "api_key": token }), 401),
    ] {
        assert_eq!(answer(world.post("/credentials/api/access_token", &body)).await.0, expected, "{body}");
    }
    let key = fence::credentials::create_api_key(&world.fence, "ada", None).await.unwrap();
    let form = world.request("POST", "/credentials/cdis/access_token");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(answer(form.body(format!("api_key={}", key.api_key))).await.0, 200);
    assert_eq!(answer(world.get("/user").bearer_auth(&key.api_key)).await.0, 401, "a key is no access token");
}

#[tokio::test]
async fn a_user_revokes_a_key_and_an_administrator_anybodys() {
    let world = World::new().await;
    let revoke = async |token: &str, key: &str| {
        let request = world.request("POST", "/oauth2/revoke").bearer_auth(token);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        answer(request.body(format!("token={key}"))).await.0
    };
    let key = async || fence::credentials::create_api_key(&world.fence, "ada", None).await.unwrap().api_key;
    let (first, second) = (key().await, key().await);
    let ada = world.token("ada").await;
    assert_eq!(revoke(&world.token("eve").await, &first).await, 403);
    assert_eq!(revoke(&ada, &ada).await, 400, "access tokens cannot be revoked");
    assert_eq!(revoke(&ada, "garbage").await, 401);
    assert_eq!(revoke(&ada, &first).await, 200);
    assert_eq!(revoke(&ada, &first).await, 401, "it is revoked already");
    assert_eq!(revoke(&world.token("admin").await, &second).await, 200);
    let exchange = world.post("/credentials/api/access_token", &json!({ "api_key": second }));
    assert_eq!(answer(exchange).await.0, 401);
    let json = world.post("/oauth2/revoke", &json!({ "token": first })).bearer_auth(&ada);
    assert_eq!(answer(json).await.0, 400);
}

#[tokio::test]
async fn a_key_of_a_deactivated_user_makes_no_tokens() {
    let world = World::new().await;
    let key = fence::credentials::create_api_key(&world.fence, "ada", None).await.unwrap();
    let exchange = async || {
        answer(world.post("/credentials/api/access_token", &json!({ "api_key": key.api_key }))).await.0
    };
    assert_eq!(exchange().await, 200);
    let session = world.session_token("ada").await;
    let listed = async || answer(world.get("/credentials/api").bearer_auth(&session)).await.0;
    assert_eq!(listed().await, 200);
    sqlx::query(r#"update "User" set active = false"#).execute(&world.database.pool).await.unwrap();
    assert_eq!(exchange().await, 401);
    assert_eq!(listed().await, 401);
    sqlx::query(r#"update "User" set active = true"#).execute(&world.database.pool).await.unwrap();
    assert_eq!(exchange().await, 200);
}

#[tokio::test]
async fn a_token_for_a_task_is_good_for_that_alone_and_for_as_long_as_its_owner_may() {
    let world = World::with(|config| {
        config.tokens.allowed_task_token_types = vec!["WORKFLOW".into()];
        config.tokens.max_task_token_ttl = [("WORKFLOW".to_owned(), 7200)].into_iter().collect();
    })
    .await;
    let key = async |user: &str| {
        let session = world.session_token(user).await;
        let (_, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(session)).await;
        key["api_key"].as_str().unwrap().to_owned()
    };
    let (worker, stranger) = (key("worker").await, key("nobody").await);
    let ask = async |key: &str, query: &str| {
        let path = format!("/credentials/api/access_token?{query}");
        answer(world.post(&path, &json!({ "api_key": key }))).await
    };
    let (status, made) = ask(&worker, "task_token=WORKFLOW&expires_in=6000").await;
    assert_eq!(status, 200, "{made}");
    let token = made["access_token"].as_str().unwrap();
    let said = claims(token);
    assert_eq!(
        (&said["aud"], &said["context"]["task_token_type"]),
        (&json!(["WORKFLOW"]), &json!("WORKFLOW"))
    );
    assert_eq!(said["scope"], json!(["fence", "openid", "user"]));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 6000);
    assert_eq!(answer(world.get("/user").bearer_auth(token)).await.0, 401, "it is for its task alone");
    let (_, longest) = ask(&worker, "task_token=WORKFLOW").await;
    let said = claims(longest["access_token"].as_str().unwrap());
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 7200);
    assert_eq!(ask(&worker, "task_token=OTHER").await.0, 400);
    assert_eq!(ask(&stranger, "task_token=WORKFLOW").await.0, 403);
    assert_eq!(ask("x", "task_token=WORKFLOW").await.0, 401);
}

#[tokio::test]
async fn a_key_of_a_workspace_is_an_ordinary_one_until_it_is_taken_back() {
    let world = World::new().await;
    let session = world.session_token("ada").await;
    let path = "/workspace-keys/0b7c54c2-9f0c-4a08-9d68-2f3f2b8f3a11";
    let (status, key) = answer(world.request("POST", path).bearer_auth(&session)).await;
    assert_eq!((status, key["key_id"].as_str()), (200, Some("ws-0b7c54c29f0c4a089d682f3f2b8f3a11")));
    assert_eq!(answer(world.request("POST", path).bearer_auth(&session)).await.0, 409);
    let (status, made) = answer(world.post("/credentials/api/access_token", &key)).await;
    assert_eq!(status, 200);
    let token = made["access_token"].as_str().unwrap();
    let other = "/workspace-keys/0b7c54c2-9f0c-4a08-9d68-2f3f2b8f3a12";
    assert_eq!(answer(world.request("POST", other).bearer_auth(token)).await.0, 401, "not for a key's token");
    for _ in 0..2 {
        assert_eq!(answer(world.request("DELETE", path)).await.0, 204);
    }
    assert_eq!(answer(world.post("/credentials/api/access_token", &key)).await.0, 401);
    let (_, list) = answer(world.get("/credentials/api").bearer_auth(&session)).await;
    assert_eq!(list, json!({ "jtis": [] }));
    assert_eq!(answer(world.request("DELETE", "/workspace-keys/1")).await.0, 400);
}

#[tokio::test]
async fn a_key_that_was_taken_back_before_it_was_made_is_dead() {
    let world = World::new().await;
    let session = world.session_token("ada").await;
    let path = "/workspace-keys/0b7c54c2-9f0c-4a08-9d68-2f3f2b8f3a13";
    assert_eq!(answer(world.request("DELETE", path)).await.0, 204);
    let (status, key) = answer(world.request("POST", path).bearer_auth(&session)).await;
    assert_eq!(status, 200);
    assert_eq!(answer(world.post("/credentials/api/access_token", &key)).await.0, 401);
}
