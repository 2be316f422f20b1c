//! Tokens for clients, and taking them back.

use fence::clients::{Credentials, NewClient};
use serde_json::json;

use crate::{
    oauth::{
        CALLBACK, ask, authorize, automatic, basic, browser, code, location, plain, redeem, refresh,
        register, said, tokens,
    },
    world::{World, answer, claims},
};

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str =
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

fn wrong(client: &Credentials) -> Credentials {
    Credentials { client_secret: Some("wrong".into()), ..client.clone() }
}

#[tokio::test]
async fn a_code_is_good_once_for_its_own_client_and_address() {
    let world = World::new().await;
    let (client, thief) = (automatic(&world, "app").await, automatic(&world, "thief").await);
    let ada = browser(&world, "ada").await;
    let code = code(&world, &ada, &client, "").await;
    let told = async |client: &Credentials, code: &str, address: &str| {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", address)];
        let (status, said) = answer(ask(&world, Some(&basic(client)), &fields)).await;
        format!(
            "{status} {} {}",
            said["error"].as_str().unwrap_or_default(),
            said["error_description"].as_str().unwrap_or_default()
        )
    };
    assert_eq!(told(&thief, &code, CALLBACK).await, "400 invalid_grant Invalid 'code' in request.");
    assert_eq!(told(&client, "nope", CALLBACK).await, "400 invalid_grant Invalid 'code' in request.");
    assert_eq!(
        told(&client, &"x".repeat(500), CALLBACK).await,
        "400 invalid_grant Invalid 'code' in request."
    );
    let other = "https://app.example/other?x=1";
    assert_eq!(told(&client, &code, other).await, "400 invalid_grant Invalid 'redirect_uri' in request.");
    let unknown = "401 invalid_client The client cannot authenticate with methods: \
                   ['none', 'client_secret_basic', 'client_secret_post']";
    assert_eq!(told(&wrong(&client), &code, CALLBACK).await, unknown);
    assert_eq!(redeem(&world, &client, &code).await.0, 200);
    assert_eq!(told(&client, &code, CALLBACK).await, "400 invalid_grant Invalid 'code' in request.");
}

#[tokio::test]
async fn a_code_without_scopes_is_made_and_gives_no_tokens() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let query = format!("client_id={}&response_type=code", client.client_id);
    let asked = authorize(&world, &browser(&world, "ada").await, &query).send().await.unwrap();
    let code = said(&location(&asked), "code").unwrap();
    let fields = [("grant_type", "authorization_code"), ("code", &*code)];
    let (status, refused) = answer(ask(&world, Some(&basic(&client)), &fields)).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_scope")));
}

#[tokio::test]
async fn of_many_who_redeem_a_code_at_once_one_gets_tokens() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let code = code(&world, &browser(&world, "ada").await, &client, "").await;
    let tries = (0..8).map(|_| redeem(&world, &client, &code));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(tries).await.iter().map(|tried| tried.0).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn a_code_is_good_for_five_minutes() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let ada = browser(&world, "ada").await;
    let late = code(&world, &ada, &client, "").await;
    sqlx::query("update authorization_code set auth_time = auth_time - 301")
        .execute(&world.database.pool)
        .await
        .unwrap();
    let (status, said) = redeem(&world, &client, &late).await;
    assert_eq!((status, said["error"].as_str()), (400, Some("invalid_grant")));
    code(&world, &ada, &client, "").await;
    let left: i64 = sqlx::query_scalar("select count(*) from authorization_code")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(left, 1, "the old one is forgotten");
}

