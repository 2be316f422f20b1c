//! Users let clients act for them.

use fence::clients::NewClient;
use serde_json::{Value, json};

use crate::{
    oauth::{CALLBACK, authorize, automatic, browser, code, location, plain, query, redeem, register, said},
    world::{World, answer, claims, cookie_header, cookies},
};

/// The value of a hidden field of a page.
fn field(page: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&begin).unwrap().1;
    rest.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[tokio::test]
async fn a_user_is_asked_says_yes_and_the_client_gets_its_tokens() {
    let world = World::new().await;
    let client = register(&world, plain("app & co")).await;
    let browser = browser(&world, "ada").await;
    let page = authorize(&world, &browser, &query(&client, "&nonce=n0nce")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    let browser = cookie_header(&cookies(&page));
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<h1>Let app &amp; co act for you?</h1>") && page.contains("<html lang=\"en\">"),
        "{page}"
    );
    assert!(page.contains("<b>ada</b>") && page.contains("read and write, for you"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let names = ["csrf_token", "client_id", "response_type", "redirect_uri", "scope", "state", "nonce"];
    let mut form: Vec<(&str, String)> = names.map(|name| (name, field(&page, name))).to_vec();
    form.push(("confirm", "yes".into()));
    let send = |form: &[(&str, String)]| {
        let request = world.request("POST", "/oauth2/consent").header("cookie", &browser).form(form);
        async move { request.send().await.unwrap() }
    };
    // A header does not stand for the form's own token.
    let mut forged = form.clone();
    forged[0].1 = "other".into();
    let request = world.request("POST", "/oauth2/consent").header("cookie", &browser).form(&forged);
    let token = world.token("ada").await;
    assert_eq!(answer(request.bearer_auth(token)).await.0, 400);
    let granted = send(&form).await;
    assert_eq!(granted.status(), 302);
    let to = location(&granted);
    assert!(to.as_str().starts_with(&format!("{CALLBACK}?code=")) && said(&to, "state").unwrap() == "st4te");
    let (status, tokens) = redeem(&world, &client, &said(&to, "code").unwrap()).await;
    assert_eq!((status, &tokens["token_type"], &tokens["expires_in"]), (200, &json!("Bearer"), &json!(1200)));
    let id = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!((id["nonce"].as_str(), id["azp"].as_str()), (Some("n0nce"), Some(client.client_id.as_str())));
    assert_eq!(id["aud"], json!([client.client_id, "gen3"]));
    let userinfo = world.get("/user").bearer_auth(tokens["access_token"].as_str().unwrap());
    assert_eq!(answer(userinfo).await.1["username"], "ada");
    // The other button.
    *form.last_mut().unwrap() = ("confirm", "no".into());
    let denied = location(&send(&form).await);
    assert_eq!(said(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(said(&denied, "state").as_deref(), Some("st4te"));
    assert_eq!(said(&denied, "code"), None);
}

#[tokio::test]
async fn nobody_logged_in_goes_to_a_login_and_comes_back() {
    let world = World::with(|config| {
        config.login_options =
            serde_json::from_value(json!([{ "name": "Google", "idp": "google" }])).unwrap();
    })
    .await;
    let client = automatic(&world, "app").await;
    let base = world.tokens.issuer();
    let asked = query(&client, "");
    let sent = world.get(&format!("/oauth2/authorize?{asked}")).send().await.unwrap();
    assert_eq!(sent.status(), 302);
    let session = claims(cookies(&sent)["fence"].split(['=', ';']).nth(1).unwrap());
    assert_eq!(session["context"]["client_id"], client.client_id.as_str());
    let to = location(&sent);
    assert_eq!(to.as_str().split('?').next().unwrap(), format!("{base}/login/google"));
    assert_eq!(said(&to, "redirect").unwrap(), format!("{base}/oauth2/authorize?{asked}"));
    // A token alone is nobody's browser.
    let token = world.token("ada").await;
    let sent = world.get(&format!("/oauth2/authorize?{asked}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(sent.status(), 302);
    let sent = world.get(&format!("/oauth2/authorize?{asked}&idp=nope")).send().await.unwrap();
    assert_eq!(sent.status(), 400);
    let sent = world.get(&format!("/oauth2/authorize?{asked}&prompt=none")).send().await.unwrap();
    assert_eq!(said(&location(&sent), "error").as_deref(), Some("login_required"));
    let evil = format!(
        "client_id={}&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F",
        client.client_id
    );
    let sent = world.get(&format!("/oauth2/authorize?{evil}&prompt=none")).send().await.unwrap();
    assert!(location(&sent).as_str().starts_with(base), "nobody is told where the client is not known to be");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_here_and_not_at_its_address() {
    let world = World::new().await;
    let client = register(&world, NewClient { auto_approve: true, ..plain("app") }).await;
    let browser = browser(&world, "ada").await;
    let id = &client.client_id;
    let code = |rest: &str| format!("client_id={id}&response_type=code{rest}");
    for (status, query) in [
        (401, "response_type=code&scope=openid".to_owned()),
        (401, "client_id=none&response_type=code&scope=openid".into()),
        (401, "client_id=&response_type=code".into()),
        (401, format!("client_id={id}")),
        (401, format!("client_id={id}&response_type=token")),
        (401, format!("client_id={id}&response_type=code+id_token")),
        (401, format!("client_id={id}&response_type=id_token&nonce=n&scope=openid")),
        (401, code("&redirect_uri=https%3A%2F%2Fevil.example%2Fcb")),
        (401, code("&redirect_uri=https%3A%2F%2Fapp.example%2Fcb%2F")),
        (401, code("&redirect_uri=nonsense")),
        (401, code("&client_id=x")),
        (401, code("&code_challenge=x&code_challenge_method=plain")),
        (401, code("&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")),
        (400, code("&scope=user+data")),
        (400, code("&scope=openid+nope")),
        (400, code("&scope=openid+admin")),
        (400, code("&scope=openid&refresh_token_expires_in=0")),
        (400, code("&scope=openid&refresh_token_expires_in=x")),
        (400, code("&state=%00")),
        (302, code("&scope=openid&redirect_uri=")),
        (302, code("&scope=openid+user+user")),
        (302, code("")),
    ] {
        let answer = authorize(&world, &browser, &query).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{query}");
        assert_eq!(answer.headers().contains_key("location"), status == 302, "{query}");
    }
}

#[tokio::test]
async fn prompts_are_followed() {
    let world = World::new().await;
    let client = register(&world, plain("app")).await;
    let browser = browser(&world, "ada").await;
    let ask = |prompt: &str| authorize(&world, &browser, &query(&client, &format!("&prompt={prompt}")));
    for page in ["consent", "select_account"] {
        assert_eq!(ask(page).send().await.unwrap().status(), 200, "{page}");
    }
    let error = async |prompt: &str| said(&location(&ask(prompt).send().await.unwrap()), "error").unwrap();
    assert_eq!(error("none").await, "access_denied");
    assert_eq!(error("none+consent").await, "invalid_request");
    let again = ask("login+consent").send().await.unwrap();
    let to = location(&again);
    assert_eq!(said(&to, "prompt").as_deref(), Some("consent"));
    assert!(to.as_str().starts_with(&format!("{}/oauth2/authorize?client_id=", world.tokens.issuer())));
    assert!(cookies(&again)["fence"].contains("1970"), "the session is over");
    let left = authorize(&world, &browser, &query(&client, "")).send().await.unwrap();
    assert_eq!(left.status(), 302, "also for a copy of its cookie");
}

#[tokio::test]
async fn a_foreign_page_cannot_say_yes_for_a_user() {
    let world = World::new().await;
    let client = register(&world, plain("app")).await;
    let browser = browser(&world, "ada").await;
    let confirmed = query(&client, "&confirm=yes");
    let get = |site: &str| authorize(&world, &browser, &confirmed).header("sec-fetch-site", site);
    for site in ["cross-site", "same-site"] {
        assert_eq!(get(site).send().await.unwrap().status(), 200, "{site}: the page asks");
    }
    assert_eq!(get("same-origin").send().await.unwrap().status(), 302);
    assert_eq!(authorize(&world, &browser, &confirmed).send().await.unwrap().status(), 302);
    let post = |path: &str| {
        let form = format!("{}&csrf_token=x", confirmed);
        world
            .request("POST", path)
            .header("cookie", &browser)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
    };
    assert_eq!(post("/oauth2/authorize").send().await.unwrap().status(), 400);
    assert_eq!(post("/oauth2/consent").send().await.unwrap().status(), 400);
    // Scripts of our own pages have a header, and follow no redirects.
    let token = world.token("ada").await;
    let (status, said) = answer(post("/oauth2/authorize").bearer_auth(token)).await;
    assert_eq!(status, 200);
    assert!(said["redirect"].as_str().unwrap().starts_with(&format!("{CALLBACK}?code=")), "{said}");
    let nobody = world.request("POST", "/oauth2/consent").form(&[("confirm", "yes")]);
    assert_eq!(answer(nobody).await.0, 401);
}

#[tokio::test]
async fn implicit_clients_get_tokens_in_the_fragment() {
    let world = World::new().await;
    let new =
        NewClient { grants: vec!["implicit".into()], public: true, auto_approve: true, ..plain("page") };
    let client = register(&world, new).await;
    let browser = browser(&world, "ada").await;
    let ask = async |kind: &str, more: &str| {
        let query =
            format!("client_id={}&response_type={kind}&state=s&scope=openid+data{more}", client.client_id);
        authorize(&world, &browser, &query).send().await.unwrap()
    };
    let fragment = |answer: &reqwest::Response| -> Value {
        let location = location(answer);
        assert_eq!(location.query(), None);
        let pairs = url::form_urlencoded::parse(location.fragment().unwrap().as_bytes()).into_owned();
        pairs.map(|(name, value)| (name, Value::from(value))).collect::<serde_json::Map<_, _>>().into()
    };
    let both = fragment(&ask("id_token+token", "&nonce=n").await);
    let access = claims(both["access_token"].as_str().unwrap());
    assert_eq!(access["scope"], json!(["openid", "data", "user"]));
    let id = claims(both["id_token"].as_str().unwrap());
    assert!(id["at_hash"].is_string() && id["nonce"] == "n" && id["context"]["user"]["projects"].is_null());
    assert_eq!((both["state"].as_str(), both["expires_in"].as_str()), (Some("s"), Some("1200")));
    let alone = fragment(&ask("id_token", "&nonce=n").await);
    assert!(
        alone["access_token"].is_null() && claims(alone["id_token"].as_str().unwrap())["at_hash"].is_null()
    );
    for (kind, more) in [("id_token", ""), ("token", "&nonce=n"), ("code", "&nonce=n")] {
        assert_eq!(ask(kind, more).await.status(), 401, "{kind}");
    }
}

#[tokio::test]
async fn clients_that_have_expired_and_users_who_are_shut_out_get_nothing() {
    let world = World::new().await;
    let client = automatic(&world, "app").await;
    let ada = browser(&world, "ada").await;
    let code = code(&world, &ada, &client, "").await;
    sqlx::query(r#"update "User" set active = false where username = 'ada'"#)
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(redeem(&world, &client, &code).await.0, 400);
    let sent = authorize(&world, &ada, &query(&client, "")).send().await.unwrap();
    assert!(location(&sent).as_str().starts_with(world.tokens.issuer()), "to a login");
    sqlx::query("update client set expires_at = 1000000000").execute(&world.database.pool).await.unwrap();
    let ben = browser(&world, "ben").await;
    assert_eq!(authorize(&world, &ben, &query(&client, "")).send().await.unwrap().status(), 401);
    let (status, said) = redeem(&world, &client, &code).await;
    assert_eq!((status, said["error"].as_str()), (401, Some("invalid_client")));
}
