//! Logging in at a provider, and out.

use serde_json::json;
use url::Url;

use crate::support::World;

#[actix_web::test]
async fn a_login_keeps_the_refresh_token_encrypted_and_leads_back() {
    let world = World::new().await;
    let begun = world.get("/oauth2/authorization_url?idp=other&redirect=/workspace?a%3Db", "ada").await;
    let there = Url::parse(&begun.header("location")).unwrap();
    assert_eq!(there.path(), "/user/oauth2/authorize");
    assert!(begun.header("location").starts_with(&world.other.address));
    for (name, value) in [
        ("idp", "google"),
        ("response_type", "code"),
        ("client_id", "them"),
        ("redirect_uri", "https://site.example.org/wts/oauth2/authorize"),
        ("scope", "openid data user"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(begun.sent(name).as_deref(), Some(value), "{name}");
    }
    let cookie = begun.header("set-cookie");
    for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/wts/"] {
        assert!(cookie.contains(flag), "{flag}: {cookie}");
    }
    let callback = format!("/oauth2/authorize/?code=c&state={}", begun.sent("state").unwrap());
    let answer = world.send("GET", &callback, "ada", &begun.cookie()).await;
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (302, "/workspace?a=b"),
        "{}",
        answer.text
    );
    assert!(
        answer.header("set-cookie").starts_with("wts=;") && answer.header("set-cookie").contains("Max-Age=0")
    );
    let asked = &world.other.seen()[0];
    assert_eq!(asked.authorization, "Basic dGhlbTpzZWNyZXQ=");
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", "https://site.example.org/wts/oauth2/authorize"),
    ] {
        assert_eq!(asked.field(name), Some(value), "{name}");
    }
    assert_eq!(asked.field("code_verifier").map(str::len), Some(43));
    let stored = world.stored().await;
    let (username, idp, userid, token) = &stored[0];
    assert_eq!((username.as_str(), idp.as_str(), userid.as_str()), ("ada", "other", "id of ada"));
    assert!(token.starts_with("gAAAAA"), "{token}");
    assert_eq!(world.get("/oauth2/connected?idp=other", "ada").await.status, 200);
}

#[actix_web::test]
async fn without_a_place_to_go_to_the_answer_says_that_it_is_done() {
    let world = World::new().await;
    let answer = world.log_in("ada", "").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": "connected with fence" })));
    assert_eq!(world.get("/oauth2/connected/", "ada").await.status, 200);
    assert!(world.other.seen().is_empty());
    assert_eq!(world.own.seen()[0].authorization, "Basic b3duOnNlY3JldA==");
}

#[actix_web::test]
async fn only_paths_of_the_commons_are_places_to_go_to() {
    let world = World::new().await;
    for redirect in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "%5C/evil.example",
        "/%0d%0aLocation:%20https://evil.example",
        "workspace",
        "javascript:alert(1)",
        "%20//evil.example",
    ] {
        let answer = world.get(&format!("/oauth2/authorization_url?redirect={redirect}"), "ada").await;
        assert_eq!(
            (answer.status, answer.message().as_str()),
            (400, "only support relative redirect"),
            "{redirect}"
        );
        assert!(answer.header("set-cookie").is_empty());
    }
}

#[actix_web::test]
async fn a_callback_that_does_not_belong_to_the_browsers_login_spends_no_code() {
    let world = World::new().await;
    let begun = world.get("/oauth2/authorization_url?idp=other", "ada").await;
    let others = world.get("/oauth2/authorization_url?idp=other", "eve").await;
    let (state, cookie) = (begun.sent("state").unwrap(), begun.cookie());
    for (query, cookie, status) in [
        (format!("code=c&state={state}"), String::new(), 403),
        (format!("code=c&state={state}"), others.cookie(), 403),
        (format!("code=c&state={state}"), "wts=forged".into(), 403),
        ("code=c".into(), cookie.clone(), 403),
        ("code=c&state=".into(), cookie.clone(), 403),
        (format!("state={state}"), cookie.clone(), 400),
        (format!("error=access_denied&state={state}"), cookie.clone(), 403),
    ] {
        let answer = world.send("GET", &format!("/oauth2/authorize?{query}"), "ada", &cookie).await;
        assert_eq!(answer.status, status, "{query} {cookie}: {}", answer.text);
        assert!(answer.header("set-cookie").contains("Max-Age=0"), "{query}");
    }
    let callback = format!("/oauth2/authorize?code=c&state={state}");
    assert_eq!(world.send("GET", &callback, "", &cookie).await.status, 403);
    assert!(world.other.seen().is_empty());
    assert!(world.stored().await.is_empty());
}

