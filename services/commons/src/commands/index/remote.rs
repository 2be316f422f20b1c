//! The index of a commons, on this machine or elsewhere, ours or an original one.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::{
    Client, Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;
use tokio::time::sleep;
use transfer::{Commons, Credentials, Retries, TransferError, origin};
use url::Url;

use super::super::environment;
use crate::{
    failure::Failure,
    state::{State, StateArgs},
};

/// So often a request is sent, if the commons or the network fails.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(600);
const CONNECT: Duration = Duration::from_secs(20);

/// Which commons, and who asks.
#[derive(Debug, Clone, Args)]
pub(super) struct RemoteArgs {
    /// The address of the commons, such as https://gen3.example.org. Default: what GEN3_ENDPOINT says, else
    /// the commons on this machine.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// A file with an API key, as the profile page gives it, or with an access token. Default: what
    /// GEN3_API_KEY says (a file, or the key), else, for the commons on this machine, the key of its
    /// administrator.
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub credentials: Option<PathBuf>,
    /// The name of a login of the index, whose password is in the variable COMMONS_INDEX_PASSWORD.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The address of the index itself, if it is not that of the commons with /index behind it.
    #[arg(long, value_name = "PATH", default_value = "/index")]
    pub index_path: String,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

/// A login of the index itself.
struct Login {
    user: String,
    password: String,
}

/// The index, as a client sees it.
pub(super) struct Remote {
    commons: Commons,
    index: String,
    client: Client,
    login: Option<Login>,
}

/// An answer of whatever status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The JSON, if it is some.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the index says went wrong.
    pub(super) fn told(&self) -> String {
        let json = self.json();
        let told = json.as_ref().and_then(|json| json.get("error").or_else(|| json.get("message")));
        match told {
            Some(Value::String(told)) => told.chars().take(300).collect(),
            _ => self.status.canonical_reason().unwrap_or("an unknown error").to_owned(),
        }
    }
}

fn prerequisite(error: TransferError) -> anyhow::Error {
    Failure::Prerequisite(error.to_string()).into()
}

impl RemoteArgs {
    /// # Errors
    /// When no commons runs, or the credentials cannot be read.
    pub(super) fn open(&self) -> anyhow::Result<Remote> {
        let login = self.login()?;
        let key = if login.is_some() { None } else { self.key().map_err(prerequisite)? };
        let endpoint = self.endpoint.clone().or_else(environment::endpoint);
        let is_here = endpoint.is_none();
        let commons = match endpoint {
            Some(endpoint) => self.elsewhere(&endpoint, key).map_err(prerequisite)?,
            None => self.here(key, login.is_some())?,
        };
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        // Its own certificate is for the public name, and a proxy is for the world outside.
        let builder =
            if is_here { builder.no_proxy().tls_danger_accept_invalid_certs(true) } else { builder };
        let index = format!("/{}", self.index_path.trim_matches('/')).trim_end_matches('/').to_owned();
        Ok(Remote { commons, index, client: builder.build()?, login })
    }

    fn login(&self) -> anyhow::Result<Option<Login>> {
        let Some(user) = self.user.clone() else { return Ok(None) };
        let password = std::env::var("COMMONS_INDEX_PASSWORD").map_err(|_| {
            let told = "set the variable COMMONS_INDEX_PASSWORD to the password of --user";
            Failure::Prerequisite(told.to_owned())
        })?;
        Ok(Some(Login { user, password }))
    }

    /// The key that the user has named, or the variable has.
    fn key(&self) -> Result<Option<Credentials>, TransferError> {
        match &self.credentials {
            Some(file) => Credentials::read(file).map(Some),
            None => environment::key(),
        }
    }

    fn elsewhere(&self, endpoint: &str, key: Option<Credentials>) -> Result<Commons, TransferError> {
        let address = origin(endpoint)?;
        let key = self.shown(&address, key)?;
        Commons::new(address.as_str(), key, retries())
    }

    /// The key, if it may be shown there: as with transfers it goes to a commons that has not given it only
    /// if both were named.
    fn shown(&self, address: &Url, key: Option<Credentials>) -> Result<Option<Credentials>, TransferError> {
        let are_named = self.endpoint.is_some() && self.credentials.is_some();
        if key.as_ref().is_some_and(|key| !are_named && !environment::is_of(key, address)) {
            return Err(TransferError::Unusable(format!(
                "{address} has not given the API key; --endpoint {address} with --credentials FILE shows it \
                 there"
            )));
        }
        Ok(key)
    }

