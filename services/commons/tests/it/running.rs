//! A commons for one test.

use std::{fs, path::PathBuf};

use commons::up::{Options, Running};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

/// How services call each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    Direct,
    Http,
}

/// A running commons with its administrator logged in.
pub(crate) struct Commons {
    pub(crate) running: Running,
    pub(crate) token: String,
    client: Client,
    _folder: Option<TempDir>,
}

/// Status and body; a body that is no JSON is a string.
pub(crate) type Answer = (u16, Value);

impl Commons {
    pub(crate) async fn start(calls: Calls) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::on_free_ports(folder.path().join("state"));
        options.remote_calls = calls == Calls::Http;
        Self { _folder: Some(folder), ..Self::start_with(options).await }
    }

    /// With a port for each service that is open to everybody.
    pub(crate) async fn start_with_open_ports() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::on_free_ports(folder.path().join("state"));
        let commons = Self::start_with(Options { service_ports: true, ..options }).await;
        Self { _folder: Some(folder), ..commons }
    }

    pub(crate) async fn start_on(state: PathBuf) -> Self {
        Self::start_with(Options::on_free_ports(state)).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        commons::install_crypto();
        let running = Running::start(options).await.unwrap();
        let no_redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().no_proxy().redirect(no_redirects).build().unwrap();
        let mut commons = Self { running, token: String::new(), client, _folder: None };
        commons.token = commons.log_in().await;
        commons
    }

    async fn log_in(&self) -> String {
        let key = fs::read(&self.running.announcement().api_key_file).unwrap();
        let request = self.anonymous("POST", "/user/credentials/cdis/access_token");
        let (status, body) = answer(request.header("Content-Type", "application/json").body(key)).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn anonymous(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.announcement().url);
        self.client.request(method.parse::<Method>().unwrap(), url)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.anonymous("GET", path).bearer_auth(&self.token)).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        answer(self.anonymous(method, path).bearer_auth(&self.token).json(body)).await
    }

    /// A request to a signed URL, which must work without any token.
    pub(crate) fn signed(&self, method: &str, url: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), url)
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