#[actix_web::test]
async fn the_own_fence_must_have_logged_in_the_same_user() {
    let world = World::new().await;
    *world.own.state.user.lock().unwrap() = "eve".into();
    *world.other.state.user.lock().unwrap() = "countess".into();
    let answer = world.log_in("ada", "idp=default").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert_eq!(world.log_in("ada", "idp=other").await.status, 200);
    let stored = world.stored().await;
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].1.as_str(), stored[0].2.as_str()), ("other", "id of countess"));
}

#[actix_web::test]
async fn a_refusal_of_the_provider_is_told_without_its_words() {
    let world = World::new().await;
    for (status, body, expected, told) in [
        (
            400,
            json!({ "error": "invalid_grant" }),
            403,
            "the identity provider refuses the login: invalid_grant",
        ),
        (
            401,
            json!({ "error": "<b>x</b>" }),
            403,
            "the identity provider refuses the login: the code is not accepted",
        ),
        (500, json!({ "error": "secret" }), 500, "Fail to reach fence"),
        (302, json!({}), 500, "Fail to reach fence"),
        (
            200,
            json!({ "access_token": "secret" }),
            403,
            "error in token response: it needs a refresh_token and an id_token",
        ),
    ] {
        world.other.refuse(status, body);
        let answer = world.log_in("ada", "idp=other").await;
        assert_eq!((answer.status, answer.message().as_str()), (expected, told));
    }
    assert!(world.stored().await.is_empty());
}

#[actix_web::test]
async fn a_later_login_takes_the_place_of_the_earlier_one() {
    let world = World::new().await;
    for _ in 0..2 {
        assert_eq!(world.log_in("ada", "idp=other").await.status, 200);
    }
    *world.other.state.user.lock().unwrap() = "countess".into();
    assert_eq!(world.log_in("ada", "idp=other").await.status, 200);
    assert_eq!(world.log_in("ada", "idp=second").await.status, 200);
    let stored = world.stored().await;
    let shown: Vec<(&str, &str)> = stored.iter().map(|row| (row.1.as_str(), row.2.as_str())).collect();
    assert_eq!(shown, [("other", "id of countess"), ("second", "id of countess")]);
}

#[actix_web::test]
async fn a_login_clears_away_tokens_that_ended_long_ago() {
    let world = World::new().await;
    world.log_in("bob", "idp=other").await;
    world.pass(61 * 86_400).await;
    *world.other.state.user.lock().unwrap() = "eve".into();
    world.log_in("eve", "idp=other").await;
    assert_eq!(world.stored().await.len(), 1);
}

#[actix_web::test]
async fn who_logs_out_is_forgotten_here_and_there() {
    let world = World::new().await;
    assert_eq!(world.get("/oauth2/logout", "").await.status, 401);
    world.log_in("ada", "idp=other").await;
    world.log_in("ada", "idp=default").await;
    world.other.seen();
    world.other.refuse(500, json!({}));
    let kept = world.get("/oauth2/logout?idp=other", "ada").await;
    assert_eq!((kept.status, kept.message().as_str()), (400, "could not log out, failed to revoke token"));
    assert_eq!(world.stored().await.len(), 2);
    *world.other.state.refusal.lock().unwrap() = None;
    world.other.seen();
    assert_eq!(world.get("/oauth2/logout?idp=other", "eve").await.status, 204);
    assert!(world.other.seen().is_empty());
    assert_eq!(world.get("/oauth2/logout?idp=other", "ada").await.status, 204);
    let asked = &world.other.seen()[0];
    assert_eq!(asked.target, "/user/oauth2/revoke");
    assert!(asked.field("token").unwrap().starts_with("e30."));
    let stored = world.stored().await;
    assert_eq!((stored.len(), stored[0].1.as_str()), (1, "default"));
    assert_eq!(world.get("/oauth2/connected?idp=other", "ada").await.status, 403);
}
