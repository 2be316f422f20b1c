//! Who somebody is, by the claims of an ID token.

use serde_json::{Map, Value};

use super::{
    error::ProviderError,
    upstream::{ClaimNames, Emails, Upstream},
};

/// The longest text that is taken from a claim.
const LONGEST: usize = 255;

/// Who somebody is, as an issuer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    /// By which the issuer knows them.
    pub(crate) id: Option<String>,
    pub(crate) registration: Registration,
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
    let ClaimNames { username, email, id, firstname, lastname, organization } = &upstream.names;
    let missing = || {
        ProviderError::Person(format!("{} does not say '{username}', by which users are named", upstream.idp))
    };
    let username_claim = text(claims, username).ok_or_else(missing)?;
    let verified = email_is_verified(claims);
    let may_count = match upstream.emails {
        Emails::Assumed => true,
        Emails::NotUnverified => verified != Some(false),
        Emails::Verified => verified == Some(true),
    };
    if username == "email" && !may_count {
        return Err(ProviderError::Person("Email is not verified".into()));
    }
    Ok(Person {
        username: username_claim,
        email: text(claims, email),
        id: text(claims, id),
        registration: Registration {
            firstname: text(claims, firstname),
            lastname: text(claims, lastname),
            organization: text(claims, organization),
        },
    })
}

/// Some issuers write this boolean as a text.
fn email_is_verified(claims: &Map<String, Value>) -> Option<bool> {
    match claims.get("email_verified")? {
        Value::Bool(verified) => Some(*verified),
        Value::String(text) => Some(text == "true"),
        _ => None,
    }
}

/// The claim of this name, or at this path, as a text that is not empty.
fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let value = claims.get(name).or_else(|| {
        let (mut steps, mut found) = (name.split('.'), None::<&Value>);
        found = claims.get(steps.next()?).or(found);
        for step in steps {
            found = found?.get(step);
        }
        found
    })?;
    let text = match value {
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
    fn claims_of_other_kinds_are_no_names() {
        for sub in
            [json!(null), json!(""), json!("  "), json!(["a"]), json!({"a": 1}), json!("x".repeat(256))]
        {
            assert!(read_as("other", json!({}), json!({ "sub": sub })).is_err(), "{sub}");
        }
    }
}
