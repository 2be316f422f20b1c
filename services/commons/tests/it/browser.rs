//! Somebody with a browser: the development login, cookies in place of tokens, and the CSRF token.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::running::{Calls, Commons};

/// The cookies of a browser.
#[derive(Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    async fn send(&mut self, request: RequestBuilder) -> Response {
        let cookies: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = request.header("Cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            self.0.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        response
    }
}

/// The value of the hidden field `name` of a page.
fn field(page: &str, name: &str) -> String {
    let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_logs_in_by_the_development_page_and_needs_the_csrf_token_to_post() {
    let commons = Commons::start(Calls::Direct).await;
    let root = &commons.running.announcement().url;
    let mut jar = Jar::default();
    let announced = commons.running.announcement().login_url.clone().unwrap();
    let code = announced.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let login = format!("/user/login/dev?redirect={root}/user/user");
    let without = Jar::default().send(commons.anonymous("GET", &login)).await;
    assert_eq!(without.status(), 401, "who does not know the code gets no form");
    let login = format!("{login}&code={code}");
    let page = jar.send(commons.anonymous("GET", &login)).await.text().await.unwrap();
    let form = [
        ("csrf_token", field(&page, "csrf_token")),
        ("redirect", field(&page, "redirect")),
        ("username", "ada".into()),
    ];
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let post = commons
        .anonymous("POST", "/user/login/dev")
        .header("Content-Type", "application/x-www-form-urlencoded");
    let answer = jar.send(post.body(body.join("&"))).await;
    assert_eq!(answer.status(), 302);
    // Relative, for this browser has come by another name of the same address.
    assert_eq!(answer.headers()["location"].to_str().unwrap(), "/user/user");

    let me: Value = jar.send(commons.anonymous("GET", "/user/user")).await.json().await.unwrap();
    assert_eq!(me["username"], "ada");

    // Another site's page can make the browser post with its cookies, but cannot read the CSRF token.
    let make_key =
        || commons.anonymous("POST", "/user/credentials/api/").json(&json!({ "scope": ["data", "user"] }));
    let forged = jar.send(make_key()).await;
    assert_eq!((forged.status().as_u16(), forged.text().await.unwrap().as_str()), (403, "failed csrf check"));
    let status: Value = jar.send(commons.anonymous("GET", "/_status")).await.json().await.unwrap();
    let made = jar.send(make_key().header("x-csrf-token", status["csrf"].as_str().unwrap())).await;
    assert_eq!(made.status(), 200);
    assert!(made.json::<Value>().await.unwrap()["api_key"].is_string());
    commons.running.stop().await;
}

fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_cannot_give_rights_through_arborists_own_port() {
    let commons = Commons::start_with_open_ports().await;
    let arborist = &commons.running.announcement().services["arborist"];
    let client = reqwest::Client::new();
    let grant =
        || client.post(format!("{arborist}/user/ada/policy")).body(r#"{"policy":"commons_administrator"}"#);
    let from_page = grant().header("Origin", "https://evil.example").send().await.unwrap();
    assert_eq!(from_page.status(), 403);
    let rebound = client.get(format!("{arborist}/user")).header("Host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    assert_eq!(client.get(format!("{arborist}/user")).send().await.unwrap().status(), 200);
}