#[tokio::test]
async fn a_challenge_binds_the_code_to_whoever_sent_it() {
    let world = World::new().await;
    let new = NewClient { public: true, auto_approve: true, ..plain("spa") };
    let client = register(&world, new).await;
    let ada = browser(&world, "ada").await;
    let redeem = async |challenge: &str, verifier: Option<&str>| {
        let code = code(&world, &ada, &client, challenge).await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("client_id", &client.client_id),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        answer(ask(&world, None, &fields)).await
    };
    assert_eq!(redeem(CHALLENGE, Some(VERIFIER)).await.0, 200);
    assert_eq!(redeem("", None).await.0, 200, "nobody has to send one");
    let challenge = CHALLENGE.split(['=', '&']).nth(2).unwrap();
    for (sent, verifier) in [
        (CHALLENGE, None),
        (CHALLENGE, Some("x".repeat(43).as_str())),
        (CHALLENGE, Some(challenge)),
        ("", Some(VERIFIER)),
    ] {
        let (status, said) = redeem(sent, verifier).await;
        assert_eq!((status, said["error"].as_str()), (400, Some("invalid_grant")), "{sent} {verifier:?}");
    }
}

#[tokio::test]
async fn clients_say_who_they_are_in_three_ways() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let public = register(&world, NewClient { public: true, auto_approve: true, ..plain("spa") }).await;
    let ada = browser(&world, "ada").await;
    let secret = client.client_secret.clone().unwrap();
    let sent = async |client: &Credentials, header: Option<&str>, more: &[(&str, &str)]| {
        let code = code(&world, &ada, client, "").await;
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
        fields.push(("redirect_uri", CALLBACK));
        fields.extend(more);
        let answer = ask(&world, header, &fields).send().await.unwrap();
        let challenged = answer.headers().contains_key("www-authenticate");
        (answer.status().as_u16(), challenged)
    };
    let id = client.client_id.as_str();
    assert_eq!(sent(&client, Some(&basic(&client)), &[]).await, (200, false));
    assert_eq!(sent(&client, None, &[("client_id", id), ("client_secret", &secret)]).await, (200, false));
    assert_eq!(sent(&public, None, &[("client_id", &public.client_id)]).await, (200, false));
    assert_eq!(sent(&client, None, &[("client_id", id)]).await, (401, true), "it has a secret to show");
    assert_eq!(sent(&client, None, &[("client_id", id), ("client_secret", "wrong")]).await, (401, true));
    assert_eq!(sent(&client, None, &[]).await, (401, true));
    assert_eq!(sent(&client, Some("Basic !!"), &[]).await, (401, true));
    let nobody = Credentials { client_id: "nobody".into(), ..client.clone() };
    assert_eq!(sent(&client, Some(&basic(&nobody)), &[]).await, (401, true));
    assert_eq!(sent(&client, None, &[("client_id", "nobody")]).await, (400, false));
    // Parameters in the query are as good, and no body is needed.
    let code = code(&world, &ada, &client, "").await;
    let path = format!("/oauth2/token?grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}");
    let answer = world.request("POST", &path).header("authorization", basic(&client)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["pragma"], "no-cache");
}

