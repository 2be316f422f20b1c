//! The keys that an issuer publishes, kept as fresh as a withdrawn key demands.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;
use tokio::sync::Mutex;

use crate::{Jwk, Jwks, TokenError};

/// Verification keys by `kid`.
pub(crate) type KeyMap = HashMap<String, Arc<DecodingKey>>;

/// How long a fetch of the key set may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// When keys are fetched again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    /// Older keys are fetched again by whoever comes next, while others go on with them.
    pub(crate) renew_after: Duration,
    /// Still older ones are not believed before that fetch has come to an end.
    pub(crate) believe_for: Duration,
    /// An issuer is asked no more often than this, whatever keys tokens name and however it fails.
    pub(crate) ask_at_most_every: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            renew_after: Duration::from_secs(30),
            believe_for: Duration::from_secs(60),
            ask_at_most_every: Duration::from_secs(5),
        }
    }
}

/// What was published when it was last asked for.
#[derive(Default)]
struct Known {
    keys: KeyMap,
    /// When these keys came; `None` before the first answer.
    since: Option<Instant>,
}

/// The key set at an address.
pub(crate) struct PublishedKeys {
    url: String,
    client: reqwest::Client,
    freshness: Freshness,
    known: ArcSwap<Known>,
    /// When the issuer was last asked. Whoever holds the lock asks.
    asked: Mutex<Option<Instant>>,
    fetched: AtomicU64,
    failed: AtomicU64,
}

/// How a key set is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) keys: usize,
    /// How long ago they came, if they ever did.
    pub(crate) age: Option<Duration>,
    /// How often the issuer has answered,
    pub(crate) fetched: u64,
    /// and how often it has not.
    pub(crate) failed: u64,
}

