//! What a provider has issued for a user who has logged in. Pure.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The life of a refresh token that does not say it, in seconds.
const USUAL_LIFE: i64 = 30 * 86_400;
/// Texts that are part of an index, whose entries have an end.
const LONGEST_TEXT: usize = 1_000;
/// So that its encrypted form fits into the index of the table.
const LONGEST_TOKEN: usize = 1_900;

/// Why an answer cannot be used; the words never hold a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("error in token response: {0}")]
pub(crate) struct IssuedError(pub(crate) &'static str);

#[derive(Deserialize)]
struct Answer {
    refresh_token: String,
    id_token: String,
    #[serde(default)]
    refresh_expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct AccessAnswer {
    access_token: String,
}

/// What tokens say. They come from the provider itself over a connection of ours, so that their signatures
/// need not be checked.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    sub: Option<String>,
    jti: Option<String>,
    exp: Option<f64>,
    context: Value,
}

/// A refresh token and what is known of it.
pub(crate) struct Issued {
    pub(crate) refresh_token: String,
    pub(crate) jti: String,
    /// The user's identifier at the provider.
    pub(crate) userid: String,
    /// When it ends, in seconds since 1970.
    pub(crate) expires: i64,
    /// The user's name at the provider, if that is a fence.
    pub(crate) username: Option<String>,
}

impl Issued {
    /// What the answer to a code says.
    ///
    /// # Errors
    /// Without a refresh token and an ID token, and when they do not say whose they are.
    pub(crate) fn read(body: &[u8], now: i64) -> Result<Self, IssuedError> {
        let missing = IssuedError("it needs a refresh_token and an id_token");
        let answer: Answer = serde_json::from_slice(body).map_err(|_| missing)?;
        let identity: Said = tokens::unverified(&answer.id_token).ok_or(missing)?;
        // Other providers' refresh tokens may be of any form.
        let said: Said = tokens::unverified(&answer.refresh_token).unwrap_or_default();
        let userid = said.sub.or(identity.sub).ok_or(IssuedError("it does not say whose token it is"))?;
        let jti = said.jti.unwrap_or_else(|| Uuid::new_v4().to_string());
        let is_storable = |text: &str| text.len() <= LONGEST_TEXT && !text.contains('\0');
        if !is_storable(&userid) || !is_storable(&jti) || answer.refresh_token.len() > LONGEST_TOKEN {
            return Err(IssuedError("it has texts that cannot be stored"));
        }
        let end = said.exp.filter(|end| *end >= 1.0).map(|end| end as i64);
        let life = answer.refresh_expires_in.filter(|life| *life > 0).unwrap_or(USUAL_LIFE);
        let username = identity.context.pointer("/user/name").and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            refresh_token: answer.refresh_token,
            jti,
            userid,
            expires: end.unwrap_or_else(|| now.saturating_add(life)),
            username,
        })
    }
}

/// The access token in an answer.
pub(crate) fn access_token(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<AccessAnswer>(body).ok().map(|answer| answer.access_token)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn read(refresh: &str, identity: &Value, more: Value) -> Result<Issued, IssuedError> {
        let mut answer =
            json!({ "refresh_token": refresh, "id_token": token(identity), "access_token": "a" });
        answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Issued::read(answer.to_string().as_bytes(), 1_000)
    }

    #[test]
    fn a_fences_tokens_say_everything() {
        let refresh = token(&json!({ "sub": "7", "jti": "j", "exp": 5_000 }));
        let identity = json!({ "sub": "7", "context": { "user": { "name": "ada" } } });
        let issued = read(&refresh, &identity, json!({})).unwrap();
        assert_eq!((issued.userid.as_str(), issued.jti.as_str(), issued.expires), ("7", "j", 5_000));
        assert_eq!((issued.username.as_deref(), issued.refresh_token), (Some("ada"), refresh));
    }

    #[test]
    fn what_other_providers_do_not_say_is_filled_in() {
        let issued = read("opaque", &json!({ "sub": "x" }), json!({ "refresh_expires_in": 60 })).unwrap();
        assert_eq!((issued.userid.as_str(), issued.expires), ("x", 1_060));
        assert_eq!(issued.jti.len(), 36);
        let offline = token(&json!({ "sub": "x", "exp": 0 }));
        let issued = read(&offline, &json!({}), json!({ "refresh_expires_in": 0 })).unwrap();
        assert_eq!(issued.expires, 1_000 + USUAL_LIFE);
    }

    #[test]
    fn answers_that_lack_something_are_refused_and_not_repeated() {
        for body in
            ["", "[]", "{}", r#"{"refresh_token":"secret"}"#, r#"{"refresh_token":"secret","id_token":"x"}"#]
        {
            let refused = Issued::read(body.as_bytes(), 1).err().unwrap().to_string();
            assert!(
                refused.starts_with("error in token response") && !refused.contains("secret"),
                "{refused}"
            );
        }
        assert!(read("opaque", &json!({}), json!({})).is_err());
        assert!(read("opaque", &json!({ "sub": "a\0b" }), json!({})).is_err());
        assert!(read(&"r".repeat(LONGEST_TOKEN + 1), &json!({ "sub": "a" }), json!({})).is_err());
        assert_eq!(access_token(br#"{"access_token":"t"}"#).as_deref(), Some("t"));
        assert_eq!(access_token(br#"{"token":"t"}"#), None);
    }
}
