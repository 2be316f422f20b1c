//! Sessions: how they begin, slide, and end.

use indexmap::IndexMap;
use serde_json::Value;

use crate::world::{World, answer, claims, cookie_header, cookies};

/// Logs in by the page, as a browser does.
async fn log_in(world: &World, username: &str) -> IndexMap<String, String> {
    let page = world.get("/login/dev?redirect=/portal").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let jar = cookies(&page);
    let form = form(&page.text().await.unwrap(), username, "/portal");
    let answer = submit(world, &jar, &form).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/portal");
    cookies(&answer)
}

fn form(page: &str, username: &str, redirect: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
    let (token, _) = rest.split_once('"').unwrap();
    format!("csrf_token={token}&username={username}&redirect={redirect}")
}

async fn submit(world: &World, jar: &IndexMap<String, String>, form: &str) -> reqwest::Response {
    let request = world.request("POST", "/login/dev").header("cookie", cookie_header(jar));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(form.to_owned()).send().await.unwrap()
}

fn value<'a>(jar: &'a IndexMap<String, String>, name: &str) -> &'a str {
    jar[name].split_once('=').unwrap().1.split(';').next().unwrap()
}

#[tokio::test]
async fn the_development_login_begins_a_session() {
    let world = World::new().await;
    let jar = log_in(&world, "ada").await;
    assert!(jar["fence"].contains("HttpOnly") && jar["fence"].contains("SameSite=Lax"), "{}", jar["fence"]);
    assert!(!jar["fence"].contains("Secure"), "plain http on loopback");
    let session = claims(value(&jar, "fence"));
    assert_eq!(session["context"]["username"], "ada");
    assert_eq!(session["context"]["user_id"], session["sub"]);
    assert_eq!(session["context"]["provider"], "dev");
    assert_eq!(session["aud"], serde_json::json!(["fence", "gen3"]));
    assert_eq!(session["exp"].as_i64().unwrap() - session["iat"].as_i64().unwrap(), 900);
    let access = claims(value(&jar, "access_token"));
    assert!(access["scope"].as_array().unwrap().contains(&Value::from("credentials")));
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 1200);

    let (status, user) = answer(world.get("/user").header("cookie", cookie_header(&jar))).await;
    assert_eq!((status, user["username"].as_str(), user["idp"].as_str()), (200, Some("ada"), Some("dev")));
    let token = value(&jar, "access_token");
    assert_eq!(answer(world.get("/credentials/api").bearer_auth(token)).await.0, 200);
}

#[tokio::test]
async fn a_session_slides_and_keeps_its_access_token_while_that_is_fresh() {
    let world = World::with(|config| config.tokens.access_token_renewal_threshold = 300).await;
    let jar = log_in(&world, "ada").await;
    let answer = world.get("/_status").header("cookie", cookie_header(&jar)).send().await.unwrap();
    let renewed = cookies(&answer);
    assert_eq!(renewed.keys().collect::<Vec<_>>(), ["fence"]);
    let [before, after] = [&jar, &renewed].map(|jar| claims(value(jar, "fence")));
    assert_eq!(after["context"], before["context"], "the same session");
    assert_ne!(after["jti"], before["jti"], "in another token");
    let alone = format!("fence={}", value(&jar, "fence"));
    let answer = world.get("/_status").header("cookie", alone).send().await.unwrap();
    assert_eq!(cookies(&answer).len(), 2, "a missing access token is made again");
}

#[tokio::test]
async fn a_browser_is_told_when_its_session_ends() {
    let world = World::with(|config| {
        config.tokens.session_timeout = 600;
        config.tokens.session_lifetime = 400;
    });
    let world = world.await;
    let jar = log_in(&world, "ada").await;
    let (status, told) = answer(world.get("/v1/session").header("cookie", cookie_header(&jar))).await;
    assert_eq!((status, told["username"].as_str()), (200, Some("ada")));
    for name in ["ends_in", "lasts"] {
        let seconds = told[name].as_i64().unwrap();
        assert!((390..=400).contains(&seconds), "{name}: {seconds}, and a session does not outlive its life");
    }
    // Who has a token and no session has nothing that ends by itself.
    let token = value(&jar, "access_token");
    assert_eq!(answer(world.get("/v1/session").bearer_auth(token)).await.0, 401);
    assert_eq!(answer(world.get("/v1/session")).await.0, 401);
}

