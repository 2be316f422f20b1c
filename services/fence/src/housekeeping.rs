//! What is cleared away from time to time: revoked tokens whose own time is over, and uploads in parts that
//! nobody will end.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use sqlx::PgPool;
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

use crate::{clock::now, service::Fence, store::denylist};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(3_600);
/// Clocks differ: a token is forgotten when it has been over for a day.
const GRACE: i64 = 86_400;
/// Tokens that one statement forgets, so that none holds up others for long.
const AT_ONCE: i64 = 1_000;

/// Clears away in the background, until it is stopped. Several processes may do so on one database.
#[derive(Debug)]
pub struct Housekeeping {
    task: JoinHandle<()>,
    stop: Arc<Notify>,
}

impl Housekeeping {
    /// Begins with the first round.
    pub fn start(fence: &Arc<Fence>) -> Self {
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(run(fence.clone(), stop.clone()));
        Self { task, stop }
    }

    /// Ends after the statement that is running.
    pub async fn stop(self) {
        self.stop.notify_one();
        // A task that has panicked has said so.
        let _ = self.task.await;
    }
}

async fn run(fence: Arc<Fence>, stop: Arc<Notify>) {
    loop {
        tokio::select! {
            () = round(&fence) => {}
            () = stop.notified() => return,
        }
        if timeout(PAUSE, stop.notified()).await.is_ok() {
            return;
        }
    }
}

async fn round(fence: &Fence) {
    match forget_tokens(&fence.pool).await {
        Ok(0) => {}
        Ok(tokens) => {
            tracing::info!(tokens.forgotten = tokens, "revoked tokens that are over were forgotten")
        }
        Err(error) => {
            let error = &error as &dyn StdError;
            tracing::warn!(error, "revoked tokens that are over could not be forgotten");
        }
    }
    match fence.give_up_unfinished().await {
        Ok(0) => {}
        Ok(uploads) => tracing::info!(uploads.given_up = uploads, "uploads that nobody ends were given up"),
        Err(error) => {
            let error = &error as &dyn StdError;
            tracing::warn!(error, "uploads that nobody ends could not be given up");
        }
    }
}

/// Forgets all revoked tokens that have been over for a day, and returns how many there were.
///
/// # Errors
/// When the database fails; what was forgotten before stays so.
pub async fn forget_tokens(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut all = 0;
    loop {
        let mut connection = pool.acquire().await?;
        let forgotten = denylist::forget(&mut connection, now() - GRACE, AT_ONCE).await?;
        all += forgotten;
        if forgotten < AT_ONCE.unsigned_abs() {
            return Ok(all);
        }
    }
}
