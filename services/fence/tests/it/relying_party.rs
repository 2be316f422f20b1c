//! Logging in through other issuers: what is believed, and what is not.

use indexmap::IndexMap;
use serde_json::{Value, json};
use tokens::SigningKeys;

use crate::{
    issuer::{CLIENT, Issuer, SECRET},
    world::{World, answer, claims, cookie_header, cookies},
};

/// A fence whose users log in through `issuer`, under the name `lab`.
pub(crate) async fn world(issuer: &Issuer, settings: Value) -> World {
    world_with(issuer, settings, |_| {}).await
}

/// As [`world`], where providers are asked again between logins.
pub(crate) async fn world_that_renews(issuer: &Issuer, settings: Value) -> World {
    world_with(issuer, settings, |config| config.visas.enable_visa_update_cron = true.into()).await
}

async fn world_with(issuer: &Issuer, settings: Value, more: impl FnOnce(&mut fence::Config)) -> World {
    let mut lab = json!({
        "client_id": CLIENT, "client_secret": SECRET, "scope": "openid email",
        "discovery_url": issuer.discovery(),
    });
    lab.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let lab: fence::Provider = serde_json::from_value(lab).unwrap();
    let option: fence::LoginOption =
        serde_json::from_value(json!({"name": "The lab", "idp": "lab", "desc": "ours"})).unwrap();
    World::with(|config| {
        config.openid_connect = IndexMap::from([("lab".to_owned(), lab)]);
        config.login_options = vec![option];
        more(config);
    })
    .await
}

/// A browser that was sent to the issuer and has its code there.
struct Away {
    jar: IndexMap<String, String>,
    /// Where it was sent.
    address: String,
    code: String,
    state: String,
}

async fn leave(world: &World, issuer: &Issuer) -> Away {
    let sent = world.get("/login/lab?redirect=/portal").send().await.unwrap();
    assert_eq!(sent.status(), 302, "{}", sent.text().await.unwrap());
    let address = sent.headers()["location"].to_str().unwrap().to_owned();
    let (code, state) = issuer.approve(&address);
    Away { jar: cookies(&sent), address, code, state }
}

async fn come_back(world: &World, away: &Away) -> reqwest::Response {
    let path = format!("/login/lab/login?code={}&state={}", away.code, away.state);
    world.get(&path).header("cookie", cookie_header(&away.jar)).send().await.unwrap()
}

/// The status of a whole login.
pub(crate) async fn login(world: &World, issuer: &Issuer) -> u16 {
    let away = leave(world, issuer).await;
    come_back(world, &away).await.status().as_u16()
}

#[tokio::test]
async fn a_user_of_another_issuer_gets_a_session_and_an_api_key() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    issuer.does(|conduct| drop(conduct.claims.insert("email".into(), json!("ada@x.org"))));
    let (_, list) = answer(world.get("/login")).await;
    assert_eq!(list["providers"][0]["url"], "http://localhost/user/login/lab");
    let away = leave(&world, &issuer).await;
    for part in
        ["response_type=code", "scope=openid+email", "prompt=login", "nonce=", "code_challenge_method=S256"]
    {
        assert!(away.address.contains(part), "{part} in {}", away.address);
    }
    assert!(away.address.contains("redirect_uri=http%3A%2F%2Flocalhost%2Fuser%2Flogin%2Flab%2Flogin"));
    let back = come_back(&world, &away).await;
    assert_eq!((back.status().as_u16(), &back.headers()["location"]), (302, &"/portal".parse().unwrap()));
    let jar = cookies(&back);
    let session = claims(jar["fence"].split_once('=').unwrap().1.split(';').next().unwrap());
    assert_eq!(session["context"]["provider"], "lab");
    assert!(session["context"].get("login_pending").is_none(), "{session}");
    let (status, user) = answer(world.get("/user").header("cookie", cookie_header(&jar))).await;
    assert_eq!(
        (status, &user["username"], &user["email"], &user["idp"]),
        (200, &json!("person-1"), &json!("ada@x.org"), &json!("lab"))
    );
    let token = jar["access_token"].split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    let (status, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(token)).await;
    assert_eq!(status, 200);
    let exchanged = world.post("/credentials/api/access_token", &json!({ "api_key": key["api_key"] }));
    assert_eq!(answer(exchanged).await.0, 200);
}

#[tokio::test]
async fn an_answer_counts_once_and_only_for_the_browser_that_asked() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    let away = leave(&world, &issuer).await;
    let stolen = format!("/login/lab/login?code={}&state={}", away.code, away.state);
    assert_eq!(answer(world.get(&stolen)).await.0, 400, "by another browser, which was sent nowhere");
    let other = leave(&world, &issuer).await;
    let swapped = Away { jar: other.jar.clone(), state: away.state.clone(), ..away };
    assert_eq!(come_back(&world, &swapped).await.status(), 400, "by another browser with a login of its own");
    for wrong in ["state=", "state=x", ""] {
        let path = format!("/login/lab/login?code={}&{wrong}", other.code);
        assert_eq!(
            answer(world.get(&path).header("cookie", cookie_header(&other.jar))).await.0,
            400,
            "{wrong}"
        );
    }
    assert_eq!(come_back(&world, &other).await.status(), 302);
    // The old cookie still names the login; the issuer would even give another code.
    let (code, _) = issuer.approve(&other.address);
    assert_eq!(come_back(&world, &Away { code, ..other }).await.status(), 400, "replayed");
}