#[tokio::test]
async fn an_access_token_that_dies_soon_is_renewed() {
    let world = World::with(|config| config.tokens.access_token_renewal_threshold = 1300).await;
    let jar = log_in(&world, "ada").await;
    let answer = world.get("/_status").header("cookie", cookie_header(&jar)).send().await.unwrap();
    assert_eq!(cookies(&answer).len(), 2);
}

#[tokio::test]
async fn a_session_ends_by_idleness_by_age_by_logout_and_by_deactivation() {
    let ended = async |world: &World, jar: &IndexMap<String, String>| {
        let answer = world.get("/user").header("cookie", cookie_header(jar)).send().await.unwrap();
        let status = answer.status().as_u16();
        let expired = cookies(&answer);
        (status, expired.len() == 2 && expired.values().all(|line| line.contains("01 Jan 1970")))
    };
    let mock = async |world: &World| cookies(&world.get("/login/google?redirect=/").send().await.unwrap());
    let world = World::with(|config| config.tokens.session_timeout = -1).await;
    assert_eq!(ended(&world, &mock(&world).await).await, (401, true));
    let world = World::with(|config| config.tokens.session_lifetime = 0).await;
    assert_eq!(ended(&world, &mock(&world).await).await, (401, true));

    let world = World::new().await;
    let jar = log_in(&world, "ada").await;
    let logout = world.get("/logout?next=/bye").header("cookie", cookie_header(&jar)).send().await.unwrap();
    assert_eq!(
        (logout.status().as_u16(), &logout.headers()["location"]),
        (302, &"http://localhost/bye".parse().unwrap())
    );
    assert!(cookies(&logout).values().all(|line| line.contains("01 Jan 1970")));
    let copy = IndexMap::from([("fence".to_owned(), jar["fence"].clone())]);
    assert_eq!(ended(&world, &copy).await, (401, true), "a copy of the cookie ends with it");
    let jar = log_in(&world, "ada").await;

    sqlx::query(r#"update "User" set active = false"#).execute(&world.database.pool).await.unwrap();
    let (status, _) = answer(world.get("/user").header("cookie", cookie_header(&jar))).await;
    assert_eq!(status, 401);
    let alone = IndexMap::from([("fence".to_owned(), jar["fence"].clone())]);
    assert_eq!(ended(&world, &alone).await, (401, true));
}

#[tokio::test]
async fn a_forged_session_is_none() {
    let (world, forger) = (World::new().await, World::new().await);
    let jar = log_in(&forger, "ada").await;
    assert_eq!(answer(world.get("/user").header("cookie", cookie_header(&jar))).await.0, 401);
    let as_session = format!("fence={}", world.token("ada").await);
    assert_eq!(
        answer(world.get("/user").header("cookie", as_session)).await.0,
        401,
        "an access token is no session"
    );
}

#[tokio::test]
async fn the_login_form_needs_the_token_of_its_own_browser() {
    let world = World::new().await;
    let page = world.get("/login/dev?redirect=/").send().await.unwrap();
    let jar = cookies(&page);
    let good = form(&page.text().await.unwrap(), "ada", "/");
    let none = IndexMap::new();
    assert_eq!(submit(&world, &none, &good).await.status(), 400, "without the cookie");
    assert_eq!(submit(&world, &jar, "username=ada&redirect=/").await.status(), 400, "without the field");
    assert_eq!(submit(&world, &jar, "csrf_token=guess&username=ada&redirect=/").await.status(), 400);
    let other = cookies(&world.get("/login/dev?redirect=/").send().await.unwrap());
    assert_eq!(submit(&world, &other, &good).await.status(), 400, "another browser's token");
    assert_eq!(submit(&world, &jar, &good.replace("username=ada", "username=")).await.status(), 400);
    assert_eq!(submit(&world, &jar, &good).await.status(), 302);
}

#[tokio::test]
async fn a_login_or_logout_leads_only_to_known_sites() {
    let world = World::new().await;
    sqlx::query("insert into client (client_id, name, client_metadata) values ('c', 'c', $1)")
        .bind(r#"{"redirect_uris": ["https://client.example/cb"]}"#)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let status = async |path: &str| world.get(path).send().await.unwrap().status().as_u16();
    for (target, expected) in [
        ("/x", 302),
        ("http://localhost/x", 302),
        ("https://portal.example/a", 302),
        ("https://client.example/other", 302),
        ("//evil.example/", 400),
        ("/%5Cevil.example/", 400),
        ("https://evil.example/", 400),
        ("https://portal.example@evil.example/", 400),
        ("javascript:alert(1)", 400),
    ] {
        assert_eq!(status(&format!("/login/google?redirect={target}")).await, expected, "login to {target}");
        let page = if expected == 302 { 200 } else { expected };
        assert_eq!(status(&format!("/login/dev?redirect={target}")).await, page, "page for {target}");
    }
    assert_eq!(status("/login/dev").await, 200, "it leads to the front page");
    assert_eq!(status("/logout").await, 302);
    assert_eq!(status("/logout?next=https://evil.example/").await, 400);
    let page = world.get("/login/dev?redirect=/").send().await.unwrap();
    let jar = cookies(&page);
    let form = form(&page.text().await.unwrap(), "ada", "//evil.example");
    assert_eq!(submit(&world, &jar, &form).await.status(), 400, "a changed form field");
}

#[tokio::test]
async fn a_mock_provider_logs_in_whom_the_cookie_names() {
    let world = World::with(|config| config.global_username_deny_regex = Some("^denied_".into())).await;
    let jar = async |cookie: &str| {
        let request = world.get("/login/google?redirect=/").header("cookie", cookie.to_owned());
        cookies(&request.send().await.unwrap())
    };
    let named = jar("dev_login=ada").await;
    assert_eq!(claims(value(&named, "fence"))["context"]["provider"], "google");
    let default = jar("x=y").await;
    assert_eq!(claims(value(&default, "fence"))["context"]["username"], "test@example.com");
    let denied = world.get("/login/google?redirect=/").header("cookie", "dev_login=denied_x");
    assert_eq!(answer(denied).await.0, 401);
    assert_eq!(answer(world.get("/login/orcid?redirect=/")).await.0, 404);
    for nowhere in ["/login/google", "/login/google?redirect="] {
        assert_eq!(answer(world.get(nowhere)).await.0, 400, "{nowhere}");
    }
}

#[tokio::test]
async fn nobody_logs_in_without_a_password_under_a_foreign_name() {
    let world = World::new().await;
    for (method, path) in
        [("GET", "/login/dev?redirect=/"), ("POST", "/login/dev"), ("GET", "/login/google?redirect=/")]
    {
        for host in ["evil.example:8080", "10.0.0.5", "localhost.evil.example"] {
            let request = world.request(method, path).header("host", host);
            assert_eq!(answer(request).await.0, 403, "{method} {path} by {host}");
        }
        for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
            let request = world.request(method, path).header("host", host);
            assert_ne!(answer(request).await.0, 403, "{method} {path} by {host}");
        }
    }
}

#[tokio::test]
async fn new_users_and_the_development_login_can_be_shut_out() {
    let world = World::with(|config| {
        config.allow_new_user_on_login = false;
        config.development_login = false;
    })
    .await;
    assert_eq!(answer(world.get("/login/google?redirect=/")).await.0, 401);
    world.token("test@example.com").await;
    assert_eq!(answer(world.get("/login/google?redirect=/")).await.0, 302);
    assert_eq!(answer(world.get("/login/dev?redirect=/")).await.0, 404);
    assert_eq!(answer(world.request("POST", "/login/dev")).await.0, 404);
}

#[tokio::test]
async fn the_page_offers_the_known_users_and_escapes_them() {
    let world = World::new().await;
    world.token("<i>ada</i>").await;
    let page = world.get("/login/dev?redirect=/").send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    let page = page.text().await.unwrap();
    assert!(page.contains("value=\"&lt;i&gt;ada&lt;/i&gt;\""), "{page}");
    assert!(page.contains("Development login"), "{page}");
    assert!(page.contains("action=\"/user/login/dev\""), "the public path, not our own");
    let (_, list) = answer(world.get("/login/")).await;
    assert_eq!(list["default_provider"]["url"], "http://localhost/user/login/dev");
}

#[tokio::test]
async fn a_session_alone_changes_nothing_without_its_csrf_token() {
    let world = World::new().await;
    let jar = log_in(&world, "ada").await;
    let post = |headers: &[(&str, &str)]| {
        let mut request = world.request("POST", "/user").header("cookie", cookie_header(&jar));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request)
    };
    assert_eq!(post(&[]).await.0, 400);
    assert_eq!(post(&[("x-csrf-token", "x"), ("referer", "https://portal.example/")]).await.0, 400);
    let bearer = format!("Bearer {}", value(&jar, "access_token"));
    assert_eq!(post(&[("authorization", &bearer)]).await.0, 200);
    let delete = world.request("DELETE", "/data/x").header("cookie", cookie_header(&jar));
    assert_eq!(answer(delete).await.0, 400);
}

