//! A login that has begun at a provider: what the cookie of the browser says of it. Pure but for randomness.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::fernet::{FernetError, FernetKey};

/// A login must be over by then, in seconds.
const LIFE: u64 = 3_600;

/// A login that has begun. Nobody but this service can make or read one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The provider.
    pub(crate) idp: String,
    /// What the provider must send back.
    pub(crate) state: String,
    /// The secret behind the challenge of PKCE.
    pub(crate) verifier: String,
    /// Where the user goes afterwards.
    pub(crate) redirect: Option<String>,
}

impl Login {
    /// A new one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn begin(idp: &str, prefix: &str, redirect: Option<String>) -> Result<Self, FernetError> {
        let random = random()?;
        let state = if prefix.is_empty() { random } else { format!("{prefix}-{random}") };
        Ok(Self { idp: idp.to_owned(), state, verifier: self::random()?, redirect })
    }

    /// The challenge of PKCE, by the method S256.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()))
    }

    /// Whether the provider has sent back what it should.
    pub(crate) fn is_answered_by(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// For the cookie.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn sealed(&self, key: &FernetKey, now: u64) -> Result<String, FernetError> {
        let text = serde_json::to_vec(self).expect("invariant: the fields are texts");
        key.encrypt(&text, now)
    }

    /// The login that a cookie says, if we have made it, lately.
    pub(crate) fn opened(key: &FernetKey, cookie: &str, now: u64) -> Option<Self> {
        let opened = key.decrypt(cookie).ok()?;
        let is_over = opened.made > now || now - opened.made > LIFE;
        if is_over { None } else { serde_json::from_slice(&opened.bytes).ok() }
    }
}

fn random() -> Result<String, FernetError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| FernetError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_says_what_was_put_into_it_for_an_hour() {
        let key = FernetKey::derived("logins", "secret");
        let login = Login::begin("idp", "", Some("/x".into())).unwrap();
        let cookie = login.sealed(&key, 1_000).unwrap();
        assert_eq!(Login::opened(&key, &cookie, 1_000 + LIFE), Some(login));
        assert_eq!(Login::opened(&key, &cookie, 1_001 + LIFE), None);
        assert_eq!(Login::opened(&key, &cookie, 999), None);
        assert_eq!(Login::opened(&FernetKey::derived("logins", "other"), &cookie, 1_000), None);
        assert_eq!(Login::opened(&key, "nonsense", 1_000), None);
    }

    #[test]
    fn the_longest_login_fits_into_a_cookie() {
        let key = FernetKey::derived("logins", "secret");
        let login = Login::begin(&"i".repeat(100), &"p".repeat(63), Some("/".repeat(1_500))).unwrap();
        assert!(login.sealed(&key, 1).unwrap().len() < 3_000);
    }

    #[test]
    fn no_two_logins_have_the_same_secrets_and_a_prefix_leads_the_state() {
        let (one, two) = (Login::begin("a", "site", None).unwrap(), Login::begin("a", "site", None).unwrap());
        assert!(one.state.starts_with("site-") && one.state.len() == 5 + 43);
        assert!(one.state != two.state && one.verifier != two.verifier && one.verifier.len() == 43);
        assert!(one.is_answered_by(&one.state) && !one.is_answered_by(&two.state) && !one.is_answered_by(""));
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let login = Login { verifier, ..Login::begin("a", "", None).unwrap() };
        assert_eq!(login.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
