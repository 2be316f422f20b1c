//! Logins through a proxy that speaks Shibboleth.

use fence::ShibbolethSettings;
use indexmap::IndexMap;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::world::{World, answer, cookie_header, cookies};

const SECRET: &str = "a secret of the proxy";
const NAME: &str = "x-shibboleth-proxy-secret";

async fn world() -> World {
    let option: fence::LoginOption =
        serde_json::from_value(json!({"name": "InCommon", "idp": "shibboleth"})).unwrap();
    World::with(|config| {
        config.login_options = vec![option];
        config.shibboleth = ShibbolethSettings {
            sso_url: "https://sso.example/login?RelayState=".into(),
            shibboleth_proxy_secret: SECRET.to_owned().into(),
            ..ShibbolethSettings::default()
        };
    })
    .await
}

/// A browser that was sent away: its cookies, and the path at which it comes back.
async fn leave(world: &World) -> (IndexMap<String, String>, String) {
    let sent = world.get("/login/shib?redirect=/portal&shib_idp=urn:home").send().await.unwrap();
    assert_eq!(sent.status(), 302);
    let address = Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    assert!(
        address.as_str().starts_with("https://sso.example/login?RelayState=http%3A%2F%2Flocalhost"),
        "{address}"
    );
    let query: IndexMap<String, String> =
        form_urlencoded::parse(address.query().unwrap().as_bytes()).into_owned().collect();
    assert_eq!(query["entityID"], "urn:home");
    let back = query["RelayState"].strip_prefix("http://localhost/user").unwrap().to_owned();
    (cookies(&sent), back)
}

async fn come_back(world: &World, headers: &[(&str, &str)]) -> (u16, Value) {
    let (jar, path) = leave(world).await;
    let mut request = world.get(&path).header("cookie", cookie_header(&jar));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let back = request.send().await.unwrap();
    let status = back.status().as_u16();
    if status != 302 {
        return (status, Value::Null);
    }
    assert_eq!(back.headers()["location"], "/portal");
    let (_, user) = answer(world.get("/user").header("cookie", cookie_header(&cookies(&back)))).await;
    (status, user)
}

#[tokio::test]
async fn who_the_proxy_names_is_logged_in_and_nobody_whom_others_name() {
    let world = world().await;
    let (_, list) = answer(world.get("/login")).await;
    assert_eq!(list["providers"][0]["url"], "http://localhost/user/login/shib");
    let proxy = (NAME, SECRET);
    let (status, user) = come_back(&world, &[proxy, ("eppn", "ada@home.example")]).await;
    assert_eq!(
        (status, &user["username"], &user["idp"]),
        (302, &json!("ada@home.example"), &json!("shibboleth"))
    );
    assert_eq!(user["shib_idp"], "urn:home");
    let persistent = ("persistent_id", "https://idp!https://sp!bob");
    assert_eq!(come_back(&world, &[proxy, persistent]).await.1["username"], "bob");
    assert_eq!(come_back(&world, &[proxy, ("eppn", ""), persistent]).await.1["username"], "bob");
    for (headers, expected) in [
        (vec![("eppn", "root")], 403),
        (vec![(NAME, ""), ("eppn", "root")], 403),
        (vec![(NAME, "a secret of the prox"), ("eppn", "root")], 403),
        (vec![proxy, (NAME, "other"), ("eppn", "root")], 400),
        (vec![proxy], 401),
        (vec![proxy, ("eppn", " ")], 401),
        (vec![proxy, ("persistent_id", "a!b!")], 401),
        (vec![proxy, ("eppn", "ada"), ("eppn", "root")], 400),
        (vec![proxy, ("eppn", "ada;root")], 400),
    ] {
        assert_eq!(come_back(&world, &headers).await.0, expected, "{headers:?}");
    }
    let users: i64 = sqlx::query_scalar(r#"select count(*) from "User" where username = 'root'"#)
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(users, 0);
}

#[tokio::test]
async fn an_answer_of_the_proxy_counts_once_and_for_the_browser_that_was_sent_away() {
    let world = world().await;
    let (jar, path) = leave(&world).await;
    let ask = async |path: &str, jar: &str| {
        let request = world.get(path).header("cookie", jar).header(NAME, SECRET).header("eppn", "ada");
        request.send().await.unwrap().status().as_u16()
    };
    let jar = cookie_header(&jar);
    assert_eq!(ask(&path, "").await, 400, "another browser");
    assert_eq!(ask("/login/shib/login?state=x", &jar).await, 400);
    assert_eq!(ask(&path, &jar).await, 302);
    assert_eq!(ask(&path, &jar).await, 400, "once more");
}

#[tokio::test]
async fn without_a_secret_nobody_logs_in_by_headers() {
    let world = World::new().await;
    for query in ["?redirect=/", ""] {
        assert_eq!(answer(world.get(&format!("/login/shib{query}"))).await.0, 404);
    }
    let request = world.get("/login/shib/login?state=x").header(NAME, "").header("eppn", "root");
    assert_eq!(answer(request).await.0, 404);
}