#[tokio::test]
async fn a_login_returns_to_the_spelling_of_our_address_that_it_came_from() {
    let world = World::new().await;
    let location = async |host: &str, target: &str| {
        let request = world.get(&format!("/login/google?redirect={target}")).header("host", host);
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location.unwrap_or_default())
    };
    let here = "127.0.0.1:9999";
    assert_eq!(location(here, "http://127.0.0.1:9999/query?a=b").await, (302, "/query?a=b".into()));
    assert_eq!(location(here, "http://localhost/query").await, (302, "http://localhost/query".into()));
    assert_eq!(location(here, "").await.0, 400, "as in the original");
    assert_eq!(location(here, "http://127.0.0.1:8888/query").await.0, 400);
    assert_eq!(location(here, "http://127.0.0.1:9999//evil.example").await.0, 400);
    let (status, body) = answer(world.get("/login/dev?redirect=http://127.0.0.1:1/x")).await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains("at http://localhost"), "a way on: {body}");
}

#[tokio::test]
async fn the_development_login_wants_its_code_from_everybody() {
    let world = World::with(|config| config.development_login_code = Some("s3same".to_owned().into())).await;
    let get = |query: &str| world.get(&format!("/login/dev?redirect=/x&{query}"));
    for wrong in ["", "code=", "code=s3sam", "code=s3same2", "code=S3SAME"] {
        assert_eq!(answer(get(wrong)).await.0, 401, "{wrong}");
    }
    let asked = get("code=no").header("accept", "text/html").send().await.unwrap();
    assert_eq!(asked.status(), 401);
    let asked = asked.text().await.unwrap();
    assert!(asked.contains("name=\"code\"") && asked.contains("name=\"redirect\" value=\"/x\""), "{asked}");
    assert!(!asked.contains("s3same") && !asked.contains("name=\"username\""), "{asked}");

    let page = get("code=s3same").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let jar = cookies(&page);
    assert!(jar["login_code"].contains("HttpOnly") && jar["login_code"].contains("Path=/user/login/dev"));
    let page = page.text().await.unwrap();
    assert!(page.contains("autofocus"), "{page}");
    let form = form(&page, "ada", "/x");
    let mut without = jar.clone();
    without.shift_remove("login_code");
    assert_eq!(submit(&world, &without, &form).await.status(), 401);
    assert_eq!(submit(&world, &without, &format!("{form}&code=s3same")).await.status(), 302);
    assert_eq!(submit(&world, &jar, &form).await.status(), 302);
    let again = world.get("/login/dev").header("cookie", format!("login_code={}", value(&jar, "login_code")));
    assert_eq!(again.send().await.unwrap().status(), 200, "it is asked for once a browser");
    assert_eq!(answer(world.get("/login/google?redirect=/")).await.0, 302, "mock logins are for tests");
}

