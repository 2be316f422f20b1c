//! Requests to the commons.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, header::HOST};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{
    error::DemoError,
    request::{answer, checked, join, origin, unreachable},
    token::TokenSource,
};

const TIMEOUT: Duration = Duration::from_secs(300);

/// The public API of a commons, with a login.
pub(super) struct Api {
    base: Url,
    /// The address by which signed URLs may name the commons.
    public: Url,
    client: Client,
    token: String,
}

impl Api {
    /// Logs in at the commons at `base_url`, which others know as `public_url`.
    pub(super) async fn connect(
        base_url: &str,
        public_url: &str,
        tokens: impl TokenSource,
    ) -> Result<Self, DemoError> {
        let (base, public) = (origin(base_url)?, origin(public_url)?);
        let mut client = Client::builder().timeout(TIMEOUT);
        if web::is_loopback(&base) {
            // A proxy of the environment is for the world outside.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| unreachable("connecting", error))?;
        let token = tokens.access_token(&base, &client).await?;
        Ok(Self { base, public, client, token })
    }

    /// GET of a path.
    pub(super) async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T, DemoError> {
        answer(what, self.request(Method::GET, path)?).await
    }

    /// POST of a JSON body.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, DemoError> {
        answer(what, self.request(Method::POST, path)?.json(body)).await
    }

    /// PUT of a JSON body.
    pub(super) async fn put(
        &self,
        what: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, DemoError> {
        answer(what, self.request(Method::PUT, path)?.json(body)).await
    }

    /// PUT of a file to a signed URL, which is a secret for as long as it is valid.
    pub(super) async fn put_bytes(
        &self,
        what: &str,
        signed_url: &str,
        bytes: Vec<u8>,
    ) -> Result<(), DemoError> {
        let request = match through(&self.base, &self.public, signed_url) {
            // The signature covers the host, so that is named as everybody names it.
            Some((url, host)) => self.client.put(url).header(HOST, host),
            None => self.client.put(signed_url),
        };
        checked(what, request.body(bytes)).await.map(drop)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, DemoError> {
        Ok(self.client.request(method, join(&self.base, path)?).bearer_auth(&self.token))
    }
}

/// The address at `base` of a signed URL of `public`, and the host that the request must name; none for a URL
/// that leads elsewhere, or when both are the same.
fn through(base: &Url, public: &Url, signed_url: &str) -> Option<(Url, String)> {
    let signed = Url::parse(signed_url).ok()?;
    if signed.origin() != public.origin() || base.origin() == public.origin() {
        return None;
    }
    let host = signed.host_str()?;
    let host = signed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut url = base.clone();
    url.set_path(signed.path());
    url.set_query(signed.query());
    Some((url, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_urls_of_the_public_address_go_through_the_local_one_with_the_public_host() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (base, public) = (url("http://127.0.0.1:8080"), url("https://commons.example.org"));
        let signed = "https://commons.example.org/bucket/a%20b?X-Amz-Signature=1";
        let (to, host) = through(&base, &public, signed).unwrap();
        assert_eq!(to.as_str(), "http://127.0.0.1:8080/bucket/a%20b?X-Amz-Signature=1");
        assert_eq!(host, "commons.example.org");
        assert_eq!(through(&base, &public, "http://127.0.0.1:9000/bucket/a?X-Amz-Signature=1"), None);
        assert_eq!(through(&public, &public, signed), None);
    }
}
