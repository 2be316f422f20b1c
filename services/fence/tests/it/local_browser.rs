//! A browser in which somebody uses the pages of local accounts.

use fence::{Config, Invite, InviteMode, LocalAccounts, local_accounts::invite};
use indexmap::IndexMap;
use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;
use url::form_urlencoded;

use crate::world::{World, cookie_header, cookies};

/// A password that may be set.
pub(crate) const GOOD: &str = "three plain words";

/// Turns local accounts on.
pub(crate) fn on(config: &mut Config) {
    config.local_accounts = LocalAccounts { enabled: true.into(), ..LocalAccounts::default() };
}

pub(crate) async fn world() -> World {
    World::with(on).await
}

/// The link of an invitation, as fence sees it.
pub(crate) async fn invited(world: &World, username: &str, mode: InviteMode) -> String {
    let order = Invite { username, email: None, life: 60, mode };
    let invitation = invite(&world.database.pool, &order).await.unwrap();
    invitation.address("")
}

/// A page that a browser has got.
pub(crate) struct Page {
    /// Where it was asked for.
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// The hidden fields of its first form.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        let form = self.text.split("<form ").nth(1).unwrap_or_default().split("</form>").next().unwrap();
        let fields = form.split("<input type=\"hidden\" name=\"").skip(1);
        let field = |text: &str| {
            let (name, rest) = text.split_once("\" value=\"").unwrap();
            (name.to_owned(), unescaped(rest.split('"').next().unwrap()))
        };
        fields.map(field).collect()
    }

    pub(crate) fn csrf_token(&self) -> String {
        self.hidden().into_iter().find(|(name, _)| name == "csrf_token").unwrap().1
    }

    /// Where its first form is sent.
    fn action(&self) -> String {
        let rest = self.text.split("<form method=\"post\" action=\"").nth(1).unwrap();
        rest.split('"').next().unwrap().strip_prefix("/user").unwrap().to_owned()
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&amp;", "&")
}

pub(crate) struct Browser<'w> {
    world: &'w World,
    jar: IndexMap<String, String>,
    network: &'static str,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, jar: IndexMap::new(), network: "203.0.113.200" }
    }

    /// A browser in which nobody is logged in, of a user who has the password [`GOOD`].
    pub(crate) async fn with_account(world: &'w World, username: &str) -> Self {
        let mut browser = Self::new(world);
        let page = browser.get(&invited(world, username, InviteMode::First).await).await;
        let set = browser.send(&page, &[("new_password", GOOD), ("again", GOOD)]).await;
        assert_eq!(set.status, 200, "{}", set.text);
        browser
    }

    /// The same browser at another address.
    pub(crate) fn from(self, network: &'static str) -> Self {
        Self { network, ..self }
    }

    pub(crate) fn line(&self, cookie: &str) -> Option<&str> {
        self.jar.get(cookie).map(String::as_str)
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let line = self.line(name)?;
        Some(line.split_once('=')?.1.split(';').next()?.to_owned())
    }

    pub(crate) fn drop_cookie(&mut self, name: &str) {
        self.jar.shift_remove(name);
    }

    async fn answered(&mut self, path: &str, request: RequestBuilder) -> Page {
        let request = request
            .header("cookie", cookie_header(&self.jar))
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("x-forwarded-for", self.network);
        let answer = request.send().await.unwrap();
        for (name, line) in cookies(&answer) {
            if line.contains("01 Jan 1970") {
                self.jar.shift_remove(&name);
            } else {
                self.jar.insert(name, line);
            }
        }
        let headers = answer.headers().clone();
        Page {
            path: path.to_owned(),
            status: answer.status().as_u16(),
            location: headers.get("location").map(|value| value.to_str().unwrap().to_owned()),
            headers,
            text: answer.text().await.unwrap(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.answered(path, self.world.get(path)).await
    }

    pub(crate) async fn json(&mut self, path: &str) -> Value {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        serde_json::from_str(&page.text).unwrap()
    }

    /// Fills the first form of `page` in and sends it.
    pub(crate) async fn send(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let typed = |name: &str| fields.iter().any(|(typed, _)| *typed == name);
        form.extend_pairs(page.hidden().into_iter().filter(|(name, _)| !typed(name)));
        let path = page.action();
        let request = self.world.request("POST", &path).body(form.finish());
        self.answered(&path, request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Page {
        let page = self.get("/login/local?redirect=/portal").await;
        assert_eq!(page.status, 200, "{}", page.text);
        self.send(&page, &[("username", username), ("password", password)]).await
    }
}