    fn here(&self, key: Option<Credentials>, has_login: bool) -> anyhow::Result<Commons> {
        let state = State::existing(&self.state.folder)?;
        let Some(run) = state.running()? else {
            let told = format!(
                "no commons runs on {}; start it with `commons up`, or name one by --endpoint URL",
                state.folder().display()
            );
            return Err(Failure::Prerequisite(told).into());
        };
        let key = match key {
            None if !has_login => {
                Some(Credentials::read(&state.path("credentials.json")).map_err(prerequisite)?)
            }
            key => key,
        };
        Commons::on_this_machine(run.local_address(), key, retries()).map_err(prerequisite)
    }
}

fn retries() -> Retries {
    Retries { times: TRIES - 1, first: FIRST_PAUSE }
}

impl Remote {
    /// The address of the commons.
    pub(super) fn address(&self) -> &Url {
        self.commons.address()
    }

    /// Sends a request to a path of the index. What fails for a while is tried again, and a token that has
    /// ended is renewed.
    ///
    /// # Errors
    /// When there is no answer, or only failures of the other side.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}{}{path}", self.address().as_str().trim_end_matches('/'), self.index);
        let (mut pause, mut renewed) = (FIRST_PAUSE, false);
        for attempt in 1.. {
            let token = self.commons.access_token().await.map_err(prerequisite)?;
            let mut request = self.client.request(method.clone(), &url);
            request = match (&self.login, &token) {
                (Some(Login { user, password }), _) => request.basic_auth(user, Some(password)),
                (_, Some(token)) => request.bearer_auth(token),
                _ => request,
            };
            if let Some((kind, body)) = &body {
                request = request.header(CONTENT_TYPE, *kind).body(body.clone());
            }
            let answered = request.send().await;
            let wait = match answered {
                Ok(answer) => {
                    let status = answer.status();
                    let is_refused = status == StatusCode::UNAUTHORIZED && !renewed;
                    if is_refused && self.commons.has_outlived(token.as_deref()).await {
                        renewed = true;
                        continue;
                    }
                    let asked =
                        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                    if !passes(status) || attempt >= TRIES {
                        let body = answer.bytes().await.context("the answer breaks off")?.to_vec();
                        return Ok(Answer { status, body });
                    }
                    asked.map_or(pause, Duration::from_secs)
                }
                Err(error) if attempt >= TRIES => {
                    return Err(error.without_url())
                        .with_context(|| format!("{} does not answer", self.address()));
                }
                Err(_) => pause,
            };
            sleep(wait.min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        bail!("{} does not answer", self.address())
    }
}

/// Whether a failure may be over in a while.
fn passes(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// A GUID as a part of a path. Its slashes stay, as all clients send them.
pub(super) fn in_path(guid: &str) -> String {
    let mut url = Url::parse("http://x/").expect("invariant: this is an address");
    url.set_path(guid);
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        remote: RemoteArgs,
    }

    fn args(line: &[&str]) -> RemoteArgs {
        Line::try_parse_from([&["index"], line].concat()).unwrap().remote
    }

    #[test]
    fn a_key_follows_no_variable_to_another_commons() {
        // Its issuer is https://own.example/user.
        let key = "e30.eyJpc3MiOiJodHRwczovL293bi5leGFtcGxlL3VzZXIiLCJwdXIiOiJhcGlfa2V5In0.c2ln";
        let own = || Credentials::from_text(key);
        let at = |address: &str| origin(address).unwrap();
        let named = args(&["--endpoint", "https://other.example", "--credentials", "key.json"]);
        assert!(named.shown(&at("other.example"), own()).unwrap().is_some());
        // What is not on the command line is a variable.
        for line in [&["--endpoint", "https://other.example"][..], &["--credentials", "key.json"], &[]] {
            let told = args(line).shown(&at("other.example"), own()).unwrap_err().to_string();
            assert!(told.contains("other.example/ has not given the API key"), "{told}");
            assert!(args(line).shown(&at("own.example"), own()).unwrap().is_some());
            assert!(args(line).shown(&at("other.example"), None).unwrap().is_none());
        }
    }
}
