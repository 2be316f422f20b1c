//! One question to one of the servers, over HTTP.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Certificate, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect,
};
use search::SearchError;
use serde_json::Value;
use url::Url;

use crate::{
    answer::refusal,
    settings::{Identity, Settings, SettingsError},
    signing::Signer,
};

/// JSON in a body.
pub(crate) const JSON: &str = "application/json";
/// JSON on lines.
pub(crate) const LINES: &str = "application/x-ndjson";
/// Servers and the proxies before them close a connection on which no request begins for a while.
const IDLE: Duration = Duration::from_secs(20);

/// Whether another server may be asked when it is not known what became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Done twice it is as done once.
    Harmless,
    /// Only when no server can have seen it.
    OnlyUnseen,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// With its query, without the slash at the front.
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
    pub(crate) repeat: Repeat,
}

impl Request {
    /// A question without a body.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, kind: JSON, body: Bytes::new(), repeat: Repeat::Harmless }
    }

    /// A question, or a change, with a body of JSON.
    pub(crate) fn json(method: Method, path: String, body: &Value, repeat: Repeat) -> Self {
        Self { method, path, kind: JSON, body: body.to_string().into(), repeat }
    }
}

/// What a server says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    /// What it says, if it is a yes.
    ///
    /// # Errors
    /// It is a no to what was asked of `index`, or is not JSON.
    pub(crate) fn read(&self, index: &str) -> Result<Value, SearchError> {
        if (200..300).contains(&self.status) {
            return serde_json::from_slice(&self.body).map_err(|error| SearchError::Failed(error.into()));
        }
        Err(refusal(self.status, &serde_json::from_slice(&self.body).unwrap_or(Value::Null), index))
    }
}

/// Why one server gives no answer.
enum Fault {
    /// Another one may.
    Silent {
        error: reqwest::Error,
        seen: bool,
    },
    Final(SearchError),
}

/// The servers of a cluster.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    hosts: Vec<Url>,
    next: AtomicUsize,
    signer: Option<Signer>,
    longest: usize,
}

impl Client {
    /// Asks nobody yet, but for credentials of Amazon.
    pub(crate) async fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let mut headers = HeaderMap::new();
        let mut signer = None;
        match &settings.identity {
            Identity::Nobody => {}
            Identity::Basic { user, password } => {
                headers.insert(AUTHORIZATION, secret(&basic(user, password))?);
            }
            Identity::ApiKey(key) => drop(headers.insert(AUTHORIZATION, secret(&format!("ApiKey {key}"))?)),
            Identity::Amazon { settings: amazon, service } => {
                let host = settings.hosts.first().ok_or_else(|| SettingsError::Endpoint("none".into()))?;
                let made = Signer::new(amazon, service, host).await;
                signer = Some(made.map_err(SettingsError::Identity)?);
            }
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .pool_idle_timeout(IDLE);
        if let Some(file) = &settings.ca_file {
            let fault = |cause| SettingsError::Certificates { file: file.clone(), cause };
            let pem = std::fs::read(file).map_err(|error| fault(error.into()))?;
            let trusted = Certificate::from_pem_bundle(&pem).map_err(|error| fault(error.into()))?;
            builder = builder.tls_certs_merge(trusted);
        }
        Ok(Self {
            http: builder.build()?,
            hosts: settings.hosts.clone(),
            next: AtomicUsize::new(0),
            signer,
            longest: settings.longest_answer,
        })
    }

    /// The answer of the server whose turn it is, or of the next that gives one.
    ///
    /// # Errors
    /// None answers; or the answer is too long.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, SearchError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut last = None;
        for turn in 0..self.hosts.len() {
            let host = &self.hosts[(first.wrapping_add(turn)) % self.hosts.len()];
            match self.ask(host, request).await {
                Ok(answer) if turn + 1 < self.hosts.len() && away(answer.status, request.repeat) => {}
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Silent { error, seen }) => {
                    let stop = seen && request.repeat == Repeat::OnlyUnseen;
                    last = Some(error);
                    if stop {
                        break;
                    }
                }
            }
        }
        let cause = last.map(|error| error.into()).unwrap_or_else(|| "there is no server".into());
        Err(SearchError::Unavailable(cause))
    }

    async fn ask(&self, host: &Url, request: &Request) -> Result<Answer, Fault> {
        let url =
            host.join(&request.path).map_err(|error| Fault::Final(SearchError::Failed(error.into())))?;
        let mut headers = HeaderMap::new();
        if let Some(signer) = &self.signer {
            let signed = signer.headers(&request.method, &url, request.kind, &request.body).await;
            headers = signed.map_err(|error| Fault::Final(SearchError::Unavailable(error.into())))?;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.kind));
        let sent = self.http.request(request.method.clone(), url).headers(headers).body(request.body.clone());
        let silent = |error: reqwest::Error| {
            let seen = !error.is_connect();
            Fault::Silent { error: error.without_url(), seen }
        };
        let mut answer = sent.send().await.map_err(silent)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            if body.len() + chunk.len() > self.longest {
                let reason = format!("the answer has more than {} bytes", self.longest);
                return Err(Fault::Final(SearchError::Refused(reason)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body: body.into() })
    }
}

/// Whether a proxy says that there is no server behind it.
fn away(status: u16, repeat: Repeat) -> bool {
    repeat == Repeat::Harmless && matches!(status, 502 | 504)
}

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{user}:{password}"))
    )
}

fn secret(text: &str) -> Result<HeaderValue, SettingsError> {
    let value = HeaderValue::try_from(text);
    let mut value = value.map_err(|_| SettingsError::Identity("it has letters no header can have".into()))?;
    value.set_sensitive(true);
    Ok(value)
}
