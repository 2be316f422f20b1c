//! The issuers of a configuration, with what is known of each kind.

use indexmap::IndexMap;

use super::{
    groups::{GroupClaim, groups},
    synapse::{self, SYNAPSE},
};
use crate::config::{ClientSecret, Config, Endpoints, Provider, SecondFactorClaim};

/// A proxy in front of fence speaks it, and fence believes the proxy.
pub(crate) const SHIBBOLETH: &str = "shibboleth";

/// The Researcher Auth Service of the NIH, which vouches for whose data its users may read.
pub(crate) const RAS: &str = "ras";
/// Its other names of users.
const NAMES_AT_RAS: [&str; 3] = ["UserID", "userid", "preferred_username"];

/// An issuer through which users can log in.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    /// Its name in the configuration, and of the identity provider of its users.
    pub(crate) idp: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: ClientSecret,
    /// Where it sends browsers back to.
    pub(crate) redirect_url: String,
    pub(crate) scope: String,
    pub(crate) source: Source,
    pub(crate) names: ClaimNames,
    pub(crate) emails: Emails,
    /// Claims that it is asked for one by one (OpenID Connect Core §5.5).
    pub(super) asked: Option<String>,
    /// Where its keys are, where that is not where it says.
    pub(super) jwks_uri: Option<String>,
    /// Arguments of our login URL that are passed on, and under which names.
    pub(crate) parameters: IndexMap<String, String>,
    /// Whether it registers its users.
    pub(crate) registers: bool,
    /// Where it names the groups of its users, if they count.
    pub(crate) groups: Option<GroupClaim>,
    /// How long it can be asked for them again where its refresh tokens do not say it, in seconds.
    pub(crate) renewable: Option<i64>,
    /// How it says that somebody has shown a second factor, if it does.
    pub(crate) second_factor: Option<SecondFactorClaim>,
    /// Below its own address, where it says of whom it vouches for, if it does; empty for where it says
    /// everything else.
    pub(crate) userinfo: Option<String>,
}

impl Upstream {
    /// Where it says more of a user.
    pub(super) fn userinfo_address(&self, endpoints: &Endpoints) -> String {
        match self.userinfo.as_deref().filter(|path| !path.is_empty()) {
            Some(path) if !endpoints.issuer.is_empty() => {
                format!("{}/{}", endpoints.issuer.trim_end_matches('/'), path.trim_start_matches('/'))
            }
            _ => endpoints.userinfo_endpoint.clone(),
        }
    }
}

/// Where an issuer's description comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From itself, at this address; `issuer` is set where it says something else than its address does.
    Discovery { url: String, issuer: Option<String> },
    /// From our configuration.
    Fixed(Box<Endpoints>),
}

/// Which claims say what. A name with dots is a path.
#[derive(Debug, Clone)]
pub(crate) struct ClaimNames {
    pub(crate) username: String,
    /// Others that name users, where the first is missing.
    pub(crate) or: &'static [&'static str],
    /// What is written behind the name of a user.
    pub(crate) suffix: &'static str,
    /// Claims that make the user's name for people together, where it is taken over.
    pub(crate) display: &'static [&'static str],
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) firstname: String,
    pub(crate) lastname: String,
    pub(crate) organization: String,
}

/// When an address for mail may name a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emails {
    /// When the issuer says that it has verified it.
    Verified,
    /// Unless the issuer says that it has not: some never say anything of it.
    NotUnverified,
    /// Always.
    Assumed,
    /// As `Verified`; and without one that is verified, nobody comes in, however users are named.
    Demanded,
}

/// What is known of a kind of provider before anything is configured.
struct Kind {
    discovery_url: &'static str,
    scope: &'static str,
    username: &'static str,
    emails: Emails,
}

fn kind(idp: &str) -> Kind {
    let generic = Kind { discovery_url: "", scope: "openid", username: "sub", emails: Emails::Verified };
    let by_email = Kind { scope: "openid email", username: "email", ..generic };
    match idp {
        "google" => {
            Kind { discovery_url: "https://accounts.google.com/.well-known/openid-configuration", ..by_email }
        }
        "microsoft" => Kind {
            discovery_url: "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration",
            emails: Emails::NotUnverified,
            ..by_email
        },
        "okta" => Kind { emails: Emails::NotUnverified, ..by_email },
        "cognito" => by_email,
        "orcid" => Kind { discovery_url: "https://orcid.org/.well-known/openid-configuration", ..generic },
        "cilogon" => Kind {
            discovery_url: "https://cilogon.org/.well-known/openid-configuration",
            scope: "openid email profile",
            ..generic
        },
        "fence" => Kind { username: "context.user.name", ..generic },
        SYNAPSE => Kind { username: "userid", emails: Emails::Demanded, ..generic },
        RAS => Kind {
            discovery_url: "https://sts.nih.gov/.well-known/openid-configuration",
            scope: "openid email profile ga4gh_passport_v1",
            username: "username",
            ..generic
        },
        _ => generic,
    }
}

