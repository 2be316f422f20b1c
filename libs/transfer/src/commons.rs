//! A commons, as a client sees it: its address, who the user is there, and calls that are tried again.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method, Response, StatusCode, header::LOCATION, redirect::Policy};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use crate::{
    clients::{built, client},
    credentials::{Credentials, claims},
    error::TransferError,
    identifiers::in_part,
    retry::{Retries, retry_after},
};

const TIMEOUT: Duration = Duration::from_secs(120);
/// Largest answer that is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// A token that is younger is not renewed because of a refusal: then it is the right that is missing.
const FRESH: Duration = Duration::from_secs(30);
/// A token is renewed so long before its end.
const BEFORE_END: Duration = Duration::from_secs(60);
/// What the token of an unknown life is taken for.
const UNKNOWN_LIFE: Duration = Duration::from_secs(600);
/// The original answers a refusal that clients know by its words only.
const NO_LOCATION: &str = "Can't find a location for the data";
const RENEW: &str = "; the access token may have ended, or the right is missing";
const LOG_IN: &str = "; name an API key with --credentials FILE";

/// Where access tokens come from.
enum Source {
    Nobody,
    Own(Credentials),
    /// The workspace token service of another commons, at which the user has linked this one.
    Workspace {
        home: Arc<Commons>,
        idp: String,
    },
}

struct Token {
    text: String,
    made: Instant,
    life: Duration,
}

/// A commons and who the user is there.
pub struct Commons {
    base: Url,
    client: Client,
    source: Source,
    token: Mutex<Option<Token>>,
    retries: Retries,
}

impl std::fmt::Debug for Commons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Commons({})", self.base)
    }
}

/// The origin of an address.
///
/// # Errors
/// When it is not the address of a server.
pub fn origin(address: &str) -> Result<Url, TransferError> {
    let told = || {
        TransferError::Unusable(format!(
            "{address:?} is not the address of a commons, such as https://gen3.example.org"
        ))
    };
    let with_scheme = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    let mut url = Url::parse(&with_scheme).map_err(|_| told())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || !url.username().is_empty() {
        return Err(told());
    }
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

impl Commons {
    /// The commons at an address; only its origin counts, as with the other Gen3 clients. Nothing is sent
    /// yet.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(
        address: &str,
        credentials: Option<Credentials>,
        retries: Retries,
    ) -> Result<Self, TransferError> {
        let source = credentials.map_or(Source::Nobody, Source::Own);
        Self::made(origin(address)?, source, retries)
    }

    /// As [`Commons::new`], for the one that runs on this machine: its certificate is for its public name, so
    /// that any is taken, and no proxy is between.
    ///
    /// # Errors
    /// As for [`Commons::new`].
    pub fn on_this_machine(
        address: &str,
        credentials: Option<Credentials>,
        retries: Retries,
    ) -> Result<Self, TransferError> {
        let commons = Self::new(address, credentials, retries)?;
        let builder = client(&commons.base, Policy::none()).no_proxy();
        let client = built(builder.tls_danger_accept_invalid_certs(true))?;
        Ok(Self { client, ..commons })
    }

    /// Another commons, with tokens from the workspace token service of this one.
    pub(crate) fn linked(home: &Arc<Self>, base: Url, idp: String) -> Result<Self, TransferError> {
        Self::made(base, Source::Workspace { home: home.clone(), idp }, home.retries)
    }

    fn made(base: Url, source: Source, retries: Retries) -> Result<Self, TransferError> {
        // A token goes to the commons only, so that redirects are not followed but told.
        let client = built(client(&base, Policy::none()))?;
        Ok(Self { base, client, source, token: Mutex::new(None), retries })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.base
    }

    /// How failures are tried again.
    pub(crate) fn retries(&self) -> Retries {
        self.retries
    }

    /// Whether the user has said who they are.
    #[must_use]
    pub fn knows_user(&self) -> bool {
        !matches!(self.source, Source::Nobody)
    }

    /// Asks for an access token, so that wrong credentials are told before anything else is done.
    ///
    /// # Errors
    /// When the commons gives none.
    pub async fn log_in(&self) -> Result<(), TransferError> {
        self.access_token().await.map(drop)
    }

    /// GET of a path; the answer is JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T, TransferError> {
        self.call(what, Method::GET, path, None::<&()>).await
    }

    /// POST of a JSON body; the answer is JSON.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransferError> {
        self.call(what, Method::POST, path, Some(body)).await
    }

    /// As [`Commons::post`], without another try.
    pub(crate) async fn post_once<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, TransferError> {
        parsed(what, &self.once(what, &Method::POST, path, Some(body)).await?)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, TransferError> {
        self.retries.of(async || parsed(what, &self.once(what, &method, path, body).await?)).await
    }

    /// One try; a token that has ended is renewed.
    async fn once(
        &self,
        what: &str,
        method: &Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Vec<u8>, TransferError> {
        let mut is_renewed = false;
        loop {
            let token = self.access_token().await?;
            let mut request = self.client.request(method.clone(), self.join(path)?).timeout(TIMEOUT);
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = request.send().await.map_err(|error| TransferError::unreachable(what, error))?;
            let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
            if is_refused && !is_renewed && self.has_outlived(token.as_deref()).await {
                is_renewed = true;
                continue;
            }
            return checked(what, answer).await.map_err(|error| self.with_remedy(error));
        }
    }

    fn with_remedy(&self, error: TransferError) -> TransferError {
        match error {
            TransferError::Denied { what, status, .. } => {
                let remedy = match self.source {
                    Source::Nobody => LOG_IN,
                    Source::Own(Credentials::AccessToken(_)) => RENEW,
                    Source::Own(Credentials::ApiKey(_)) | Source::Workspace { .. } => "",
                };
                TransferError::Denied { what, status, remedy }
            }
            error => error,
        }
    }

    fn join(&self, path: &str) -> Result<Url, TransferError> {
        let address = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&address).map_err(|_| TransferError::Unusable(format!("{path:?} is no path")))
    }

    /// The access token that counts now, for requests that somebody else sends; it is asked for when there is
    /// none or its end is near. `None` where the user has not said who they are.
    ///
    /// # Errors
    /// When the commons gives none.
    pub async fn access_token(&self) -> Result<Option<String>, TransferError> {
        let mut token = self.token.lock().await;
        if let Some(token) = &*token
            && token.made.elapsed() + BEFORE_END < token.life
        {
            return Ok(Some(token.text.clone()));
        }
        let text = match &self.source {
            Source::Nobody => return Ok(None),
            Source::Own(Credentials::AccessToken(text)) => return Ok(Some(text.clone())),
            Source::Own(Credentials::ApiKey(key)) => self.exchanged(&key.api_key).await?,
            // The homes of a chain would be a circle; a home always has credentials of its own.
            Source::Workspace { home, idp } => Box::pin(home.workspace_token(idp)).await?,
        };
        let life = claims(&text).and_then(|claims| claims.life());
        let life = life.map_or(UNKNOWN_LIFE, |seconds| Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0)));
        *token = Some(Token { text: text.clone(), made: Instant::now(), life });
        Ok(Some(text))
    }

    /// Whether a token that was refused is old enough to be the reason. It is forgotten then, and the next
    /// one is new.
    pub async fn has_outlived(&self, refused: Option<&str>) -> bool {
        let mut token = self.token.lock().await;
        match &*token {
            Some(known) if Some(known.text.as_str()) != refused => true,
            Some(known) if known.made.elapsed() > FRESH => {
                *token = None;
                true
            }
            _ => false,
        }
    }

    /// The access token for an API key.
    async fn exchanged(&self, api_key: &str) -> Result<String, TransferError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            access_token: String,
        }
        let what = format!("logging in at {} with the API key", self.base);
        let url = self.join("/user/credentials/api/access_token")?;
        let answer: Result<Answer, _> = self
            .retries
            .of(async || {
                let request =
                    self.client.post(url.clone()).timeout(TIMEOUT).json(&json!({ "api_key": api_key }));
                let sent = request.send().await.map_err(|error| TransferError::unreachable(&what, error))?;
                parsed(&what, &checked(&what, sent).await?)
            })
            .await;
        match answer {
            Ok(answer) => Ok(answer.access_token),
            Err(TransferError::Denied { what, status, .. }) => {
                let remedy = "; the key may have ended: make a new one on the profile page of the commons";
                Err(TransferError::Denied { what, status, remedy })
            }
            Err(error) => Err(error),
        }
    }

    /// A token of another commons, for which the user is linked here.
    async fn workspace_token(&self, idp: &str) -> Result<String, TransferError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            token: String,
        }
        let what = format!("asking {} for a token of the commons that it calls {idp:?}", self.base);
        let answer: Answer = self.get(&what, &format!("/wts/token/?idp={}", in_part(idp))).await?;
        Ok(answer.token)
    }
}