#[tokio::test]
async fn a_code_of_another_login_is_worth_nothing() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    let victim = leave(&world, &issuer).await;
    let attacker = leave(&world, &issuer).await;
    issuer.approve(&victim.address);
    // The issuer has bound the code that it gave last to the victim's challenge.
    let (code, _) = issuer.approve(&victim.address);
    assert_eq!(come_back(&world, &Away { code, ..attacker }).await.status(), 400);
}

#[tokio::test]
async fn tokens_that_say_what_they_must_not_say_are_refused() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    let now = chrono::Utc::now().timestamp();
    for (name, value, why) in [
        ("nonce", json!("another"), "of another login"),
        ("nonce", json!(null), "of no login"),
        ("iss", json!("https://evil.example"), "of another issuer"),
        ("aud", json!(["somebody-else"]), "for another client"),
        ("aud", json!([CLIENT, "somebody-else"]), "for several without saying whom"),
        ("azp", json!("somebody-else"), "made for another client"),
        ("exp", json!(now - 120), "expired"),
        ("iat", json!(now + 600), "from the future"),
        ("sub", json!(null), "of nobody"),
    ] {
        issuer.does(|conduct| conduct.claims = [(name.to_owned(), value)].into_iter().collect());
        assert_eq!(login(&world, &issuer).await, 400, "{why}");
    }
    issuer.does(|conduct| {
        conduct.claims =
            [("exp".to_owned(), json!(now - 20)), ("iat".to_owned(), json!(now + 20))].into_iter().collect();
    });
    assert_eq!(login(&world, &issuer).await, 302, "clocks differ a little");
    issuer.does(|conduct| {
        conduct.claims = [("aud".to_owned(), json!([CLIENT, "more"])), ("azp".to_owned(), json!(CLIENT))]
            .into_iter()
            .collect();
    });
    assert_eq!(login(&world, &issuer).await, 302, "for several, us among them");
}

#[tokio::test]
async fn a_key_rotated_at_the_issuer_is_found_and_a_forged_one_is_not() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    assert_eq!(login(&world, &issuer).await, 302);
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    issuer.does(|conduct| conduct.keys = SigningKeys::ephemeral("two").unwrap());
    assert_eq!(login(&world, &issuer).await, 302);
    // Signed by a key of the same name that the issuer has published to nobody: the published ones are still
    // those that fence has just read.
    issuer.does(|conduct| conduct.keys = SigningKeys::ephemeral("two").unwrap());
    assert_eq!(login(&world, &issuer).await, 400);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_told_and_comes_back() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    issuer.does(|conduct| conduct.down = true);
    assert_eq!(answer(world.get("/login/lab?redirect=/portal")).await.0, 503);
    issuer.does(|conduct| conduct.down = false);
    let away = leave(&world, &issuer).await;
    issuer.does(|conduct| conduct.down = true);
    assert_eq!(come_back(&world, &away).await.status(), 503);
    issuer.does(|conduct| conduct.down = false);
    assert_eq!(login(&world, &issuer).await, 302);
}

#[tokio::test]
async fn a_description_of_another_issuer_is_not_believed() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    issuer.does(|conduct| conduct.described = Some("https://accounts.google.com".into()));
    assert_eq!(answer(world.get("/login/lab?redirect=/portal")).await.0, 503);
}

#[tokio::test]
async fn who_is_named_by_an_address_must_have_it_verified_also_where_userinfo_says_it() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({"user_id_field": "email"})).await;
    assert_eq!(login(&world, &issuer).await, 503, "userinfo does not answer");
    let say = |said: Value| issuer.does(|conduct| conduct.userinfo = Some(said));
    say(json!({"sub": "person-1", "email": "ada@x.org", "email_verified": false}));
    assert_eq!(login(&world, &issuer).await, 400);
    say(json!({"sub": "person-2", "email": "ada@x.org", "email_verified": true}));
    assert_eq!(login(&world, &issuer).await, 400, "of somebody else");
    say(json!({"sub": "person-1", "email": "ada@x.org", "email_verified": true}));
    assert_eq!(login(&world, &issuer).await, 302);
}

#[tokio::test]
async fn an_issuer_s_refusal_goes_back_to_where_the_user_came_from_and_nowhere_else() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({})).await;
    let refused = async |redirect: &str| {
        let sent = world.get(&format!("/login/lab?redirect={redirect}")).send().await.unwrap();
        assert_eq!(sent.status(), 302, "{redirect}");
        let path = "/login/lab/login?error=access_denied&error_description=no+way";
        let back = world.get(path).header("cookie", cookie_header(&cookies(&sent))).send().await.unwrap();
        assert_eq!(back.status(), 302);
        back.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(refused("/portal").await, "/portal?error=access_denied&error_description=no+way");
    let client =
        "/user/oauth2/authorize%3Fredirect_uri%3Dhttps%253A%252F%252Fportal.example%252Fcb%26state%3Ds";
    let told = refused(client).await;
    assert!(
        told.starts_with("https://portal.example/cb?") && told.contains("&state=s&error=access_denied"),
        "{told}"
    );
    let evil = "/user/oauth2/authorize%3Fredirect_uri%3Dhttps%253A%252F%252Fevil.example%252Fcb";
    assert!(refused(evil).await.starts_with("/user/oauth2/authorize?"), "not to a stranger");
}
