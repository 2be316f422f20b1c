//! Access tokens of other commons.

use serde_json::json;

use crate::support::World;

#[actix_web::test]
async fn a_user_gets_an_access_token_of_the_commons_that_they_are_logged_in_to() {
    let world = World::new().await;
    world.log_in("ada", "idp=other").await;
    world.other.seen();
    for path in ["/token/?idp=other", "/token?idp=other&expires=3600"] {
        let answer = world.get(path, "ada").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.json()["token"].as_str().unwrap().starts_with("access "));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let asked = &world.other.seen()[0];
    assert_eq!(
        (asked.target.as_str(), asked.field("grant_type")),
        ("/user/oauth2/token", Some("refresh_token"))
    );
    assert!(asked.field("refresh_token").unwrap().starts_with("e30."));
    let nobody = world.get("/token/?idp=other", "eve").await;
    assert_eq!((nobody.status, nobody.message().as_str()), (403, "User doesn't have a refresh token"));
    assert_eq!(world.get("/token/?idp=second", "ada").await.status, 403);
}

#[actix_web::test]
async fn who_was_shut_out_gets_no_token_and_where_nobody_can_say_so_nobody_does() {
    let world = World::new().await;
    for path in ["/token/?idp=other", "/oauth2/logout?idp=other", "/aggregate/user/user"] {
        let status = async |who| world.get(path, who).await.status;
        assert!(matches!(status("gone").await, 401 | 403), "{path}");
        assert_eq!(status("unheard").await, 503, "{path}");
    }
    assert!(world.other.seen().is_empty());
}

/// Otherwise an access token could be made anew for ever.
#[actix_web::test]
async fn an_access_token_gives_no_other_one_of_the_own_fence() {
    let world = World::new().await;
    world.log_in("ada", "idp=default").await;
    for path in ["/token/", "/token/?idp=default", "/token/?expires=x"] {
        let answer = world.get(path, "ada").await;
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.message(), "You need to be authenticated to use this resource");
    }
}

#[actix_web::test]
async fn requests_that_make_no_sense_are_refused() {
    let world = World::new().await;
    let answer = world.get("/token/?idp=x%22y", "ada").await;
    assert_eq!((answer.status, answer.message().as_str()), (400, "Requested IdP \"x\"y\" is not configured"));
    let answer = world.get("/token/?idp=other&expires=soon", "ada").await;
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": "expires has to be an integer" })));
    for token in ["nonsense".to_owned(), world.tokens().token_with("ada", |claims| claims.exp = 1)] {
        assert_eq!(world.send_with("GET", "/token/?idp=other", &token, "").await.status, 403);
    }
    let refresh = world.tokens().token_with("ada", |claims| claims.pur = Some(tokens::Purpose::Refresh));
    assert_eq!(world.send_with("GET", "/token/?idp=other", &refresh, "").await.status, 403);
}

#[actix_web::test]
async fn a_refresh_token_that_has_ended_or_is_not_accepted_asks_for_a_new_login() {
    let world = World::new().await;
    world.log_in("ada", "idp=other").await;
    world.other.refuse(500, json!({}));
    let answer = world.get("/token/?idp=other", "ada").await;
    assert_eq!((answer.status, answer.message().as_str()), (500, "Fail to get a access token from fence"));
    // Our own client is refused: that says nothing about the user's token.
    world.other.refuse(401, json!({ "error": "invalid_client" }));
    assert_eq!(world.get("/token/?idp=other", "ada").await.status, 500);
    assert_eq!(world.get("/oauth2/connected?idp=other", "ada").await.status, 200);
    world.other.refuse(400, json!({ "error": "invalid_grant" }));
    let answer = world.get("/token/?idp=other", "ada").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.message(), "your refresh token is not accepted any more, please login again");
    assert_eq!(world.get("/oauth2/connected?idp=other", "ada").await.status, 403);
    *world.other.state.refusal.lock().unwrap() = None;
    world.log_in("ada", "idp=other").await;
    world.pass(30 * 86_400).await;
    let answer = world.get("/token/?idp=other", "ada").await;
    assert_eq!(
        (answer.status, answer.message().as_str()),
        (403, "your refresh token is expired, please login again")
    );
    assert_eq!(world.get("/oauth2/connected?idp=other", "ada").await.status, 403);
}
