//! What tests of OAuth clients share: a registered client, a browser that is logged in,
//! and the way to a code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fence::clients::{Credentials, NewClient, SCOPES, create};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use crate::world::{World, answer, cookie_header, cookies};

pub(crate) const CALLBACK: &str = "https://app.example/cb";

/// A client that asks users, with both of the usual grants.
pub(crate) fn plain(name: &str) -> NewClient {
    NewClient {
        name: name.into(),
        redirect_uris: vec![CALLBACK.into(), "https://app.example/other?x=1".into()],
        scopes: ["openid", "user", "data"].map(String::from).to_vec(),
        ..NewClient::default()
    }
}

pub(crate) fn allowed() -> Vec<String> {
    SCOPES.map(String::from).to_vec()
}

pub(crate) async fn register(world: &World, new: NewClient) -> Credentials {
    create(&world.database.pool, &new, &allowed()).await.unwrap()
}

pub(crate) async fn automatic(world: &World, name: &str) -> Credentials {
    register(world, NewClient { auto_approve: true, ..plain(name) }).await
}

pub(crate) fn basic(client: &Credentials) -> String {
    let secret = client.client_secret.as_deref().unwrap_or_default();
    format!("Basic {}", STANDARD.encode(format!("{}:{secret}", client.client_id)))
}

/// The cookies of a browser in which `username` is logged in.
pub(crate) async fn browser(world: &World, username: &str) -> String {
    let login = world.get("/login/google?redirect=/").header("cookie", format!("dev_login={username}"));
    let answer = login.send().await.unwrap();
    assert_eq!(answer.status(), 302);
    cookie_header(&cookies(&answer))
}

/// A query that asks for a code, with `more` at its end.
pub(crate) fn query(client: &Credentials, more: &str) -> String {
    let callback: String = url::form_urlencoded::byte_serialize(CALLBACK.as_bytes()).collect();
    format!(
        "client_id={}&response_type=code&redirect_uri={callback}&scope=openid+user+data&state=st4te{more}",
        client.client_id
    )
}

pub(crate) fn authorize(world: &World, browser: &str, query: &str) -> RequestBuilder {
    world.get(&format!("/oauth2/authorize?{query}")).header("cookie", browser)
}

pub(crate) fn location(answer: &Response) -> Url {
    let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    Url::parse(&location.unwrap_or_default()).unwrap()
}

/// What an address says under `name`.
pub(crate) fn said(address: &Url, name: &str) -> Option<String> {
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A code for a client that is approved of by itself.
pub(crate) async fn code(world: &World, browser: &str, client: &Credentials, more: &str) -> String {
    let answer = authorize(world, browser, &query(client, more)).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    said(&location(&answer), "code").unwrap()
}

/// A request to the token endpoint with these fields and, if there is one, this header.
pub(crate) fn ask(world: &World, header: Option<&str>, fields: &[(&str, &str)]) -> RequestBuilder {
    let request = world.request("POST", "/oauth2/token").form(fields);
    match header {
        Some(header) => request.header("authorization", header),
        None => request,
    }
}

pub(crate) async fn redeem(world: &World, client: &Credentials, code: &str) -> (u16, Value) {
    let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    answer(ask(world, Some(&basic(client)), &fields)).await
}

pub(crate) async fn refresh(world: &World, client: &Credentials, token: &str, scope: &str) -> (u16, Value) {
    let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    if !scope.is_empty() {
        fields.push(("scope", scope));
    }
    answer(ask(world, Some(&basic(client)), &fields)).await
}

/// All tokens of a user for a client that is approved of by itself.
pub(crate) async fn tokens(world: &World, client: &Credentials, username: &str) -> Value {
    let browser = browser(world, username).await;
    let (status, tokens) = redeem(world, client, &code(world, &browser, client, "").await).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}
