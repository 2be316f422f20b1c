//! Attempts to show a password or a code: each counts as failed until it has turned out to be good.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::{
    error::Error,
    local::{
        codes,
        guesses::{self, Count},
    },
    service::Fence,
    store::{local_accounts, local_guesses},
};

/// The cookie by which a browser is known again in which somebody has logged in by a password.
pub(crate) const DEVICE_COOKIE: &str = "local_device";
const MILLISECONDS: i64 = 1_000;

/// Where an attempt comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    address: Option<IpAddr>,
    device: Option<String>,
}

impl Origin {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let cookie = request.cookie(DEVICE_COOKIE).map(|cookie| cookie.value().to_owned());
        Self { address: web::client_address(request), device: cookie.filter(|code| codes::is_code(code)) }
    }

    /// What the browser says that it is.
    pub(crate) fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }
}

/// How an attempt has ended that was a good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Good {
    /// Everything was shown that the account asks for: nothing is held against this network or browser.
    Whole,
    /// There is more to show; the attempt itself was no failure.
    Half,
}

/// An attempt that is allowed now.
#[derive(Debug)]
pub(super) struct Attempt {
    counts: Vec<Count>,
    /// Who makes it: a known browser, or a network.
    pub(super) caller: String,
}

impl Attempt {
    /// Begins an attempt to be `username`.
    ///
    /// # Errors
    /// 429 where somebody has to wait.
    pub(super) async fn begin(fence: &Fence, username: &str, origin: &Origin) -> Result<Self, Error> {
        let mut transaction = fence.pool.begin().await?;
        let known = match origin.device() {
            Some(device) => {
                let digest = codes::digest(device);
                local_accounts::is_known_device(&mut transaction, username, &digest).await?
            }
            None => false,
        };
        let device = origin.device().filter(|_| known);
        let counts = guesses::counts(username, origin.address, device);
        let caller = device.map_or_else(|| guesses::network(origin.address), str::to_owned);
        for Count { key, limit } in &counts {
            let earlier = local_guesses::locked(&mut transaction, key).await?;
            if let Some(wait) = limit.wait(earlier.failures, earlier.since_last) {
                tracing::warn!(wait_ms = wait, "an attempt to log in has come too soon after failed ones");
                // What was counted of this attempt is rolled back.
                return Err(Error::TooSoon(wait.div_euclid(MILLISECONDS) + 1));
            }
            let failures = earlier.failures.saturating_add(1);
            local_guesses::count(&mut transaction, key, failures, limit.keep(failures)).await?;
        }
        local_guesses::prune(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Self { counts, caller })
    }

    /// The attempt was a good one.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn succeed(self, fence: &Fence, good: Good) -> Result<(), Error> {
        let keys = |counts: &[Count]| counts.iter().map(|count| count.key.to_vec()).collect::<Vec<_>>();
        let mut transaction = fence.pool.begin().await?;
        match (good, self.counts.split_first()) {
            (Good::Whole, Some((near, everywhere))) => {
                local_guesses::forget(&mut transaction, &near.key).await?;
                local_guesses::take_back(&mut transaction, &keys(everywhere)).await?;
            }
            (Good::Half, _) | (Good::Whole, None) => {
                local_guesses::take_back(&mut transaction, &keys(&self.counts)).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}