/// The last part of the path of an identity provider's login.
pub(crate) fn route(idp: &str) -> String {
    match idp {
        SHIBBOLETH => "shib".to_owned(),
        other => other.to_lowercase(),
    }
}

/// The issuers that can be used, by the last part of their login's path. What is configured and cannot be
/// used is told, loudly.
pub(crate) fn upstreams(config: &Config) -> IndexMap<String, Upstream> {
    let mut found = IndexMap::new();
    for (idp, provider) in &config.openid_connect {
        if provider.client_id.is_empty() || idp == SHIBBOLETH {
            continue;
        }
        match upstream(config, idp, provider) {
            Ok(upstream) => drop(found.insert(route(idp), upstream)),
            Err(reason) => tracing::warn!(login.idp = idp, reason, "nobody can log in by this provider"),
        }
    }
    found
}

fn upstream(config: &Config, idp: &str, provider: &Provider) -> Result<Upstream, &'static str> {
    let kind = kind(idp);
    let is_synapse = idp == SYNAPSE;
    let last = if idp == RAS { "callback" } else { "login" };
    let own = format!("{}/login/{}/{last}", config.base_url, route(idp));
    let names = ClaimNames {
        username: first([provider.user_id_field.as_str(), kind.username]),
        or: if idp == RAS && provider.user_id_field.is_empty() { &NAMES_AT_RAS } else { &[] },
        suffix: if is_synapse { synapse::SUFFIX } else { "" },
        display: if is_synapse { &synapse::DISPLAY_NAME } else { &[] },
        email: first([
            provider.email_field.as_str(),
            &provider.email_claim_field,
            if idp == "fence" { "context.user.email" } else { "email" },
        ]),
        id: first([provider.id_from_idp_field.as_str(), "sub"]),
        firstname: first([provider.firstname_claim_field.as_str(), "firstname"]),
        lastname: first([provider.lastname_claim_field.as_str(), "lastname"]),
        organization: first([provider.organization_claim_field.as_str(), "org"]),
    };
    Ok(Upstream {
        idp: idp.to_owned(),
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        redirect_url: first([provider.redirect_url.as_str(), &provider.client_kwargs.redirect_uri, &own]),
        scope: first([provider.scope.as_str(), &provider.client_kwargs.scope, kind.scope]),
        source: source(idp, provider, &kind, config)?,
        asked: is_synapse.then(|| synapse::asked(&config.synapse)),
        jwks_uri: config.synapse.synapse_jwks_uri.clone().filter(|url| is_synapse && !url.is_empty()),
        names,
        emails: if provider.assume_emails_verified.is_on() { Emails::Assumed } else { kind.emails },
        parameters: provider.authorization_url_param_map.clone(),
        registers: provider.enable_idp_users_registration.is_on(),
        groups: if is_synapse { synapse::groups(&config.synapse)? } else { groups(provider)? },
        renewable: provider.default_refresh_token_exp,
        second_factor: second_factor(idp, provider),
        userinfo: (idp == RAS).then(|| config.visas.ras_userinfo_endpoint.clone()),
    })
}

/// Only two claims say how somebody has proven who they are (OpenID Connect Core §2). By any other, nobody
/// has shown a second factor.
fn second_factor(idp: &str, provider: &Provider) -> Option<SecondFactorClaim> {
    let info = &provider.multifactor_auth_claim_info;
    if info.claim.is_empty() {
        return None;
    }
    if !matches!(info.claim.as_str(), "acr" | "amr") {
        tracing::warn!(
            login.idp = idp,
            claim.name = info.claim,
            "multifactor_auth_claim_info names neither acr nor amr: nobody is taken to have a second factor"
        );
        return Some(SecondFactorClaim { values: Vec::new(), ..info.clone() });
    }
    Some(info.clone())
}

