//! An issuer: what it says of itself, and its keys. Both are kept for a while, and the keys are read anew
//! when a token names one that we do not know.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use openidconnect::core::CoreJsonWebKeySet;
use tokio::sync::Mutex;
use url::Url;

use super::{
    error::ProviderError,
    pending::{Bindings, Pending},
    transport::{self, WELL_KNOWN},
    upstream::{Source, Upstream},
};
use crate::config::Endpoints;

/// How long what an issuer says counts.
pub(crate) const FRESH: Duration = Duration::from_secs(3600);
/// How long it counts while the issuer does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// How often keys are asked for at most, whatever tokens name.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// What Microsoft writes in place of the organisation that a token is from.
const TENANT: &str = "{tenantid}";

/// What was read, and when.
pub(crate) type Kept<T> = Mutex<Option<(Instant, Arc<T>)>>;

/// An issuer.
pub(crate) struct Issuer {
    pub(crate) upstream: Upstream,
    pub(super) client: reqwest::Client,
    endpoints: Kept<Endpoints>,
    keys: Kept<CoreJsonWebKeySet>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("idp", &self.upstream.idp).finish_non_exhaustive()
    }
}

impl Issuer {
    pub(crate) fn new(upstream: Upstream, client: reqwest::Client) -> Self {
        Self { upstream, client, endpoints: Mutex::default(), keys: Mutex::default() }
    }

    /// Begins a login: what the session must remember, and where the browser is sent.
    ///
    /// `arguments` are those of our login URL.
    ///
    /// # Errors
    /// When the issuer has never said where that is, and does not answer now.
    pub(crate) async fn begin(&self, arguments: &web::Params) -> Result<(Pending, Url), ProviderError> {
        let endpoints = self.endpoints().await?;
        let pending = Pending::new(&self.upstream.idp, self.bindings(&endpoints));
        let mut url = Url::parse(&endpoints.authorization_endpoint)
            .map_err(|error| ProviderError::unavailable(&self.upstream.idp, error))?;
        let mut query = url.query_pairs_mut();
        // The order of the original.
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.upstream.client_id)
            .append_pair("redirect_uri", &self.upstream.redirect_url)
            .append_pair("scope", &self.upstream.scope)
            .append_pair("state", pending.state())
            .append_pair("prompt", "login");
        if let Some(nonce) = &pending.nonce {
            query.append_pair("nonce", nonce);
        }
        if let Some(challenge) = pending.challenge() {
            query
                .append_pair("code_challenge", challenge.as_str())
                .append_pair("code_challenge_method", challenge.method().as_str());
        }
        if let Some(claims) = &self.upstream.asked {
            query.append_pair("claims", claims);
        }
        for (ours, theirs) in self.passed_on() {
            if let Some(value) = arguments.get(ours).filter(|value| !value.is_empty()) {
                query.append_pair(theirs, value);
            }
        }
        drop(query);
        Ok((pending, url))
    }

    /// An issuer that describes itself knows the whole of OpenID Connect, or passes over what it does not
    /// know. One that only our configuration describes gets what it has always got, unless the configuration
    /// says more of it.
    fn bindings(&self, endpoints: &Endpoints) -> Bindings {
        let described = matches!(self.upstream.source, Source::Discovery { .. });
        let announced = endpoints.code_challenge_methods_supported.iter().any(|method| method == "S256");
        Bindings { nonce: described || !endpoints.issuer.is_empty(), pkce: described || announced }
    }

    /// Arguments of our login URL that the issuer gets, with their names there.
    fn passed_on(&self) -> Vec<(&str, &str)> {
        if self.upstream.idp == "fence" {
            return vec![("idp", "idp"), ("shib_idp", "shib_idp")];
        }
        self.upstream.parameters.iter().map(|(ours, theirs)| (ours.as_str(), theirs.as_str())).collect()
    }

    /// What the issuer says of itself.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>, ProviderError> {
        let (url, issuer) = match &self.upstream.source {
            Source::Fixed(endpoints) => return Ok(Arc::new((**endpoints).clone())),
            Source::Discovery { url, issuer } => (url, issuer),
        };
        let read = async {
            let said: Endpoints = transport::get(&self.client, url, None)
                .await
                .map_err(ProviderError::fetch(&self.upstream.idp))?;
            self.checked(said, url, issuer.as_deref())
        };
        kept(&self.endpoints, FRESH, read).await
    }

    /// Whether the document is of the issuer whose address it was read from (OpenID Connect Discovery §4.3),
    /// and says what we need.
    fn checked(&self, said: Endpoints, url: &str, issuer: Option<&str>) -> Result<Endpoints, ProviderError> {
        let wrong = |text: String| ProviderError::unavailable(&self.upstream.idp, text);
        let expected = issuer.or_else(|| url.strip_suffix(WELL_KNOWN));
        let is_same = expected.is_none_or(|expected| {
            let expected = expected.trim_end_matches('/');
            let given = said.issuer.trim_end_matches('/');
            given == expected || is_of_organisations(given, expected)
        });
        if !is_same || said.issuer.is_empty() {
            return Err(wrong(format!(
                "{url} describes the issuer {:?}, and not {:?}; if that is right, name it by \
                 OPENID_CONNECT.{}.issuer",
                said.issuer,
                expected.unwrap_or_default(),
                self.upstream.idp
            )));
        }
        for (name, endpoint) in [
            ("authorization_endpoint", &said.authorization_endpoint),
            ("token_endpoint", &said.token_endpoint),
            ("jwks_uri", &said.jwks_uri),
        ] {
            let is_web = Url::parse(endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_web {
                return Err(wrong(format!("{url} has no address as {name}")));
            }
        }
        Ok(said)
    }

    /// The issuer's keys.
    pub(super) async fn keys(&self, freshness: Freshness) -> Result<Arc<CoreJsonWebKeySet>, ProviderError> {
        let endpoints = self.endpoints().await?;
        let address = self.upstream.jwks_uri.as_ref().unwrap_or(&endpoints.jwks_uri);
        let read = async {
            transport::get(&self.client, address, None)
                .await
                .map_err(ProviderError::fetch(&self.upstream.idp))
        };
        let age = match freshness {
            Freshness::Usual => FRESH,
            Freshness::Now => PATIENCE,
        };
        kept(&self.keys, age, read).await
    }

    /// Under which name it is kept whom the issuer knows: what it calls itself, for all of its organisations
    /// together; or ours for it, where nobody says that.
    pub(crate) fn name(&self, endpoints: &Endpoints) -> String {
        match endpoints.issuer.as_str() {
            "" => format!("idp:{}", self.upstream.idp),
            issuer => issuer.to_owned(),
        }
    }

    /// Claim `iss` of a token that says it is from the organisation `tenant`; `None` where no issuer is
    /// known.
    pub(super) fn expected(endpoints: &Endpoints, tenant: Option<&str>) -> Option<String> {
        let issuer = &endpoints.issuer;
        let is_name = |tenant: &&str| uuid::Uuid::try_parse(tenant).is_ok();
        match tenant.filter(is_name) {
            Some(tenant) if issuer.contains(TENANT) => Some(issuer.replace(TENANT, tenant)),
            _ => Some(issuer.clone()).filter(|issuer| !issuer.is_empty()),
        }
    }
}

