//! Tokens that were verified before, so that the same signature is not computed again for every request.
//!
//! A token is found by a keyed digest, for which nobody outside can make another token. What is kept is what
//! it says, not the token. Everything but the signature is checked each time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{hmac, rand::SystemRandom};
use jsonwebtoken::DecodingKey;

use crate::Claims;

/// Most tokens in each half.
const MOST: usize = 4096;
/// Longer tokens are verified each time.
const LONGEST: usize = 8192;

/// A token whose signature was verified.
#[derive(Debug)]
pub struct Verified {
    pub(crate) claims: Claims,
    pub(crate) scope_is_list: bool,
    pub(crate) kid: String,
    /// The key that it was verified with. Another one under the same name verifies again.
    pub(crate) key: Arc<DecodingKey>,
}

impl Verified {
    /// What the token says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether it says its scopes as a list, and not as one string.
    pub fn scope_is_list(&self) -> bool {
        self.scope_is_list
    }
}

pub(crate) type Digest = [u8; 32];

/// The tokens that came last. When the newer half is full, the older one is dropped.
#[derive(Default)]
struct Halves {
    newer: HashMap<Digest, Arc<Verified>>,
    older: HashMap<Digest, Arc<Verified>>,
}

pub(crate) struct Remembered {
    /// None where the system has no randomness: then nothing is remembered.
    key: Option<hmac::Key>,
    halves: Mutex<Halves>,
}

impl Remembered {
    pub(crate) fn new() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok();
        Self { key, halves: Mutex::default() }
    }

    /// Returns by what `token` is found; none for one that is not kept.
    pub(crate) fn digest(&self, token: &str) -> Option<Digest> {
        let key = self.key.as_ref().filter(|_| token.len() <= LONGEST)?;
        hmac::sign(key, token.as_bytes()).as_ref().try_into().ok()
    }

    pub(crate) fn find(&self, digest: &Digest) -> Option<Arc<Verified>> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = halves.newer.get(digest) {
            return Some(found.clone());
        }
        let found = halves.older.remove(digest)?;
        halves.put(*digest, found.clone());
        Some(found)
    }

    pub(crate) fn keep(&self, digest: Digest, verified: Arc<Verified>) {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner).put(digest, verified);
    }
}

impl Halves {
    fn put(&mut self, digest: Digest, verified: Arc<Verified>) {
        if self.newer.len() >= MOST && !self.newer.contains_key(&digest) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(digest, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKeys;

    #[test]
    fn what_is_remembered_has_a_limit_and_those_who_come_back_stay() {
        let remembered = Remembered::new();
        let keys = SigningKeys::ephemeral("k").unwrap();
        let claims: Claims = serde_json::from_str(r#"{"exp": 1}"#).unwrap();
        let key = keys.signing().decoding.clone();
        let verified = Arc::new(Verified { claims, scope_is_list: false, kid: String::new(), key });
        let digest = |number: usize| remembered.digest(&number.to_string()).unwrap();
        for number in 0..3 * MOST {
            remembered.keep(digest(number), verified.clone());
            assert!(remembered.find(&digest(0)).is_some(), "{number}");
        }
        let halves = remembered.halves.lock().unwrap();
        assert!(halves.newer.len() + halves.older.len() <= 2 * MOST);
        drop(halves);
        assert!(remembered.find(&digest(1)).is_none());
        assert!(remembered.digest(&"x".repeat(LONGEST + 1)).is_none());
        assert_ne!(Remembered::new().digest("x"), remembered.digest("x"), "each has a key of its own");
    }
}