fn source(idp: &str, provider: &Provider, kind: &Kind, config: &Config) -> Result<Source, &'static str> {
    let issuer = Some(provider.issuer.clone()).filter(|issuer| !issuer.is_empty());
    let mut fixed = provider.discovery.clone();
    let mut url = provider.discovery_url.clone();
    if let Some(issuer) = &issuer {
        fixed.issuer.clone_from(issuer);
    }
    if idp == "fence" && url.is_empty() {
        let base = provider.api_base_url.trim_end_matches('/');
        if base.is_empty() {
            return Err("api_base_url is missing");
        }
        let at = |given: &str, path: &str| first([given, &format!("{base}{path}")]);
        fixed.issuer = first([fixed.issuer.as_str(), base]);
        fixed.authorization_endpoint = at(&provider.authorize_url, "/oauth2/authorize");
        fixed.token_endpoint = at(&provider.access_token_url, "/oauth2/token");
        fixed.jwks_uri = at(&fixed.jwks_uri, "/.well-known/jwks");
    }
    // Its own word counts; what is written in the configuration is for one that says nothing.
    if url.is_empty() {
        let needed = [&fixed.authorization_endpoint, &fixed.token_endpoint, &fixed.jwks_uri];
        if needed.iter().all(|endpoint| !endpoint.is_empty()) {
            return Ok(Source::Fixed(Box::new(fixed)));
        }
        url = if idp == SYNAPSE {
            synapse::discovery_url(&config.synapse)
        } else {
            kind.discovery_url.to_owned()
        };
    }
    if url.is_empty() || url.contains(['{', '}']) {
        return Err("discovery_url is missing");
    }
    Ok(Source::Discovery { url, issuer })
}

/// The first of `texts` that is not empty.
fn first<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(openid_connect: serde_json::Value) -> IndexMap<String, Upstream> {
        let document = json!({ "BASE_URL": "https://c.example/user", "OPENID_CONNECT": openid_connect });
        upstreams(&Config::from_document(&document).unwrap())
    }

    #[test]
    fn each_kind_has_its_own_claims_and_addresses() {
        let found = found(json!({
            "google": {"client_id": "g", "redirect_url": "{{BASE_URL}}/login/google/login/"},
            "orcid": {"client_id": "o"},
            "cognito": {"client_id": "c", "assume_emails_verified": true,
                        "discovery_url": "https://cognito.example/pool/.well-known/openid-configuration"},
            "My_IdP": {"client_id": "m", "user_id_field": "preferred_username", "scope": "openid profile",
                       "discovery_url": "https://kc.example/realms/x/.well-known/openid-configuration"},
            "ras": {"client_id": "r"},
            "fence": {"client_id": "f", "api_base_url": "https://other.example/user",
                      "client_kwargs": {"scope": "openid", "redirect_uri": "https://c.example/back"}},
        }));
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["google", "orcid", "cognito", "my_idp", "ras", "fence"]);
        assert_eq!(found["google"].names.username, "email");
        assert_eq!(found["google"].emails, Emails::Verified);
        assert_eq!(found["google"].redirect_url, "https://c.example/user/login/google/login/");
        assert_eq!(found["orcid"].names.username, "sub");
        assert_eq!(found["orcid"].redirect_url, "https://c.example/user/login/orcid/login");
        assert_eq!(found["cognito"].emails, Emails::Assumed);
        assert_eq!(found["my_idp"].idp, "My_IdP");
        assert_eq!(found["my_idp"].names.username, "preferred_username");
        assert_eq!(found["ras"].redirect_url, "https://c.example/user/login/ras/callback");
        let sts = Endpoints {
            issuer: "https://sts.nih.gov".into(),
            userinfo_endpoint: "https://sts.nih.gov/userinfo".into(),
            ..Endpoints::default()
        };
        let address = found["ras"].userinfo_address(&sts);
        assert_eq!(address, "https://sts.nih.gov/openid/connect/v1.1/userinfo");
        assert_eq!(found["google"].userinfo_address(&sts), "https://sts.nih.gov/userinfo");
        let Source::Fixed(fence) = &found["fence"].source else { panic!("{:?}", found["fence"]) };
        assert_eq!(fence.issuer, "https://other.example/user");
        assert_eq!(fence.jwks_uri, "https://other.example/user/.well-known/jwks");
        assert_eq!(found["fence"].redirect_url, "https://c.example/back");
        assert!(!format!("{found:?}").contains("client_secret: \"\""));
    }

    #[test]
    fn what_is_not_set_up_is_left_out() {
        let found = found(json!({
            "google": {"client_id": ""}, "okta": {"client_id": "x"},
            "cognito": {"client_id": "x", "discovery_url": "https://c.{REGION}.example/"},
            "fence": {"client_id": "x", "api_base_url": ""},
        }));
        assert!(found.is_empty(), "{:?}", found.keys());
    }
}
