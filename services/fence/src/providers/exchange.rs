//! A code becomes claims: the code is exchanged for tokens, and the ID token is verified.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, IdTokenVerifier, IssuerUrl,
    JsonWebKeySet, Nonce, OAuth2TokenResponse as _, RedirectUrl, RequestTokenError,
    SignatureVerificationError, TokenResponse as _, TokenUrl,
    core::{
        CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet,
        CoreJwsSigningAlgorithm, CoreTokenResponse,
    },
};
use serde_json::{Map, Value};

use super::{
    claims::{self, Person, Renewal},
    error::ProviderError,
    issuer::{Freshness, Issuer},
    pending::Pending,
    transport::{self, FetchError},
    vouchers::Vouchers,
};
use crate::config::Endpoints;

/// By how much the issuer's clock may differ from ours.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// Signatures that can be verified by a public key. Others are never accepted, whatever an issuer says.
pub(crate) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Who has logged in, by the code that the browser brought back, and by `sender` if it says who sent it
/// (RFC 9207).
///
/// # Errors
/// When the issuer does not take the code or does not answer, and when its token cannot be believed or says
/// too little.
pub(crate) async fn person(
    issuer: &Issuer,
    pending: &Pending,
    code: &str,
    sender: Option<&str>,
) -> Result<Person, ProviderError> {
    let endpoints = issuer.endpoints().await?;
    let idp = &issuer.upstream.idp;
    let known = &endpoints.issuer;
    if !known.is_empty() && sender.is_some_and(|sender| sender != known) {
        return Err(ProviderError::token(idp, "the answer is another issuer's"));
    }
    let answer = exchange(issuer, &endpoints, pending, code).await?;
    let token = answer.id_token().ok_or_else(|| ProviderError::token(idp, "there is none"))?;
    let mut claims = verified(issuer, &endpoints, pending.nonce.as_deref(), token).await?;
    // How somebody has proven who they are counts as it is signed, and not from elsewhere.
    let second_factor = claims::second_factor_of(&issuer.upstream, &claims);
    complete(issuer, &endpoints, answer.access_token().secret(), &mut claims).await?;
    let refresh_token = answer.refresh_token().map(|token| token.secret().as_str());
    let vouchers = issuer.upstream.userinfo.as_ref().and_then(|_| Vouchers::read(&claims, refresh_token));
    let renewal = issuer
        .upstream
        .groups
        .as_ref()
        .and_then(|_| Renewal::of(issuer.name(&endpoints), &claims, refresh_token?));
    Ok(Person { second_factor, vouchers, renewal, ..claims::read(&issuer.upstream, &claims)? })
}

async fn exchange(
    issuer: &Issuer,
    endpoints: &Endpoints,
    pending: &Pending,
    code: &str,
) -> Result<CoreTokenResponse, ProviderError> {
    let upstream = &issuer.upstream;
    let unusable = |error| ProviderError::unavailable(&upstream.idp, error);
    // This client only asks for tokens; whose tokens count is the verifier's to say.
    let nobody = IssuerUrl::new("https://issuer.invalid".into()).map_err(unusable)?;
    let mut client =
        CoreClient::new(ClientId::new(upstream.client_id.clone()), nobody, JsonWebKeySet::new(Vec::new()))
            .set_token_uri(TokenUrl::new(endpoints.token_endpoint.clone()).map_err(unusable)?)
            .set_redirect_uri(RedirectUrl::new(upstream.redirect_url.clone()).map_err(unusable)?)
            .set_auth_type(authentication(endpoints));
    if !upstream.client_secret.as_str().is_empty() {
        client = client.set_client_secret(ClientSecret::new(upstream.client_secret.as_str().to_owned()));
    }
    let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
    if let Some(verifier) = pending.verifier() {
        request = request.set_pkce_verifier(verifier);
    }
    let send = |request| transport::ask(&issuer.client, request);
    request.request_async(&send).await.map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) => {
            ProviderError::Refused { idp: upstream.idp.clone(), reason: reason(refusal.error()) }
        }
        RequestTokenError::Request(error) => ProviderError::unavailable(&upstream.idp, error),
        // The answer itself may hold tokens and is not passed on, nor is what is said of it.
        RequestTokenError::Parse(..) => ProviderError::token(&upstream.idp, "it cannot be read"),
        RequestTokenError::Other(text) => ProviderError::unavailable(&upstream.idp, text),
    })
}

/// A word of the issuer, if it is one of those that exist; it goes to the browser.
fn reason(word: &CoreErrorResponseType) -> String {
    match word {
        CoreErrorResponseType::Extension(_) => "for a reason of its own".to_owned(),
        known => known.as_ref().to_owned(),
    }
}

/// By Basic, unless the issuer only takes the secret in the body.
pub(super) fn authentication(endpoints: &Endpoints) -> AuthType {
    let methods = &endpoints.token_endpoint_auth_methods_supported;
    let takes = |name: &str| methods.iter().any(|method| method == name);
    if takes("client_secret_post") && !takes("client_secret_basic") {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// The claims of an ID token that the issuer has signed for us, and for this login if it has a `nonce`.
pub(super) async fn verified(
    issuer: &Issuer,
    endpoints: &Endpoints,
    nonce: Option<&str>,
    token: &CoreIdToken,
) -> Result<Map<String, Value>, ProviderError> {
    let idp = &issuer.upstream.idp;
    let text = token.to_string();
    let unverified: Map<String, Value> =
        tokens::unverified(&text).ok_or_else(|| ProviderError::token(idp, "it is none"))?;
    let tenant = unverified.get("tid").and_then(Value::as_str);
    let expected = Issuer::expected(endpoints, tenant);
    let check =
        |keys: &CoreJsonWebKeySet| believe(issuer, endpoints, nonce, token, expected.as_deref(), keys);
    let known = issuer.keys(Freshness::Usual).await?;
    let outcome = match check(&known) {
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        )) => {
            let now = issuer.keys(Freshness::Now).await?;
            check(&now)
        }
        outcome => outcome,
    };
    outcome.map_err(|error| ProviderError::token(idp, error))?;
    // The same token, now with all of its claims.
    Ok(unverified)
}