/// How old keys may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    Usual,
    /// A token names a key that is not among them.
    Now,
}

/// Microsoft describes the issuers of many organisations in one document.
fn is_of_organisations(given: &str, expected: &str) -> bool {
    ["organizations", "common", "consumers"].iter().any(|all| given.replace(TENANT, all) == expected)
}

/// What was read less than `age` ago, or reads it. While that fails, what was read before counts for longer.
pub(crate) async fn kept<T>(
    kept: &Kept<T>,
    age: Duration,
    read: impl Future<Output = Result<T, ProviderError>>,
) -> Result<Arc<T>, ProviderError> {
    // Those who come meanwhile wait for the same answer.
    let mut kept = kept.lock().await;
    if let Some((when, value)) = &*kept
        && when.elapsed() < age
    {
        return Ok(value.clone());
    }
    match (read.await, &*kept) {
        (Ok(value), _) => {
            let value = Arc::new(value);
            *kept = Some((Instant::now(), value.clone()));
            Ok(value)
        }
        (Err(error), Some((when, value))) if when.elapsed() < STALE => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what an issuer said earlier still counts"
            );
            Ok(value.clone())
        }
        (Err(error), _) => Err(error),
    }
}

/// The issuers of these upstreams, by the last part of their login's path.
pub(crate) fn issuers(
    upstreams: &IndexMap<String, Upstream>,
    client: &reqwest::Client,
) -> IndexMap<String, Issuer> {
    let issuer = |(route, upstream): (&String, &Upstream)| {
        (route.clone(), Issuer::new(upstream.clone(), client.clone()))
    };
    upstreams.iter().map(issuer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_an_organisation_has_its_issuer() {
        let endpoints = Endpoints {
            issuer: "https://login.microsoftonline.com/{tenantid}/v2.0".into(),
            ..Endpoints::default()
        };
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let expected = Issuer::expected(&endpoints, Some(tenant)).unwrap();
        assert_eq!(expected, format!("https://login.microsoftonline.com/{tenant}/v2.0"));
        let forged = Issuer::expected(&endpoints, Some("../evil")).unwrap();
        assert!(forged.contains(TENANT), "nothing but an identifier is put in");
        assert_eq!(Issuer::expected(&Endpoints::default(), None), None);
        assert!(is_of_organisations(
            &endpoints.issuer,
            "https://login.microsoftonline.com/organizations/v2.0"
        ));
    }
}
