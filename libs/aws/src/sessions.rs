//! Credentials that outlive what is signed with them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use aws_config::SdkConfig;
use aws_credential_types::{
    Credentials,
    provider::{
        ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
        future::ProvideCredentials as Provided,
    },
};
use tokio::sync::Mutex;

/// What a call by ourselves takes at most, with its retries.
const CALL: Duration = Duration::from_secs(300);
/// A source that has just been asked gives nothing better: many URLs that are signed to live for longer than
/// a session does begin one session a minute and not one each. Whoever signs looks at the expiry.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// What the source gave last.
#[derive(Debug, Clone)]
struct Kept {
    credentials: Credentials,
    /// When it was asked last, whether it answered or not.
    asked: Instant,
}

impl Kept {
    fn lasts(&self, life: Duration) -> bool {
        let end = SystemTime::now() + life;
        self.credentials.expiry().is_none_or(|expiry| expiry > end)
    }
}

/// The credentials of one configuration, kept while they last. Signatures with temporary credentials end
/// with these, whatever life was signed: so they are renewed when less is left than is asked for.
#[derive(Debug)]
pub struct Sessions {
    provider: SharedCredentialsProvider,
    kept: RwLock<Option<Kept>>,
    /// Only one at a time asks the provider.
    renewing: Mutex<()>,
}

impl Sessions {
    /// Those of `config`; `None` if it has been made without credentials.
    pub fn of(config: &SdkConfig) -> Option<Self> {
        let provider = config.credentials_provider()?;
        Some(Self { provider, kept: RwLock::default(), renewing: Mutex::default() })
    }

    /// Credentials that are good for `life` from now, as far as their source gives such ones; at least they
    /// are good now.
    ///
    /// # Errors
    /// When there are none: nothing is configured, or the source refuses or does not answer.
    pub async fn living(&self, life: Duration) -> Result<Credentials, CredentialsError> {
        if let Some(kept) = self.good_for(life) {
            return Ok(kept.credentials);
        }
        let _renewing = self.renewing.lock().await;
        // Another one may have renewed them in the meantime.
        if let Some(kept) = self.good_for(life) {
            return Ok(kept.credentials);
        }
        match self.provider.provide_credentials().await {
            Ok(fresh) => Ok(self.keep(fresh)),
            Err(error) => match self.kept().filter(|kept| kept.lasts(Duration::ZERO)) {
                Some(kept) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "credentials of Amazon cannot be renewed; the last ones are used");
                    Ok(self.keep(kept.credentials))
                }
                None => Err(error),
            },
        }
    }

    /// Themselves, as clients take them.
    pub fn provider(self: Arc<Self>) -> Arc<dyn ProvideCredentials> {
        self
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is kept, if there is nothing better for `life`.
    fn good_for(&self, life: Duration) -> Option<Kept> {
        let is_the_best = |kept: &Kept| kept.asked.elapsed() < ASK_AGAIN && kept.lasts(Duration::ZERO);
        self.kept().filter(|kept| kept.lasts(life) || is_the_best(kept))
    }

    fn keep(&self, credentials: Credentials) -> Credentials {
        let kept = Kept { credentials: credentials.clone(), asked: Instant::now() };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        credentials
    }
}

impl ProvideCredentials for Sessions {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.living(CALL))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Gives sessions of an hour, numbered, as long as it is let to.
    #[derive(Debug, Default)]
    struct Hourly {
        given: AtomicU64,
        limit: u64,
    }

    impl ProvideCredentials for Hourly {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            if number > self.limit {
                return Provided::ready(Err(CredentialsError::not_loaded("no more")));
            }
            let expiry = Some(SystemTime::now() + HOUR);
            Provided::ready(Ok(Credentials::new(number.to_string(), "s", None, expiry, "test")))
        }
    }

    fn sessions(limit: u64) -> Sessions {
        Sessions {
            provider: SharedCredentialsProvider::new(Hourly { limit, ..Hourly::default() }),
            kept: RwLock::default(),
            renewing: Mutex::default(),
        }
    }

    impl Sessions {
        /// As if so much time had passed since the source was asked, and so much of its session were left.
        fn later(&self, passed: Duration, left: Duration) {
            let mut kept = self.kept.write().unwrap();
            let kept = kept.as_mut().unwrap();
            kept.asked = Instant::now().checked_sub(passed).unwrap();
            *kept.credentials.expiry_mut() = Some(SystemTime::now() + left);
        }
    }

    #[tokio::test]
    async fn a_session_is_kept_while_it_outlives_what_is_signed() {
        let sessions = sessions(9);
        let number = async |life| sessions.living(life).await.unwrap().access_key_id().to_owned();
        assert_eq!(number(HOUR).await, "1");
        assert_eq!(number(HOUR / 2).await, "1");
        sessions.later(ASK_AGAIN, HOUR / 4);
        assert_eq!(number(HOUR / 8).await, "1");
        assert_eq!(number(HOUR / 2).await, "2");
    }

    #[tokio::test]
    async fn urls_that_live_longer_than_a_session_begin_one_a_minute() {
        let sessions = sessions(9);
        let number = async || sessions.living(HOUR * 12).await.unwrap().access_key_id().to_owned();
        for _ in 0..3 {
            assert_eq!(number().await, "1", "the source gives no longer ones");
        }
        sessions.later(ASK_AGAIN, HOUR - ASK_AGAIN);
        for _ in 0..3 {
            assert_eq!(number().await, "2");
        }
        sessions.later(Duration::ZERO, Duration::ZERO);
        assert_eq!(number().await, "3", "a session that is over serves nobody");
    }

    #[tokio::test]
    async fn the_last_session_serves_while_its_source_does_not_answer() {
        let sessions = sessions(1);
        let number = async |life| sessions.living(life).await.map(|found| found.access_key_id().to_owned());
        assert_eq!(number(HOUR / 2).await.unwrap(), "1");
        sessions.later(ASK_AGAIN, HOUR / 4);
        for _ in 0..3 {
            assert_eq!(number(HOUR).await.unwrap(), "1");
        }
        sessions.later(ASK_AGAIN, Duration::ZERO);
        assert!(number(HOUR).await.is_err());
    }

    #[tokio::test]
    async fn a_source_that_does_not_answer_is_not_asked_for_each_url() {
        let source = Arc::new(Hourly { limit: 1, ..Hourly::default() });
        let shared: Arc<dyn ProvideCredentials> = source.clone();
        let sessions = Sessions { provider: SharedCredentialsProvider::new(shared), ..sessions(0) };
        sessions.living(HOUR / 2).await.unwrap();
        sessions.later(ASK_AGAIN, HOUR / 4);
        for _ in 0..3 {
            sessions.living(HOUR).await.unwrap();
        }
        assert_eq!(source.given.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn many_who_wait_ask_the_source_once() {
        let sessions = Arc::new(sessions(9));
        let asking = (0..50).map(|_| {
            let sessions = sessions.clone();
            tokio::spawn(async move { sessions.living(HOUR).await.unwrap().access_key_id().to_owned() })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), "1");
        }
    }
}