fn believe(
    issuer: &Issuer,
    endpoints: &Endpoints,
    sent: Option<&str>,
    token: &CoreIdToken,
    expected: Option<&str>,
    keys: &CoreJsonWebKeySet,
) -> Result<(), ClaimsVerificationError> {
    let client_id = ClientId::new(issuer.upstream.client_id.clone());
    let url = expected.unwrap_or("https://issuer.invalid").to_owned();
    let url =
        IssuerUrl::new(url).map_err(|error| ClaimsVerificationError::InvalidIssuer(error.to_string()))?;
    let verifier = IdTokenVerifier::new_public_client(client_id.clone(), url, keys.clone())
        .set_allowed_algs(algorithms(endpoints))
        .require_issuer_match(expected.is_some())
        // Whether we are meant among several is said by `azp`, below.
        .set_other_audience_verifier_fn(|_| true)
        .set_time_fn(|| Utc::now() - SKEW)
        .set_issue_time_verifier_fn(issued_already);
    let nonce = |given: Option<&Nonce>| match (sent, given) {
        (None, _) => Ok(()),
        (Some(sent), Some(given)) if given.secret() == sent => Ok(()),
        (Some(_), _) => Err("the nonce is not that of this login".to_owned()),
    };
    let claims: &CoreIdTokenClaims = token.claims(&verifier, nonce)?;
    let is_ours = match claims.authorized_party() {
        Some(party) => party == &client_id,
        None => claims.audiences().len() == 1,
    };
    if is_ours {
        Ok(())
    } else {
        Err(ClaimsVerificationError::InvalidAudience("it was made for another client".into()))
    }
}

fn issued_already(when: DateTime<Utc>) -> Result<(), String> {
    if when > Utc::now() + SKEW { Err("it is from the future".into()) } else { Ok(()) }
}

/// The algorithms that both the issuer and we know; RS256 where it says nothing (OpenID Connect Core §15.1).
fn algorithms(endpoints: &Endpoints) -> Vec<CoreJwsSigningAlgorithm> {
    let said = &endpoints.id_token_signing_alg_values_supported;
    if said.is_empty() {
        return vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256];
    }
    let name = |algorithm: &CoreJwsSigningAlgorithm| {
        serde_json::to_value(algorithm).ok().and_then(|name| name.as_str().map(str::to_owned))
    };
    ALGORITHMS.into_iter().filter(|known| name(known).is_some_and(|name| said.contains(&name))).collect()
}

/// Many issuers put little into the ID token and say the rest at another address (OpenID Connect Core
/// §5.3). They are asked only if a claim is missing that counts, and where visas are said there alone.
async fn complete(
    issuer: &Issuer,
    endpoints: &Endpoints,
    access_token: &str,
    claims: &mut Map<String, Value>,
) -> Result<(), ProviderError> {
    let upstream = &issuer.upstream;
    let is_enough = upstream.userinfo.is_none()
        && claims::read(upstream, claims).is_ok()
        && claims::names_groups(upstream, claims);
    let address = upstream.userinfo_address(endpoints);
    if is_enough || address.is_empty() {
        return Ok(());
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    for (name, value) in userinfo(issuer, &address, access_token, subject).await? {
        claims.entry(name).or_insert(value);
    }
    Ok(())
}

/// What the issuer says of `subject` to whoever has an access token of theirs.
pub(super) async fn userinfo(
    issuer: &Issuer,
    address: &str,
    access_token: &str,
    subject: &str,
) -> Result<Map<String, Value>, ProviderError> {
    let asked = transport::get(&issuer.client, address, Some(access_token)).await;
    let said: Map<String, Value> =
        asked.map_err(|error: FetchError| ProviderError::unavailable(&issuer.upstream.idp, error))?;
    if said.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(ProviderError::token(&issuer.upstream.idp, "its userinfo is of somebody else"));
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signatures_by_public_keys_count() {
        let of = |names: &[&str]| {
            algorithms(&Endpoints {
                id_token_signing_alg_values_supported: names.iter().map(|name| (*name).to_owned()).collect(),
                ..Endpoints::default()
            })
        };
        assert_eq!(of(&[]), [CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256]);
        assert_eq!(of(&["HS256", "none"]), []);
        assert_eq!(
            of(&["ES256", "HS256", "PS256"]),
            [CoreJwsSigningAlgorithm::RsaSsaPssSha256, CoreJwsSigningAlgorithm::EcdsaP256Sha256]
        );
    }

    #[test]
    fn the_secret_goes_where_the_issuer_takes_it() {
        let of = |names: &[&str]| {
            authentication(&Endpoints {
                token_endpoint_auth_methods_supported: names.iter().map(|name| (*name).to_owned()).collect(),
                ..Endpoints::default()
            })
        };
        assert!(matches!(of(&[]), AuthType::BasicAuth));
        assert!(matches!(of(&["client_secret_post"]), AuthType::RequestBody));
        assert!(matches!(of(&["client_secret_post", "client_secret_basic"]), AuthType::BasicAuth));
    }
}