impl PublishedKeys {
    pub(crate) fn new(url: String, client: reqwest::Client, freshness: Freshness) -> Self {
        let (fetched, failed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { url, client, freshness, known: ArcSwap::default(), asked: Mutex::new(None), fetched, failed }
    }

    pub(crate) fn condition(&self) -> Condition {
        let known = self.known.load();
        Condition {
            keys: known.keys.len(),
            age: known.since.map(|since| since.elapsed()),
            fetched: self.fetched.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// The key of this id, as published within the last minute or so. An issuer that does not answer keeps
    /// the keys that it had: otherwise a failure there would log everybody out here.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], or [`TokenError::KeysUnavailable`] for an issuer that has never answered.
    pub(crate) async fn key(&self, kid: &str) -> Result<Arc<DecodingKey>, TokenError> {
        let known = self.known.load_full();
        let age = known.since.map(|since| since.elapsed());
        if let (Some(key), Some(age)) = (known.keys.get(kid), age) {
            if age < self.freshness.renew_after {
                return Ok(key.clone());
            }
            if age < self.freshness.believe_for {
                let Ok(asked) = self.asked.try_lock() else { return Ok(key.clone()) };
                return self.renewed(asked, kid).await;
            }
        }
        self.renewed(self.asked.lock().await, kid).await
    }

    /// The key of this id after the issuer was asked, unless it was asked just now.
    async fn renewed(
        &self,
        mut asked: tokio::sync::MutexGuard<'_, Option<Instant>>,
        kid: &str,
    ) -> Result<Arc<DecodingKey>, TokenError> {
        let just_asked = asked.is_some_and(|at| at.elapsed() < self.freshness.ask_at_most_every);
        // Another task may have asked while this one waited for the lock: then its answer is fresh, or there
        // is none.
        let fresh = self.known.load().since.is_some_and(|since| since.elapsed() < self.freshness.renew_after);
        let is_known = self.known.load().keys.contains_key(kid);
        let failed = if just_asked || (fresh && is_known) {
            None
        } else {
            *asked = Some(Instant::now());
            match fetch(&self.client, &self.url).await {
                Ok(jwks) => {
                    self.fetched.fetch_add(1, Ordering::Relaxed);
                    let known = Known { keys: decoding_keys(&jwks.keys), since: Some(Instant::now()) };
                    self.known.store(Arc::new(known));
                    None
                }
                Err(error) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    Some(error)
                }
            }
        };
        let known = self.known.load();
        match known.keys.get(kid) {
            Some(key) => Ok(key.clone()),
            None if known.since.is_none() => Err(failed.unwrap_or(TokenError::KeysUnavailable)),
            None => Err(failed.unwrap_or(TokenError::UnknownKey)),
        }
    }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Jwks, TokenError> {
    let answer = client.get(url).timeout(FETCH_TIMEOUT).send().await.and_then(|r| r.error_for_status());
    let jwks = match answer {
        Ok(response) => response.json::<Jwks>().await,
        Err(error) => Err(error),
    };
    jwks.map_err(|error| {
        tracing::warn!(jwks.url = url, error = %error, "cannot fetch the key set");
        TokenError::KeysUnavailable
    })
}

fn decoding_keys(keys: &[Jwk]) -> KeyMap {
    let mut map = KeyMap::new();
    for jwk in keys {
        let (Some(kid), "RSA") = (&jwk.kid, jwk.kty.as_str()) else { continue };
        match DecodingKey::from_rsa_components(&jwk.n, &jwk.e) {
            Ok(key) => {
                map.insert(kid.clone(), Arc::new(key));
            }
            Err(error) => tracing::warn!(key.id = %kid, error = %error, "ignoring a malformed published key"),
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex as StdMutex,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::SigningKeys;

    /// An issuer that publishes what it is told, or nothing.
    struct Issuer {
        url: String,
        published: Arc<StdMutex<Option<Jwks>>>,
        asked: Arc<AtomicUsize>,
    }

    impl Issuer {
        async fn new(keys: &SigningKeys) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/jwks", listener.local_addr().unwrap());
            let published = Arc::new(StdMutex::new(Some(keys.jwks())));
            let asked = Arc::new(AtomicUsize::new(0));
            let (answers, count) = (published.clone(), asked.clone());
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    count.fetch_add(1, Ordering::SeqCst);
                    let body =
                        answers.lock().unwrap().as_ref().map(|jwks| serde_json::to_string(jwks).unwrap());
                    let (status, body) = body.map_or(("503 Down", String::new()), |body| ("200 OK", body));
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
            Self { url, published, asked }
        }

        fn publish(&self, keys: Option<&SigningKeys>) {
            *self.published.lock().unwrap() = keys.map(SigningKeys::jwks);
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    fn keys_at(issuer: &Issuer, freshness: Freshness) -> PublishedKeys {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        PublishedKeys::new(issuer.url.clone(), reqwest::Client::new(), freshness)
    }

    const ALWAYS: Freshness = Freshness {
        renew_after: Duration::ZERO,
        believe_for: Duration::ZERO,
        ask_at_most_every: Duration::ZERO,
    };

    fn kid(keys: &SigningKeys) -> String {
        keys.signing().kid.clone()
    }

    #[tokio::test]
    async fn a_withdrawn_key_is_not_believed_for_long_although_no_unknown_one_comes() {
        let (old, new) = (SigningKeys::ephemeral("old").unwrap(), SigningKeys::ephemeral("new").unwrap());
        let issuer = Issuer::new(&old).await;
        let short = Freshness {
            renew_after: Duration::from_millis(100),
            believe_for: Duration::from_millis(200),
            ask_at_most_every: Duration::from_millis(10),
        };
        let keys = keys_at(&issuer, short);
        assert!(keys.key(&kid(&old)).await.is_ok());
        issuer.publish(Some(&new));
        assert!(keys.key(&kid(&old)).await.is_ok(), "it is fresh");
        tokio::time::sleep(short.believe_for).await;
        assert_eq!(keys.key(&kid(&old)).await.err(), Some(TokenError::UnknownKey));
        assert!(keys.key(&kid(&new)).await.is_ok());
    }

    #[tokio::test]
    async fn fresh_keys_are_not_fetched_again_and_unknown_ones_only_now_and_then() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let issuer = Issuer::new(&keys).await;
        let published = keys_at(&issuer, Freshness::default());
        for _ in 0..20 {
            assert!(published.key(&kid(&keys)).await.is_ok());
            assert_eq!(published.key("unknown").await.err(), Some(TokenError::UnknownKey));
        }
        assert_eq!(issuer.asked(), 1);
    }

    #[tokio::test]
    async fn an_issuer_that_is_down_keeps_its_keys_and_one_that_never_answered_has_none() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let issuer = Issuer::new(&keys).await;
        issuer.publish(None);
        let published = keys_at(&issuer, ALWAYS);
        assert_eq!(published.key(&kid(&keys)).await.err(), Some(TokenError::KeysUnavailable));
        issuer.publish(Some(&keys));
        assert!(published.key(&kid(&keys)).await.is_ok());
        issuer.publish(None);
        assert!(published.key(&kid(&keys)).await.is_ok());
        assert_eq!(published.key("unknown").await.err(), Some(TokenError::KeysUnavailable));
    }
}
