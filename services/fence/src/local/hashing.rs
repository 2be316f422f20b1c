//! Hashing passwords by Argon2id, off the threads that serve requests, and a few at a time: each takes
//! 19 MiB and some hundredths of a second of a processor.

use std::{sync::LazyLock, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use fairness::{Lane, Limits, Refused};
use web::Failure;

use super::{
    codes,
    passwords::{NewPassword, Password},
};
use crate::error::Error;

/// The first choice of OWASP's cheat sheet for storing passwords: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Two are made at a time, one for each who asks; whoever comes when too many wait is asked to come again.
const LIMITS: Limits = Limits {
    places: 2,
    places_of_caller: 1,
    waiting_of_caller: 4,
    waiting: 32,
    patience: Duration::from_secs(10),
};

/// What is compared where there is no account, so that it takes the same time.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| made(codes::code().as_bytes()).ok());

/// Makes and compares hashes. Callers, such as networks, share it fairly.
#[derive(Debug)]
pub(crate) struct Hashing {
    lane: Lane,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { lane: Lane::new(LIMITS) }
    }
}

/// Whether a password is the right one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    No,
    /// It is; `renewed` is the hash to keep from now on, where what is kept was made at another cost.
    Yes {
        renewed: Option<String>,
    },
}

impl Hashing {
    /// What is kept of a password: a PHC string with its own salt.
    ///
    /// # Errors
    /// 429 or 503 when this caller or all together ask for too much.
    pub(crate) async fn hash(&self, caller: &str, new: NewPassword) -> Result<String, Error> {
        let NewPassword(password) = new;
        let made = self.run(caller, move || made(password.as_bytes())).await?;
        made.map_err(|error| Failure::internal("hashing a password", error).into())
    }

    /// Whether `password` is the one that was kept as `stored`. Without an account none fits, after the same
    /// time.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub(crate) async fn fits(
        &self,
        caller: &str,
        password: Password,
        stored: Option<String>,
    ) -> Result<Fit, Error> {
        self.run(caller, move || compared(&password, stored.as_deref())).await
    }

    /// Runs `work` in its turn. Whoever goes away meanwhile does not make room for more.
    async fn run<T: Send + 'static>(
        &self,
        caller: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.lane.enter(caller).await.map_err(|refused| match refused {
            Refused::Caller => Error::TooSoon(i64::try_from(refused.retry_after()).unwrap_or(i64::MAX)),
            Refused::Everybody => Failure::Busy(refused.into()).into(),
        })?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|error| Failure::internal("hashing a password", error).into())
    }
}

fn hasher() -> Result<Argon2<'static>, argon2::Error> {
    let (memory, passes, lanes) = COST;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None)?))
}

/// What keeps a hash from being made.
type HashingError = Box<dyn std::error::Error + Send + Sync>;

fn made(password: &[u8]) -> Result<String, HashingError> {
    let hash: PasswordHash = hasher()?.hash_password(password)?;
    Ok(hash.to_string())
}

fn compared(password: &Password, stored: Option<&str>) -> Fit {
    let nobody = NOBODY.as_deref();
    // What is kept and cannot be read fits nothing.
    let Some(hash) = stored.or(nobody).and_then(|text| PasswordHash::new(text).ok()) else { return Fit::No };
    let is_right = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    if !is_right || stored.is_none() {
        return Fit::No;
    }
    let renewed = if is_current(&hash) { None } else { made(password.as_bytes()).ok() };
    Fit::Yes { renewed }
}

/// Whether a hash was made as we make them today.
fn is_current(hash: &PasswordHash) -> bool {
    let (memory, passes, lanes) = COST;
    let is_argon2id = hash.algorithm.as_str() == Algorithm::Argon2id.as_str();
    let params = Params::try_from(hash).ok();
    let same =
        |params: Params| (params.m_cost(), params.t_cost(), params.p_cost()) == (memory, passes, lanes);
    is_argon2id && params.is_some_and(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::read(text).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_of_the_hash_fits_and_nothing_fits_nobody() {
        let hashing = Hashing::default();
        let stored = hashing.hash("x", NewPassword(password("right"))).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(
            stored,
            hashing.hash("x", NewPassword(password("right"))).await.unwrap(),
            "each has its own salt"
        );
        let fits = async |text, stored| hashing.fits("x", password(text), stored).await.unwrap();
        assert_eq!(fits("right", Some(stored.clone())).await, Fit::Yes { renewed: None });
        assert_eq!(fits("wrong", Some(stored)).await, Fit::No);
        for odd in [None, Some(String::new()), Some("right".into()), Some("$argon2id$v=19$m=8$x".into())] {
            assert_eq!(fits("right", odd).await, Fit::No);
        }
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_fits_and_is_made_anew() {
        let hashing = Hashing::default();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let stored: PasswordHash = cheap.hash_password(b"right").unwrap();
        let fit = hashing.fits("x", password("right"), Some(stored.to_string())).await.unwrap();
        let Fit::Yes { renewed: Some(renewed) } = fit else { panic!("{fit:?}") };
        let again = hashing.fits("x", password("right"), Some(renewed)).await.unwrap();
        assert_eq!(again, Fit::Yes { renewed: None });
        assert_eq!(hashing.fits("x", password("wrong"), Some(stored.to_string())).await.unwrap(), Fit::No);
    }

    #[tokio::test]
    async fn a_hash_that_another_program_made_is_read() {
        // The example of the reference implementation's README.
        let stored = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG".to_owned();
        let fit = Hashing::default().fits("x", password("password"), Some(stored)).await.unwrap();
        assert!(matches!(fit, Fit::Yes { renewed: Some(_) }), "{fit:?}");
    }

    #[tokio::test]
    async fn who_asks_for_too_much_waits_and_stands_in_nobodys_way() {
        let hashing = Hashing::default();
        let password = || NewPassword(password("x"));
        let _one = hashing.lane.enter("greedy").await.unwrap();
        let mut waiting: Vec<_> =
            (0..LIMITS.waiting_of_caller).map(|_| Box::pin(hashing.lane.enter("greedy"))).collect();
        for entering in &mut waiting {
            assert!(tokio::time::timeout(Duration::ZERO, entering.as_mut()).await.is_err());
        }
        assert!(matches!(hashing.hash("greedy", password()).await, Err(Error::TooSoon(_))));
        assert!(hashing.hash("somebody", password()).await.is_ok());
    }
}
