//! `/user` and the public documents.

use serde_json::{Value, json};

use crate::world::{World, answer};

#[tokio::test]
async fn the_users_page_has_every_key() {
    let world = World::new().await;
    let token = world.token("reader").await;
    sqlx::raw_sql(r#"insert into tag (user_id, key, value) select id, 'k', 'v' from "User""#)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let expected = json!({
        "user_id": 1, "sub": "1", "idp": "", "username": "reader", "name": "reader", "display_name": null,
        "preferred_username": null, "phone_number": null, "email": null, "is_admin": false, "active": true,
        "role": "user", "project_access": {}, "certificates_uploaded": [], "resources_granted": [],
        "groups": [], "message": "", "primary_google_service_account": null, "azp": null,
        "tags": { "k": "v" }, "ga4gh_passport_v1": [], "resources": ["/open", "/programs/a"],
        "authz": {
            "/open": [{ "service": "fence", "method": "read-storage" }],
            "/programs/a": [{ "service": "fence", "method": "read-storage" }],
        },
    });
    for method in ["GET", "POST"] {
        for path in ["/user", "/user/"] {
            let (status, body) = answer(world.request(method, path).bearer_auth(&token)).await;
            assert_eq!((status, &body), (200, &expected), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn names_are_known_in_any_case_and_not_doubled() {
    let world = World::new().await;
    world.token("Ada").await;
    let token = world.token("ADA").await;
    assert_eq!(answer(world.get("/user").bearer_auth(&token)).await.1["username"], "Ada");
}

#[tokio::test]
async fn keys_are_published_in_both_forms() {
    let world = World::new().await;
    let (_, jwks) = answer(world.get("/.well-known/jwks")).await;
    assert_eq!(jwks["keys"][0]["kid"], "fence_key_test");
    let (_, pairs) = answer(world.get("/jwt/keys")).await;
    assert_eq!(pairs["keys"][0][0], "fence_key_test");
    assert!(pairs["keys"][0][1].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
    let (_, discovery) = answer(world.get("/.well-known/openid-configuration/")).await;
    assert_eq!(discovery["issuer"], "http://localhost/user");
    assert_eq!(discovery["jwks_uri"], "http://localhost/user/.well-known/jwks");
}

#[tokio::test]
async fn browsers_get_errors_as_pages_and_programs_as_json() {
    let world = World::new().await;
    let page = world.get("/nope").header("accept", "text/html,*/*").send().await.unwrap();
    assert_eq!(page.status(), 404);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.text().await.unwrap().contains("<h1>404 Not Found</h1>"));
    let (status, body) = answer(world.get("/nope")).await;
    assert_eq!(status, 404);
    assert!(body["message"].is_string());
    assert_eq!(answer(world.request("PUT", "/credentials/api")).await.0, 405);
    let page = world.request("PUT", "/credentials/api").header("accept", "text/html").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("<h1>405 Method Not Allowed</h1>"));
    assert_eq!(answer(world.request("PUT", "/user")).await.0, 404);
}

#[tokio::test]
async fn any_site_may_call_but_not_with_cookies() {
    let world = World::new().await;
    let answer =
        world.request("OPTIONS", "/user").header("origin", "https://x.example").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://x.example");
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    let answer = world.get("/_status").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.text().await.unwrap(), "Healthy");
}

#[tokio::test]
async fn documents_without_rights_are_public() {
    let world = World::new().await;
    let (status, body) = answer(world.get("/")).await;
    assert_eq!(status, 200);
    assert_eq!(body["user endpoint"], "/user");
    assert_eq!(answer(world.get("/_version")).await.0, 200);
    let echo = answer(world.get("/oauth2/errors?error=x&error_description=y+z")).await;
    assert_eq!(echo, (200, json!({ "error": "x", "error_description": "y z" })));
    let nothing: Value = answer(world.get("/oauth2/errors")).await.1;
    assert_eq!(nothing, json!({}));
}
