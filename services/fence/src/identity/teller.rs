//! Who may tell of uploads: whoever knows a secret of the configuration, pushes for Google's Pub/Sub, or may
//! send to a queue of the configuration.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    clock::now,
    config::{EventSecret, PubsubSettings},
    error::Error,
    service::Fence,
};

/// The proof that something comes from who may tell of uploads.
#[derive(Debug)]
pub(crate) struct Teller(());

impl Teller {
    /// Of messages of a queue that the configuration names: who may send to it is for its own policy to say.
    pub(crate) fn of_queue(_: &aws::Queue) -> Self {
        Self(())
    }
}

impl Fence {
    /// Whether a request with these headers, and this parameter `token` in its URL, comes from who may tell
    /// of uploads. The secret is a bearer token, the password of a basic login, or that parameter: stores
    /// differ in what they can send.
    ///
    /// # Errors
    /// 404 where nobody may, 401 for anybody else.
    pub(crate) async fn teller(&self, headers: &HeaderMap, token: Option<&str>) -> Result<Teller, Error> {
        let settings = &self.config.upload_indexing;
        if !self.notes_uploads() || !settings.hears_events() {
            let told = "this commons hears of no uploads: UPLOAD_INDEXING has no event_secrets";
            return Err(Error::NotFound(told.into()));
        }
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = header.and_then(tokens::bearer);
        let password = header.and_then(password);
        let given = [bearer, password.as_deref(), token];
        if given.into_iter().flatten().any(|given| is_one_of(&settings.event_secrets, given)) {
            return Ok(Teller(()));
        }
        if let (Some(pubsub), Some(bearer)) = (&settings.pubsub, bearer)
            && let Ok(signed) = self.pushers.read(bearer, &self.keys).await
            && is_push(&signed.claims, pubsub, now())
        {
            return Ok(Teller(()));
        }
        Err(Error::NoSecret)
    }
}

/// The password of a basic login, whoever logs in.
fn password(header: &str) -> Option<String> {
    let (scheme, login) = header.split_once(' ')?;
    let login = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(login.trim()).ok())??;
    String::from_utf8(login).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}

/// Compares all of them, in a time that says nothing about any.
fn is_one_of(secrets: &[EventSecret], given: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let given = digest(given);
    let equal = |secret: &EventSecret| digest(secret.as_str()).as_slice().ct_eq(given.as_slice());
    secrets.iter().fold(subtle::Choice::from(0), |any, secret| any | equal(secret)).into()
}

/// Whether a signed token is that of a push of this subscription.
fn is_push(claims: &Map<String, Value>, pubsub: &PubsubSettings, now: i64) -> bool {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_for_us = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(|one| one == pubsub.audience.as_str()),
        one => one.and_then(Value::as_str) == Some(pubsub.audience.as_str()),
    };
    is_for_us
        && text("email") == Some(pubsub.service_account.as_str())
        && claims.get("email_verified") == Some(&Value::Bool(true))
        && claims.get("exp").and_then(Value::as_i64).is_some_and(|end| end > now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_of_the_secrets_counts_and_nothing_else() {
        let secrets =
            ["first-secret-0123", "second-secret-012"].map(|text| EventSecret::from(text.to_owned()));
        for (given, counts) in [
            ("first-secret-0123", true),
            ("second-secret-012", true),
            ("first-secret-012", false),
            ("first-secret-01234", false),
            ("", false),
        ] {
            assert_eq!(is_one_of(&secrets, given), counts, "{given}");
        }
        assert!(!is_one_of(&[], ""));
    }

    #[test]
    fn the_password_of_a_login_is_read() {
        assert_eq!(password("Basic YTpiOmM=").as_deref(), Some("b:c"));
        assert_eq!(password("basic OmI=").as_deref(), Some("b"));
        for none in ["Basic", "Basic !", "Bearer YTpi", "Basic YWI="] {
            assert_eq!(password(none), None, "{none}");
        }
    }

    #[test]
    fn a_token_counts_for_its_audience_its_account_and_its_time() {
        let pubsub: PubsubSettings =
            serde_json::from_value(json!({"audience": "a", "service_account": "push@p"})).unwrap();
        let claims = json!({"aud": "a", "email": "push@p", "email_verified": true, "exp": 11});
        let is = |name: &str, value: Value| {
            let mut claims = claims.as_object().unwrap().clone();
            claims.insert(name.to_owned(), value);
            is_push(&claims, &pubsub, 10)
        };
        assert!(is("iss", json!("x")) && is("aud", json!(["a", "b"])));
        for (name, value) in [
            ("aud", json!("b")),
            ("aud", json!(null)),
            ("aud", json!(["b"])),
            ("email", json!("other@p")),
            ("email_verified", json!("true")),
            ("exp", json!(10)),
            ("exp", json!("11")),
        ] {
            assert!(!is(name, value.clone()), "{name} {value}");
        }
    }
}
