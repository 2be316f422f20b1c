//! Who somebody is, by the claims of an ID token.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::{
    error::ProviderError,
    groups::{Counted, GroupClaim},
    upstream::{ClaimNames, Emails, Upstream},
    vouchers::Vouchers,
};
use crate::config::SecondFactorClaim;

/// The longest text that is taken from a claim.
const LONGEST: usize = 255;
/// The most groups that are taken from a claim.
const MOST_GROUPS: usize = 1_000;

/// Who somebody is, as an issuer says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    /// The name for people, where the provider's is taken over.
    pub(crate) display_name: Option<String>,
    /// By which the issuer knows them.
    pub(crate) id: Option<String>,
    pub(crate) registration: Registration,
    /// The groups that the provider names, where they count.
    pub(crate) groups: Option<Groups>,
    /// Whether they have shown a second factor; nothing where the provider is not asked.
    pub(crate) second_factor: Option<SecondFactor>,
    /// What it says of whose data they may read, where it says that.
    pub(crate) vouchers: Option<Vouchers>,
    /// By which it says their groups again later, where they count.
    pub(crate) renewal: Option<Renewal>,
}

/// By which a provider can be asked again of somebody.
#[derive(Clone)]
pub(crate) struct Renewal {
    /// Who says it: its name for all organisations, where it has several.
    pub(crate) issuer: String,
    /// Whom it is about, as the issuer knows them.
    pub(crate) subject: String,
    pub(crate) refresh_token: String,
}

// Written by hand so that no token can reach a log.
impl std::fmt::Debug for Renewal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewal").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Renewal {
    /// The renewal of these claims of `issuer`; none without a subject.
    pub(super) fn of(issuer: String, claims: &Map<String, Value>, refresh_token: &str) -> Option<Self> {
        let subject = claims.get("sub").and_then(Value::as_str)?.to_owned();
        Some(Self { issuer, subject, refresh_token: refresh_token.to_owned() })
    }
}

/// Groups of arborist that somebody belongs to, as a provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) names: Vec<String>,
    /// How long that counts.
    pub(crate) life: TimeDelta,
}

/// Whether somebody has shown a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecondFactor {
    Shown,
    NotShown,
}

/// What an issuer says for registration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) firstname: Option<String>,
    pub(crate) lastname: Option<String>,
    pub(crate) organization: Option<String>,
}

/// Reads who somebody is from verified claims.
///
/// # Errors
/// Without the claim that names users, and for an address that is not verified where it would name one.
pub(super) fn read(upstream: &Upstream, claims: &Map<String, Value>) -> Result<Person, ProviderError> {
    let ClaimNames { username, or, suffix, display, email, .. } = &upstream.names;
    let ClaimNames { id, firstname, lastname, organization, .. } = &upstream.names;
    let missing = || {
        ProviderError::Person(format!("{} does not say '{username}', by which users are named", upstream.idp))
    };
    let otherwise = || or.iter().find_map(|name| text(claims, name));
    let username_claim = text(claims, username).or_else(otherwise).ok_or_else(missing)?;
    let verified = email_is_verified(claims);
    let may_count = match upstream.emails {
        Emails::Assumed => true,
        Emails::NotUnverified => verified != Some(false),
        Emails::Verified | Emails::Demanded => verified == Some(true),
    };
    if (username == "email" || upstream.emails == Emails::Demanded) && !may_count {
        return Err(ProviderError::Person("Email is not verified".into()));
    }
    Ok(Person {
        username: format!("{username_claim}{suffix}"),
        email: text(claims, email),
        display_name: display_name(display, claims),
        id: text(claims, id),
        registration: Registration {
            firstname: text(claims, firstname),
            lastname: text(claims, lastname),
            organization: text(claims, organization),
        },
        groups: groups_of(upstream, claims)?,
        second_factor: second_factor_of(upstream, claims),
        vouchers: None,
        renewal: None,
    })
}

fn display_name(names: &[&str], claims: &Map<String, Value>) -> Option<String> {
    let parts: Vec<String> = names.iter().filter_map(|name| text(claims, name)).collect();
    Some(parts.join(" ")).filter(|name| !name.is_empty())
}

/// Whether these claims say that somebody has shown a second factor; nothing where they are not asked.
pub(super) fn second_factor_of(upstream: &Upstream, claims: &Map<String, Value>) -> Option<SecondFactor> {
    upstream.second_factor.as_ref().map(|claim| second_factor(claim, claims))
}