#[tokio::test]
async fn a_request_that_a_proxy_has_passed_on_is_not_from_this_machine() {
    let world = World::new().await;
    let status = async |world: &World, name: &str, value: &str| {
        answer(world.get("/login/dev?redirect=/").header(name, value)).await.0
    };
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-forwarded-for", "127.0.0.1, 203.0.113.5"),
        ("x-forwarded-for", "unknown"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        assert_eq!(status(&world, name, value).await, 403, "{name}: {value}");
    }
    for value in ["127.0.0.1", "::1", "127.0.0.1, ::ffff:127.0.0.1"] {
        assert_eq!(status(&world, "x-forwarded-for", value).await, 200, "as the gateway notes it: {value}");
    }
    let behind = World::with(|config| config.development_login_behind_proxy = true).await;
    assert_eq!(status(&behind, "x-forwarded-for", "203.0.113.5").await, 200);
}

#[tokio::test]
async fn names_that_only_look_alike_make_no_users() {
    let world = World::new().await;
    world.token("mike@x.org").await;
    let page = world.get("/login/dev").send().await.unwrap();
    let jar = cookies(&page);
    let page = page.text().await.unwrap();
    let names = [
        "mi%E2%84%AAe@x.org",
        "%EF%BD%8Dike@x.org",
        "mike%C2%A0@x.org",
        "mi%E2%80%8Bke@x.org",
        "a%0Ab",
        "a%20%20b",
    ];
    for name in names {
        assert_eq!(submit(&world, &jar, &form(&page, name, "/")).await.status(), 400, "{name}");
    }
    assert_eq!(submit(&world, &jar, &form(&page, "%20MIKE@x.org%20", "/")).await.status(), 302);
    let users: i64 =
        sqlx::query_scalar(r#"select count(*) from "User""#).fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(users, 1);
}