#[tokio::test]
async fn what_a_client_asks_for_wrongly_is_told_in_its_protocol() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let own = NewClient { grants: vec!["client_credentials".into()], redirect_uris: vec![], ..plain("own") };
    let own = register(&world, own).await;
    let told = async |client: &Credentials, fields: &[(&str, &str)]| {
        let (status, said) = answer(ask(&world, Some(&basic(client)), fields)).await;
        format!("{status} {}", said["error"].as_str().unwrap_or_default())
    };
    let grant = |name: &'static str| ("grant_type", name);
    assert_eq!(told(&client, &[]).await, "400 unsupported_grant_type");
    assert_eq!(told(&client, &[grant("password")]).await, "400 unsupported_grant_type");
    assert_eq!(told(&client, &[grant("implicit")]).await, "400 unsupported_grant_type");
    assert_eq!(told(&client, &[grant("authorization_code")]).await, "400 invalid_request");
    assert_eq!(told(&client, &[grant("refresh_token")]).await, "400 invalid_request");
    assert_eq!(told(&own, &[grant("authorization_code"), ("code", "x")]).await, "400 unauthorized_client");
    assert_eq!(
        told(&own, &[grant("refresh_token"), ("refresh_token", "x")]).await,
        "400 unauthorized_client"
    );
    assert_eq!(told(&client, &[grant("client_credentials")]).await, "400 unauthorized_client");
    assert_eq!(told(&client, &[grant("authorization_code"), ("code", "\0")]).await, "400 invalid_request");
    let long = "x".repeat(20_000);
    assert_eq!(
        told(&client, &[grant("refresh_token"), ("refresh_token", &long)]).await,
        "400 invalid_request"
    );
    assert_eq!(answer(world.get("/oauth2/token")).await.0, 405);
    let json = world.post("/oauth2/token", &json!({ "grant_type": "authorization_code", "code": "x" }));
    let (status, said) = answer(json.header("authorization", basic(&client))).await;
    assert_eq!((status, said), (400, json!({ "error": "unsupported_grant_type" })));
    // Clients read JSON, whatever they accept.
    let page = ask(&world, None, &[]).header("accept", "text/html");
    assert_eq!(answer(page).await.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn a_refresh_token_makes_tokens_and_stays_the_same() {
    let world = World::new().await;
    let (client, thief) = (automatic(&world, "app").await, automatic(&world, "thief").await);
    let first = tokens(&world, &client, "ada").await;
    let token = first["refresh_token"].as_str().unwrap();
    let (status, second) = refresh(&world, &client, token, "").await;
    assert_eq!((status, second["refresh_token"].as_str()), (200, Some(token)));
    let access = claims(second["access_token"].as_str().unwrap());
    assert_eq!(access["azp"], client.client_id.as_str());
    assert_eq!(access["aud"], json!(["gen3", client.client_id]));
    assert_eq!(access["scope"], json!(["openid", "user", "data"]));
    let (_, narrow) = refresh(&world, &client, token, "openid user").await;
    assert_eq!(claims(narrow["access_token"].as_str().unwrap())["scope"], json!(["openid", "user"]));
    let error = async |client: &Credentials, token: &str, scope: &str| {
        let (status, said) = refresh(&world, client, token, scope).await;
        format!("{status} {}", said["error"].as_str().unwrap_or_default())
    };
    assert_eq!(error(&client, token, "openid admin").await, "400 invalid_scope");
    assert_eq!(error(&client, token, "user").await, "400 invalid_scope");
    assert_eq!(error(&thief, token, "").await, "400 invalid_grant");
    assert_eq!(error(&client, "nonsense", "").await, "400 invalid_grant");
    assert_eq!(error(&client, second["access_token"].as_str().unwrap(), "").await, "400 invalid_grant");
    let forged = format!("{}x", &token[..token.len() - 4]);
    assert_eq!(error(&client, &forged, "").await, "400 invalid_grant");
    sqlx::query(r#"update "User" set active = false"#).execute(&world.database.pool).await.unwrap();
    assert_eq!(error(&client, token, "").await, "400 invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_lives_as_long_as_was_asked_for_and_then_wants_a_login() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let ada = browser(&world, "ada").await;
    let life = async |more: &str| {
        let (_, tokens) = redeem(&world, &client, &code(&world, &ada, &client, more).await).await;
        let token = tokens["refresh_token"].as_str().unwrap().to_owned();
        let claims = claims(&token);
        (claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), token)
    };
    assert_eq!(life("").await.0, 2_592_000);
    assert_eq!(life("&refresh_token_expires_in=60").await.0, 60);
    assert_eq!(life("&refresh_token_expires_in=99999999").await.0, 2_592_000);
    let (_, token) = life("&refresh_token_expires_in=1").await;
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let (status, said) = refresh(&world, &client, &token, "").await;
    assert_eq!((status, said["error"].as_str()), (401, Some("invalid_grant")));
}

#[tokio::test]
async fn a_client_acts_for_itself_without_a_user() {
    let world = World::new().await;
    let new = NewClient { grants: vec!["client_credentials".into()], redirect_uris: vec![], ..plain("own") };
    let client = register(&world, new).await;
    let path = "/oauth2/token?grant_type=client_credentials&scope=user%20data%20openid";
    let (status, said) = answer(world.request("POST", path).header("authorization", basic(&client))).await;
    assert_eq!(status, 200);
    let mut keys: Vec<&String> = said.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["access_token", "expires_in", "token_type"]);
    let token = said["access_token"].as_str().unwrap();
    let claims = claims(token);
    assert!(claims["sub"].is_null() && claims["context"] == json!({}), "{claims}");
    assert_eq!(claims["scope"], json!(["user", "data", "openid"]));
    assert_eq!(answer(world.get("/user").bearer_auth(token)).await.0, 401, "there is no user");
    let told = async |scope: &str| {
        let fields = [("grant_type", "client_credentials"), ("scope", scope)];
        answer(ask(&world, Some(&basic(&client)), &fields)).await.0
    };
    assert_eq!((told("").await, told("openid").await), (200, 200));
    assert_eq!((told("user").await, told("openid admin").await), (400, 400));
    let secret = client.client_secret.as_deref().unwrap();
    let posted =
        [("grant_type", "client_credentials"), ("client_id", &client.client_id), ("client_secret", secret)];
    assert_eq!(answer(ask(&world, None, &posted)).await.0, 401, "by the header only");
}

#[tokio::test]
async fn a_client_takes_back_its_own_tokens() {
    let world = World::new().await;
    let (client, thief) = (automatic(&world, "app").await, automatic(&world, "thief").await);
    let tokens = tokens(&world, &client, "ada").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let revoke = async |client: &Credentials, fields: &[(&str, &str)]| {
        let request =
            world.request("POST", "/oauth2/revoke").header("authorization", basic(client)).form(fields);
        answer(request).await
    };
    assert_eq!(revoke(&thief, &[("token", token)]).await, (400, json!({ "error": "invalid_grant" })));
    assert_eq!(revoke(&wrong(&client), &[("token", token)]).await.0, 401);
    assert_eq!(revoke(&client, &[]).await, (400, json!({ "error": "invalid_request" })));
    assert_eq!(revoke(&client, &[("token", "nonsense")]).await.0, 200);
    assert_eq!(revoke(&client, &[("token", tokens["access_token"].as_str().unwrap())]).await.0, 400);
    assert_eq!(refresh(&world, &client, token, "").await.0, 200, "it still works");
    for _ in 0..2 {
        assert_eq!(revoke(&client, &[("token", token)]).await, (200, json!({})));
    }
    let posted = async |secret: &str| {
        let fields = [("token", token), ("client_id", &client.client_id), ("client_secret", secret)];
        answer(world.request("POST", "/oauth2/revoke").form(&fields)).await.0
    };
    let secret = client.client_secret.as_deref().unwrap();
    assert_eq!((posted(secret).await, posted("wrong").await, posted("").await), (200, 401, 401));
    let (status, said) = refresh(&world, &client, token, "").await;
    assert_eq!(
        (status, said),
        (400, json!({ "error": "invalid_grant", "error_description": "token is denylisted" }))
    );
    let asked = world.post("/credentials/token/denylisted", &json!({ "token": token }));
    assert_eq!(answer(asked).await.0, 403);
}

#[tokio::test]
async fn a_user_takes_back_keys_and_the_list_forgets_them() {
    let world = World::new().await;
    let session = world.session_token("ada").await;
    let (_, made) = answer(world.post("/credentials/api", &json!({})).bearer_auth(&session)).await;
    let key = made["api_key"].as_str().unwrap();
    let revoke = async |bearer: &str| {
        let request = world.request("POST", "/oauth2/revoke").bearer_auth(bearer).form(&[("token", key)]);
        answer(request).await.0
    };
    assert_eq!(revoke(&world.token("ben").await).await, 403);
    assert_eq!(revoke(&session).await, 200);
    assert_eq!(revoke(&session).await, 401, "it is revoked already");
    let (_, listed) = answer(world.get("/credentials/api").bearer_auth(&session)).await;
    assert_eq!(listed, json!({ "jtis": [] }));
    let exchange = world.post("/credentials/api/access_token", &json!({ "api_key": key }));
    assert_eq!(answer(exchange).await.0, 401);
}