/// The groups that count, as arborist knows them. A claim that is missing names none.
fn groups(claim: &GroupClaim, claims: &Map<String, Value>) -> Result<Groups, ProviderError> {
    let named = match at(claims, &claim.name) {
        Some(Value::Array(named)) => named.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    if named.len() > MOST_GROUPS {
        let text = format!("'{}' names more than {MOST_GROUPS} groups", claim.name);
        return Err(ProviderError::Person(text));
    }
    let prefix = match &claim.counts {
        Counted::Prefixed(prefix) => prefix.as_str(),
        Counted::Only { theirs, ours } => {
            let is_there = named.iter().any(|name| name == theirs);
            let names = if is_there { vec![ours.clone()] } else { Vec::new() };
            return Ok(Groups { names, life: claim.life });
        }
    };
    let counts = named.into_iter().filter_map(|name| name.strip_prefix(prefix));
    let counts = counts.map(str::trim).filter(|name| (1..=LONGEST).contains(&name.len()));
    // A database keeps no NUL characters.
    let names = counts.filter(|name| !name.contains('\0')).map(str::to_owned).collect();
    Ok(Groups { names, life: claim.life })
}

/// Whether one of the values is there that a second factor makes. `acr` may name several, apart by blanks.
fn second_factor(claim: &SecondFactorClaim, claims: &Map<String, Value>) -> SecondFactor {
    let wanted = |value: &str| claim.values.iter().any(|known| !known.is_empty() && known == value);
    let shown = match claims.get(&claim.claim) {
        Some(Value::String(text)) => wanted(text) || text.split_whitespace().any(wanted),
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).any(wanted),
        _ => false,
    };
    if shown { SecondFactor::Shown } else { SecondFactor::NotShown }
}

/// The groups that these claims name, where groups count.
///
/// # Errors
/// For more groups than anybody has.
pub(super) fn groups_of(
    upstream: &Upstream,
    claims: &Map<String, Value>,
) -> Result<Option<Groups>, ProviderError> {
    upstream.groups.as_ref().map(|claim| groups(claim, claims)).transpose()
}

/// Whether the claim is there that names groups, where groups count.
pub(super) fn names_groups(upstream: &Upstream, claims: &Map<String, Value>) -> bool {
    upstream.groups.as_ref().is_none_or(|claim| at(claims, &claim.name).is_some())
}

/// Some issuers write this boolean as a text.
fn email_is_verified(claims: &Map<String, Value>) -> Option<bool> {
    match claims.get("email_verified")? {
        Value::Bool(verified) => Some(*verified),
        Value::String(text) => Some(text == "true"),
        _ => None,
    }
}

/// The claim of this name, or at this path.
fn at<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let mut steps = name.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |found, step| found.get(step))
    })
}

