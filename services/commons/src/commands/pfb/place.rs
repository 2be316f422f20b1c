//! Which commons is read or written over HTTP.

use std::time::Duration;

use clap::Args;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use transfer::{Commons, Credentials, Retries};

use super::super::{environment, transfer::WhoArgs};
use crate::{
    failure::Failure,
    state::{State, StateArgs},
};

const CONNECT: Duration = Duration::from_secs(20);
/// A submission of a million records is answered when it is written.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// Largest answer that is held in memory.
const MOST: usize = 64 << 20;
/// Characters of an answer that a message shows.
const SHOWN: usize = 300;

/// Which commons.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// A commons elsewhere, and who the user is there. Without any of these it is the commons on this machine
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Where everything is kept.
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

impl PlaceArgs {
    /// Whether a commons elsewhere is named.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let who = &self.who;
        who.endpoint.is_some()
            || !who.credentials.is_empty()
            || who.profile.is_some()
            || who.anonymous
            || environment::endpoint().is_some()
    }

    /// The commons that is named, or else the one that runs on this machine, with its administrator's key.
    ///
    /// # Errors
    /// When there is none, or the credentials are not taken.
    pub(crate) async fn open(&self) -> anyhow::Result<Place> {
        if self.is_elsewhere() {
            let who = self.who.find().await?;
            let home = who.home.ok_or_else(|| {
                let told = "name the commons by --credentials FILE, --profile NAME or --endpoint URL";
                Failure::Prerequisite(told.to_owned())
            })?;
            return Place::new(home, Client::builder());
        }
        let state = State::existing(&self.state.folder)?;
        let Some(run) = state.running()? else {
            let told = format!(
                "no commons runs on {}; start it with `commons up`, or name one by --endpoint URL",
                state.folder().display()
            );
            return Err(Failure::Prerequisite(told).into());
        };
        let unusable = |error: transfer::TransferError| Failure::Prerequisite(error.to_string());
        let key = Credentials::read(&state.path("credentials.json")).map_err(unusable)?;
        let retries = Retries { times: 3, first: Duration::from_millis(500) };
        let commons = Commons::on_this_machine(run.local_address(), Some(key), retries).map_err(unusable)?;
        // Its own certificate is for the public name, and a proxy is for the world outside.
        Place::new(
            std::sync::Arc::new(commons),
            Client::builder().no_proxy().tls_danger_accept_invalid_certs(true),
        )
    }
}

/// A commons over HTTP.
pub(crate) struct Place {
    commons: std::sync::Arc<Commons>,
    client: Client,
}

impl Place {
    fn new(commons: std::sync::Arc<Commons>, builder: reqwest::ClientBuilder) -> anyhow::Result<Self> {
        let builder = builder.connect_timeout(CONNECT).timeout(LONGEST);
        let client = builder.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { commons, client })
    }

    /// Sends a request; its answer may have any status.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Response> {
        let url = format!("{}{path}", self.commons.address().as_str().trim_end_matches('/'));
        let token = self.commons.access_token().await;
        let token = token.map_err(|error| Failure::Prerequisite(error.to_string()))?;
        let mut request = self.client.request(method, &url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        body(request).send().await.map_err(|error| {
            let told = format!("{} does not answer: {}", self.commons.address(), causes(&error));
            Failure::Prerequisite(told).into()
        })
    }

    /// JSON of a path.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        read(path, self.send(Method::GET, path, |request| request).await?).await
    }

    /// JSON for a JSON body.
    ///
    /// # Errors
    /// When the answer is not one of success.
    pub(crate) async fn send_json(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let text = body.to_string();
        let with_body = |request: RequestBuilder| request.header(CONTENT_TYPE, "application/json").body(text);
        read(path, self.send(method, path, with_body).await?).await
    }
}

fn causes(error: &reqwest::Error) -> String {
    let mut told = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        told.push(next.to_string());
        cause = next.source();
    }
    told.pop().unwrap_or_else(|| "no connection".to_owned())
}

async fn read(path: &str, answer: Response) -> anyhow::Result<Value> {
    let status = answer.status();
    let text = limited(answer).await?;
    if !status.is_success() {
        return Err(refused(path, status, &text));
    }
    serde_json::from_slice(&text)
        .map_err(|_| anyhow::anyhow!("{path}: the answer is no JSON; is this address a Gen3 commons?"))
}

/// The body of an answer.
///
/// # Errors
/// When it is too large or cut off.
pub(crate) async fn limited(mut answer: Response) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        anyhow::ensure!(text.len() + piece.len() <= MOST, "an answer has more than {MOST} bytes");
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

/// What an answer without success means.
pub(crate) fn refused(path: &str, status: StatusCode, text: &[u8]) -> anyhow::Error {
    let json: Option<Value> = serde_json::from_slice(text).ok();
    let told = json.as_ref().and_then(|json| {
        ["message", "error", "detail"].iter().find_map(|name| json.get(name)?.as_str().map(str::to_owned))
    });
    let told = told.unwrap_or_default().chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>();
    let remedy = match status {
        StatusCode::UNAUTHORIZED => "; name an API key with --credentials FILE",
        StatusCode::FORBIDDEN => "; the right is missing there",
        _ => "",
    };
    let colon = if told.is_empty() { "" } else { ": " };
    anyhow::anyhow!("{path}: the answer was {status}{colon}{told}{remedy}")
}
