//! The API of a cluster, as far as workspaces need it: JSON over HTTPS with a token.
//!
//! A client library of all of Kubernetes takes longer to compile than everything else here together; four
//! kinds of objects and three verbs need none.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use url::Url;

/// What a pod is given to speak with its cluster.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TIMEOUT: Duration = Duration::from_secs(30);
/// An answer that is longer is none of ours.
const LARGEST: usize = 64 << 20;

/// By what the API is asked.
#[derive(Clone)]
pub enum Token {
    /// The token in this file, which is read each time: it changes every hour.
    File(PathBuf),
    /// This token.
    Fixed(String),
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why the API did not do something.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It said no.
    #[error("the cluster answers {status}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It said nothing of use.
    #[error("the cluster does not answer: {0}")]
    Unavailable(String),
    /// It cannot be asked.
    #[error("{0}")]
    Settings(String),
}

/// The API of a cluster.
#[derive(Debug, Clone)]
pub struct Api {
    base: Url,
    token: Token,
    client: Client,
}

fn settings(what: &str) -> impl Fn(io::Error) -> ApiError + '_ {
    move |error| ApiError::Settings(format!("{what}: {error}; is this a pod with a service account?"))
}

impl Api {
    /// The API at `base`, whose certificate is one of `authorities` (PEM).
    ///
    /// # Errors
    /// For what is no certificate.
    pub fn new(base: Url, token: Token, authorities: &[u8]) -> Result<Self, ApiError> {
        let unusable =
            |error: reqwest::Error| ApiError::Settings(format!("the authorities cannot be used: {error}"));
        let authorities = Certificate::from_pem_bundle(authorities).map_err(unusable)?;
        let client = Client::builder()
            .tls_certs_only(authorities)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(unusable)?;
        Ok(Self { base, token, client })
    }

    /// The cluster in which this program is a pod, and the namespace of the pod.
    ///
    /// # Errors
    /// When it is none.
    pub fn of_pod() -> Result<(Self, String), ApiError> {
        let account = Path::new(ACCOUNT);
        let host = std::env::var("KUBERNETES_SERVICE_HOST").map_err(|_| {
            ApiError::Settings("KUBERNETES_SERVICE_HOST is not set; this is no pod of a cluster".into())
        })?;
        let port = std::env::var("KUBERNETES_SERVICE_PORT").unwrap_or_else(|_| "443".into());
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let base = Url::parse(&format!("https://{host}:{port}")).map_err(|error| {
            ApiError::Settings(format!("the address of the cluster is malformed: {error}"))
        })?;
        let authorities = fs::read(account.join("ca.crt")).map_err(settings("ca.crt"))?;
        let namespace = fs::read_to_string(account.join("namespace")).map_err(settings("namespace"))?;
        let api = Self::new(base, Token::File(account.join("token")), &authorities)?;
        Ok((api, namespace.trim().to_owned()))
    }

    /// Asks for `path`, which may have a query.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ApiError> {
        let token = match &self.token {
            Token::Fixed(token) => token.clone(),
            Token::File(file) => tokio::fs::read_to_string(file).await.map_err(settings("token"))?,
        };
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let mut request = self.client.request(method, url).bearer_auth(token.trim());
        if let Some(body) = body {
            request = request.json(body);
        }
        let unavailable = |error: reqwest::Error| ApiError::Unavailable(error.without_url().to_string());
        let mut answer = request.send().await.map_err(unavailable)?;
        let status = answer.status();
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
            read.extend_from_slice(&chunk);
            if read.len() > LARGEST {
                return Err(ApiError::Unavailable("its answer is too long".into()));
            }
        }
        let value: Value = serde_json::from_slice(&read).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let message = value["message"].as_str().unwrap_or_default().to_owned();
        Err(ApiError::Refused { status: status.as_u16(), message })
    }
}