/// The claim of this name, or at this path, as a text that is not empty.
fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match at(claims, name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{config::Config, providers::upstreams};

    fn read_as(idp: &str, settings: Value, claims: Value) -> Result<Person, String> {
        let mut settings = settings;
        settings["client_id"] = "x".into();
        settings["api_base_url"] = "https://other.example/user".into();
        settings["discovery_url"] = "https://idp.example/.well-known/openid-configuration".into();
        let document = json!({ "OPENID_CONNECT": { idp: settings } });
        let upstreams = upstreams(&Config::from_document(&document).unwrap());
        read(&upstreams[0], claims.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn users_are_named_by_the_claim_of_their_kind_of_provider() {
        let claims = json!({"sub": "0000-1", "email": "ada@x.org", "email_verified": true, "n": 7,
                            "context": {"user": {"name": "ada", "email": "a@b.c"}}});
        let name = |idp, settings| read_as(idp, settings, claims.clone()).unwrap().username;
        assert_eq!(name("google", json!({})), "ada@x.org");
        assert_eq!(name("orcid", json!({})), "0000-1");
        assert_eq!(name("other", json!({})), "0000-1");
        assert_eq!(name("other", json!({"user_id_field": "n"})), "7");
        assert_eq!(name("fence", json!({})), "ada");
        let person = read_as("fence", json!({}), claims.clone()).unwrap();
        assert_eq!((person.email.as_deref(), person.id.as_deref()), (Some("a@b.c"), Some("0000-1")));
        assert!(read_as("other", json!({"user_id_field": "eppn"}), claims).unwrap_err().contains("'eppn'"));
    }

    #[test]
    fn an_address_that_nobody_has_verified_names_nobody() {
        let read = |idp, settings, verified: Option<Value>| {
            let mut claims = json!({"sub": "1", "email": "ada@x.org"});
            if let Some(verified) = verified {
                claims["email_verified"] = verified;
            }
            read_as(idp, settings, claims).is_ok()
        };
        for idp in ["google", "cognito"] {
            assert!(read(idp, json!({}), Some(json!(true))));
            assert!(read(idp, json!({}), Some(json!("true"))));
            assert!(!read(idp, json!({}), Some(json!(false))));
            assert!(!read(idp, json!({}), None), "{idp}");
        }
        for idp in ["microsoft", "okta"] {
            assert!(read(idp, json!({}), None), "{idp}");
            assert!(!read(idp, json!({}), Some(json!(false))), "{idp}");
        }
        assert!(read("cognito", json!({"assume_emails_verified": true}), None));
        assert!(!read("other", json!({"user_id_field": "email"}), None));
        assert!(read("other", json!({}), None), "the address does not name the user");
    }

    #[test]
    fn groups_are_those_with_the_prefix_and_without_it() {
        let read = |settings: Value, groups: Value| {
            let mut settings = settings;
            settings["is_authz_groups_sync_enabled"] = true.into();
            let claims = json!({"sub": "1", "groups": groups, "a": {"b": ["x"]}});
            read_as("other", settings, claims).map(|person| person.groups.unwrap())
        };
        let prefixed = json!({"authz_groups_sync": {"group_prefix": "/gen3/"}});
        let found = read(prefixed, json!(["/gen3/one", "/other/two", "three", "/gen3/", 7, null])).unwrap();
        assert_eq!(found.names, ["one"]);
        assert_eq!(found.life, TimeDelta::days(7));
        let settings = json!({"group_claim_field": "a.b", "group_membership_expiration_duration": 60});
        let found = read(settings, json!(null)).unwrap();
        assert_eq!((found.names, found.life), (vec!["x".to_owned()], TimeDelta::seconds(60)));
        assert_eq!(read(json!({}), json!("one")).unwrap().names, ["one"]);
        for none in [json!(null), json!({}), json!(7), json!([]), json!(["x".repeat(256), "a\0b", " "])] {
            assert!(read(json!({}), none.clone()).unwrap().names.is_empty(), "{none}");
        }
        let many: Vec<String> = (0..=MOST_GROUPS).map(|number| number.to_string()).collect();
        assert!(read(json!({}), json!(many)).unwrap_err().contains("more than 1000 groups"));
        assert_eq!(read_as("other", json!({}), json!({"sub": "1", "groups": ["a"]})).unwrap().groups, None);
    }

    #[test]
    fn a_second_factor_is_what_the_configured_claim_says() {
        let read = |claim: &str, values: Value, said: Value| {
            let settings = json!({"multifactor_auth_claim_info": {"claim": claim, "values": values}});
            read_as("other", settings, json!({"sub": "1", claim: said})).unwrap().second_factor
        };
        let (shown, not) = (Some(SecondFactor::Shown), Some(SecondFactor::NotShown));
        assert_eq!(read("amr", json!(["mfa", "otp"]), json!(["pwd", "otp"])), shown);
        assert_eq!(read("acr", json!(["https://x/aal/2"]), json!("https://x/ial/1 https://x/aal/2")), shown);
        for (values, said) in [
            (json!(["mfa"]), json!(["pwd"])),
            (json!(["mfa"]), json!("mfa-not")),
            (json!([""]), json!("")),
            (json!([]), json!(["mfa"])),
            (json!(["mfa"]), json!({"mfa": true})),
        ] {
            assert_eq!(read("amr", values, said.clone()), not, "{said}");
        }
        assert_eq!(read("strength", json!(["mfa"]), json!("mfa")), not, "no such claim says it");
        assert_eq!(read_as("other", json!({}), json!({"sub": "1"})).unwrap().second_factor, None);
    }

    #[test]
    fn claims_of_other_kinds_are_no_names() {
        for sub in
            [json!(null), json!(""), json!("  "), json!(["a"]), json!({"a": 1}), json!("x".repeat(256))]
        {
            assert!(read_as("other", json!({}), json!({ "sub": sub })).is_err(), "{sub}");
        }
    }
}