/// The body of an answer of success.
async fn checked(what: &str, answer: Response) -> Result<Vec<u8>, TransferError> {
    let status = answer.status();
    let after = retry_after(status, answer.headers());
    if status.is_redirection() {
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let to = to.and_then(|to| Url::parse(to).ok()).map(|to| to.origin().ascii_serialization());
        let told = format!("it redirects to {}", to.as_deref().unwrap_or("another path"));
        return Err(TransferError::Refused { what: what.to_owned(), status: status.as_u16(), told, after });
    }
    let body = limited(what, answer).await?;
    if !status.is_success() {
        return Err(TransferError::answered(what, status, after, &String::from_utf8_lossy(&body)));
    }
    Ok(body)
}

async fn limited(what: &str, mut answer: Response) -> Result<Vec<u8>, TransferError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| TransferError::unreachable(what, error))? {
        if body.len() + piece.len() > MAX_ANSWER {
            let reason = format!("it has more than {MAX_ANSWER} bytes");
            return Err(TransferError::Unexpected { what: what.to_owned(), reason });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn parsed<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, TransferError> {
    serde_json::from_slice(body).map_err(|error| {
        if String::from_utf8_lossy(body).contains(NO_LOCATION) {
            return TransferError::NotFound { what: what.to_owned(), told: NO_LOCATION.to_owned() };
        }
        // Without the text of the parser, which may show a part of a signed URL.
        let reason = format!("line {}, column {} is not what the API promises", error.line(), error.column());
        TransferError::Unexpected { what: what.to_owned(), reason }
    })
}

/// The message of an answer that is not of success, for requests to signed URLs.
pub(crate) async fn refusal(what: &str, answer: Response) -> TransferError {
    let status = answer.status();
    let after = retry_after(status, answer.headers());
    let body = limited(what, answer).await.unwrap_or_default();
    TransferError::answered(what, status, after, &String::from_utf8_lossy(&body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_origin_counts() {
        assert_eq!(origin("gen3.example.org").unwrap().as_str(), "https://gen3.example.org/");
        assert_eq!(origin("http://localhost:8080/user?x#y").unwrap().as_str(), "http://localhost:8080/");
        for bad in ["", "ftp://a", "https://", "https://u:p@a.example", "a b"] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
