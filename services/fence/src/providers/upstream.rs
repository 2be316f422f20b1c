//! The issuers of a configuration, with what is known of each kind.

use indexmap::IndexMap;

use crate::config::{ClientSecret, Config, Endpoints, Provider};

/// Names of `OPENID_CONNECT` that are not OpenID Connect as everybody speaks it, and that fence does not
/// speak yet.
const OTHERS: [&str; 3] = ["ras", "synapse", "shibboleth"];

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
    /// Arguments of our login URL that are passed on, and under which names.
    pub(crate) parameters: IndexMap<String, String>,
    /// Whether it registers its users.
    pub(crate) registers: bool,
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
        _ => generic,
    }
}

/// The last part of the path of an identity provider's login.
pub(crate) fn route(idp: &str) -> String {
    match idp {
        "shibboleth" => "shib".to_owned(),
        other => other.to_lowercase(),
    }
}

/// The issuers that can be used, by the last part of their login's path. What is configured and cannot be
/// used is told, loudly.
pub(crate) fn upstreams(config: &Config) -> IndexMap<String, Upstream> {
    let mut found = IndexMap::new();
    for (idp, provider) in &config.openid_connect {
        if provider.client_id.is_empty() {
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
    if OTHERS.contains(&idp) {
        return Err("logins by this kind of provider are not possible yet");
    }
    let kind = kind(idp);
    let own = format!("{}/login/{}/login", config.base_url, route(idp));
    let names = ClaimNames {
        username: first([provider.user_id_field.as_str(), kind.username]),
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
        source: source(idp, provider, &kind)?,
        names,
        emails: if provider.assume_emails_verified.is_on() { Emails::Assumed } else { kind.emails },
        parameters: provider.authorization_url_param_map.clone(),
        registers: provider.enable_idp_users_registration.is_on(),
    })
}

fn source(idp: &str, provider: &Provider, kind: &Kind) -> Result<Source, &'static str> {
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
        kind.discovery_url.clone_into(&mut url);
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
            "fence": {"client_id": "f", "api_base_url": "https://other.example/user",
                      "client_kwargs": {"scope": "openid", "redirect_uri": "https://c.example/back"}},
        }));
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["google", "orcid", "cognito", "my_idp", "fence"]);
        assert_eq!(found["google"].names.username, "email");
        assert_eq!(found["google"].emails, Emails::Verified);
        assert_eq!(found["google"].redirect_url, "https://c.example/user/login/google/login/");
        assert_eq!(found["orcid"].names.username, "sub");
        assert_eq!(found["orcid"].redirect_url, "https://c.example/user/login/orcid/login");
        assert_eq!(found["cognito"].emails, Emails::Assumed);
        assert_eq!(found["my_idp"].idp, "My_IdP");
        assert_eq!(found["my_idp"].names.username, "preferred_username");
        let Source::Fixed(fence) = &found["fence"].source else { panic!("{:?}", found["fence"]) };
        assert_eq!(fence.issuer, "https://other.example/user");
        assert_eq!(fence.jwks_uri, "https://other.example/user/.well-known/jwks");
        assert_eq!(found["fence"].redirect_url, "https://c.example/back");
        assert!(!format!("{found:?}").contains("client_secret: \"\""));
    }

    #[test]
    fn what_is_not_set_up_is_left_out() {
        let found = found(json!({
            "google": {"client_id": ""}, "okta": {"client_id": "x"}, "ras": {"client_id": "x"},
            "cognito": {"client_id": "x", "discovery_url": "https://c.{REGION}.example/"},
            "fence": {"client_id": "x", "api_base_url": ""},
        }));
        assert!(found.is_empty(), "{:?}", found.keys());
    }
}
