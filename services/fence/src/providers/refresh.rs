//! Asking a provider again what it says of somebody who has logged in before.

use std::{str::FromStr as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use openidconnect::{AuthType, core::CoreIdToken, http};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::{
    claims::{self, Groups},
    error::ProviderError,
    exchange::{authentication, userinfo, verified},
    issuer::Issuer,
    transport::{self, FetchError},
    vouchers::Vouchers,
};
use crate::config::Endpoints;

/// How a provider says that a refresh token does not count any more.
const GONE: &str = "invalid_grant";

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
}

/// A login that was refreshed. Whoever gets one keeps its refresh token first: the old one may be used up.
pub(crate) struct Refreshed<'i> {
    issuer: &'i Issuer,
    endpoints: Arc<Endpoints>,
    access_token: String,
    id_token: Option<String>,
    /// The next one.
    pub(crate) refresh_token: String,
}

// Written by hand so that no token can reach a log.
impl std::fmt::Debug for Refreshed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refreshed").field("issuer", self.issuer).finish_non_exhaustive()
    }
}

/// Refreshes an earlier login at `issuer`.
///
/// # Errors
/// [`ProviderError::Refused`] when the token does not count any more (`invalid_grant`, RFC 6749 §5.2), and
/// only then: every other refusal is about us or about now, such as a wrong secret or too many requests, and
/// says nothing of the user.
pub(crate) async fn refresh<'i>(
    issuer: &'i Issuer,
    refresh_token: &str,
) -> Result<Refreshed<'i>, ProviderError> {
    let endpoints = issuer.endpoints().await?;
    let tokens = renewed(issuer, &endpoints, refresh_token).await?;
    Ok(Refreshed {
        issuer,
        endpoints,
        access_token: tokens.access_token,
        id_token: tokens.id_token,
        refresh_token: tokens.refresh_token.unwrap_or_else(|| refresh_token.to_owned()),
    })
}

impl Refreshed<'_> {
    /// What the issuer says now of whose data `subject` may read.
    ///
    /// # Errors
    /// When it does not answer, or says it of somebody else.
    pub(crate) async fn vouchers(&self, subject: &str) -> Result<Vouchers, ProviderError> {
        let mut said = self.userinfo(subject).await?;
        said.insert("iss".to_owned(), self.endpoints.issuer.clone().into());
        let vouchers = Vouchers::read(&said, Some(&self.refresh_token));
        vouchers.ok_or_else(|| ProviderError::token(&self.issuer.upstream.idp, "it says too little"))
    }

    /// The groups that the issuer names now for `subject`; none where it says nothing of groups.
    ///
    /// # Errors
    /// As [`vouchers`](Self::vouchers), and for an ID token that cannot be believed.
    pub(crate) async fn groups(&self, subject: &str) -> Result<Option<Groups>, ProviderError> {
        let upstream = &self.issuer.upstream;
        let mut said = Map::new();
        if let Some(text) = &self.id_token {
            let token = CoreIdToken::from_str(text);
            let token = token.map_err(|_| ProviderError::token(&upstream.idp, "it cannot be read"))?;
            said = verified(self.issuer, &self.endpoints, None, &token).await?;
            // OpenID Connect Core §12.2.
            if said.get("sub").and_then(Value::as_str) != Some(subject) {
                return Err(ProviderError::token(&upstream.idp, "it is of somebody else"));
            }
        }
        let may_ask = !upstream.userinfo_address(&self.endpoints).is_empty();
        if !claims::names_groups(upstream, &said) && may_ask {
            said = self.userinfo(subject).await?;
        }
        if claims::names_groups(upstream, &said) { claims::groups_of(upstream, &said) } else { Ok(None) }
    }

    async fn userinfo(&self, subject: &str) -> Result<Map<String, Value>, ProviderError> {
        let address = self.issuer.upstream.userinfo_address(&self.endpoints);
        userinfo(self.issuer, &address, &self.access_token, subject).await
    }
}

async fn renewed(
    issuer: &Issuer,
    endpoints: &Endpoints,
    refresh_token: &str,
) -> Result<Tokens, ProviderError> {
    let upstream = &issuer.upstream;
    let unavailable = |error: FetchError| ProviderError::unavailable(&upstream.idp, error);
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token")
        .append_pair("refresh_token", refresh_token)
        .append_pair("scope", &upstream.scope);
    let mut request = http::Request::post(&endpoints.token_endpoint)
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded");
    let secret = upstream.client_secret.as_str();
    if matches!(authentication(endpoints), AuthType::RequestBody) {
        form.append_pair("client_id", &upstream.client_id).append_pair("client_secret", secret);
    } else {
        // RFC 6749 §2.3.1.
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&upstream.client_id), encoded(secret));
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
    }
    let request = request.body(form.finish().into_bytes()).map_err(|error| unavailable(error.into()))?;
    let answer = transport::ask(&issuer.client, request).await.map_err(unavailable)?;
    if !answer.status().is_success() {
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let word = said.get("error").and_then(Value::as_str);
        if word == Some(GONE) {
            return Err(ProviderError::Refused { idp: upstream.idp.clone(), reason: GONE.to_owned() });
        }
        // Other words of it are not passed on.
        let known = ["invalid_client", "unauthorized_client", "invalid_request", "invalid_scope"];
        let word = word.filter(|word| known.contains(word)).unwrap_or("without a word that is known");
        let text = format!("a refresh is refused with {} ({word})", answer.status().as_u16());
        return Err(ProviderError::unavailable(&upstream.idp, text));
    }
    serde_json::from_slice(answer.body())
        .map_err(|_| ProviderError::token(&upstream.idp, "its answer cannot be read"))
}
