//! A login that has been sent to another issuer and is not back yet. It stands in the browser's session.

use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// What binds the answer to the browser that was sent away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Where it was sent.
    idp: String,
    /// Comes back in the address (RFC 6749 §10.12).
    state: String,
    /// Comes back in the ID token (OpenID Connect Core §3.1.2.1).
    pub(super) nonce: Option<String>,
    /// Is shown to the issuer with the code (RFC 7636).
    verifier: Option<String>,
    /// Whether the rights of the user's visas are asked for.
    #[serde(default)]
    pub(crate) visas: VisasAsked,
}

/// Whether a login asks for the rights of the user's visas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum VisasAsked {
    Asked,
    #[default]
    NotAsked,
}

/// What an issuer is asked to repeat or to check, beside the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bindings {
    pub(super) nonce: bool,
    pub(super) pkce: bool,
}

impl Pending {
    pub(super) fn new(idp: &str, bindings: Bindings) -> Self {
        Self {
            idp: idp.to_owned(),
            state: random(),
            nonce: bindings.nonce.then(random),
            // 43 characters at least (RFC 7636 §4.1).
            verifier: bindings.pkce.then(|| format!("{}{}", random(), random())),
            visas: VisasAsked::default(),
        }
    }

    /// A login through a proxy that speaks for itself.
    pub(crate) fn by_proxy(idp: &str) -> Self {
        Self::new(idp, Bindings { nonce: false, pkce: false })
    }

    /// The one that a session remembers.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As the session remembers it.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and options of texts are JSON")
    }

    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// Whether an answer of `idp` with this state is the one that is waited for.
    pub(crate) fn is_answered_by(&self, idp: &str, state: Option<&str>) -> bool {
        let same = |given: &str| bool::from(given.as_bytes().ct_eq(self.state.as_bytes()));
        self.idp == idp && state.is_some_and(same)
    }

    /// What the issuer learns of the verifier in advance.
    pub(super) fn challenge(&self) -> Option<PkceCodeChallenge> {
        self.verifier().map(|verifier| PkceCodeChallenge::from_code_verifier_sha256(&verifier))
    }

    pub(super) fn verifier(&self) -> Option<PkceCodeVerifier> {
        self.verifier.clone().map(PkceCodeVerifier::new)
    }
}

/// 128 random bits as text, short enough for the table of used states.
fn random() -> String {
    let mut bits = [0_u8; 16];
    rand::rng().fill_bytes(&mut bits);
    hex::encode(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_state_of_the_same_issuer_answers() {
        let pending = Pending::new("okta", Bindings { nonce: true, pkce: true });
        let kept = Pending::from_text(&pending.to_text()).unwrap();
        assert_eq!(kept, pending);
        assert!(kept.is_answered_by("okta", Some(pending.state())));
        assert!(!kept.is_answered_by("google", Some(pending.state())), "mix-up of issuers");
        for state in [None, Some(""), Some("x"), Some(&pending.state()[1..])] {
            assert!(!kept.is_answered_by("okta", state), "{state:?}");
        }
        assert_eq!(pending.challenge().unwrap().method().as_str(), "S256");
        assert_eq!(pending.verifier().unwrap().secret().len(), 64);
        let other = Pending::new("okta", Bindings { nonce: false, pkce: false });
        assert_ne!(other.state(), pending.state());
        assert!(other.nonce.is_none() && other.challenge().is_none());
        assert_eq!(Pending::from_text("{}"), None);
    }
}
