//! Secrets: making them, and comparing those of OAuth clients with their bcrypt hashes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng as _, RngExt as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use web::Failure;

use crate::error::Error;

/// bcrypt looks at no more bytes, so a longer secret would be as good as its beginning.
const LONGEST_SECRET: usize = 72;
/// So many are compared at a time: each takes a processor for a quarter of a second.
const AT_A_TIME: usize = 2;
/// Who has not come to a comparison in this time is asked to come again.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many secrets that were right are remembered.
const REMEMBERED: usize = 1000;
/// The work factor of new hashes. Secrets are random and long; the factor does not protect them.
const COST: u32 = 10;

/// Random letters and digits.
pub(crate) fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// The hash that a new secret is kept as.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn hash(secret: &str) -> Result<String, Error> {
    bcrypt::hash(secret, COST).map_err(|error| Failure::internal("hashing a client's secret", error).into())
}

/// Compares secrets, and remembers those that were right: clients that renew their tokens every few minutes
/// should not cost a quarter of a second each time.
pub(crate) struct SecretChecks {
    /// By the hash in the database: a digest of the secret, made with `key`, that fitted it.
    right: Mutex<HashMap<String, [u8; 32]>>,
    key: [u8; 32],
    places: Semaphore,
}

impl Default for SecretChecks {
    fn default() -> Self {
        let mut key = [0; 32];
        rand::rng().fill_bytes(&mut key);
        Self { right: Mutex::default(), key, places: Semaphore::new(AT_A_TIME) }
    }
}

impl SecretChecks {
    /// Whether `secret` is the one of `hash`.
    ///
    /// # Errors
    /// 503 when too many ask.
    pub(crate) async fn fits(&self, secret: &str, hash: &str) -> Result<bool, Error> {
        if secret.len() > LONGEST_SECRET || secret.contains('\0') {
            return Ok(false);
        }
        let digest: [u8; 32] =
            Sha256::new().chain_update(self.key).chain_update(secret.as_bytes()).finalize().into();
        if self.is_remembered(hash, &digest) {
            return Ok(true);
        }
        let place = tokio::time::timeout(PATIENCE, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(Failure::Busy("too many secrets of clients are being compared".into()).into());
        };
        let (secret, stored) = (secret.to_owned(), hash.to_owned());
        let compared = tokio::task::spawn_blocking(move || bcrypt::verify(secret, &stored)).await;
        // A hash that is none fits nothing.
        let fits = compared.is_ok_and(|compared| compared.unwrap_or(false));
        if fits {
            self.remember(hash, digest);
        }
        Ok(fits)
    }

    fn is_remembered(&self, hash: &str, digest: &[u8; 32]) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.get(hash).is_some_and(|known| known.ct_eq(digest).into())
    }

    fn remember(&self, hash: &str, digest: [u8; 32]) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= REMEMBERED {
            right.clear();
        }
        right.insert(hash.to_owned(), digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_secret_of_the_hash_fits_the_first_time_and_later() {
        let checks = SecretChecks::default();
        let stored = bcrypt::hash("right", 4).unwrap();
        for _ in 0..2 {
            assert!(checks.fits("right", &stored).await.unwrap());
            assert!(!checks.fits("wrong", &stored).await.unwrap());
            assert!(!checks.fits("", &stored).await.unwrap());
            assert!(!checks.fits(&"r".repeat(100), &stored).await.unwrap());
        }
        let renewed = bcrypt::hash("other", 4).unwrap();
        assert!(!checks.fits("right", &renewed).await.unwrap(), "a new hash forgets the old secret");
        for odd in ["", "right", "$2b$12$short"] {
            assert!(!checks.fits("right", odd).await.unwrap(), "{odd}");
        }
    }

    #[tokio::test]
    async fn hashes_that_other_programs_made_are_read() {
        // Made by Python's bcrypt 5.0.0, which writes the first unless it is told otherwise.
        let checks = SecretChecks::default();
        for hash in [
            "$2b$04$ga3WD0VS3rNks9dr72L8suzpct5vgQez34l7p.jnC0HY7g4WQPJzW",
            "$2a$05$AqPF0Qx/hlgrCI.N6D1D.eADGEVpdwixNIxxqGSCBimTOWJ3ZPo9K",
        ] {
            assert!(checks.fits("right", hash).await.unwrap());
            assert!(!checks.fits("wrong", hash).await.unwrap());
        }
    }
}
