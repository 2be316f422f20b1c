//! The sign of life of this process. Without it, its pending transactions would count as given up.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use psqlgraph::running::Worker;
use sqlx::PgPool;
use tokio::{
    sync::OnceCell,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

/// How often others' unfinished transactions are looked for, and the own connection is tried.
const EVERY: Duration = Duration::from_secs(15);
/// A database that takes longer has gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two tries to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// See [`psqlgraph::running`].
pub(crate) struct Life {
    pool: PgPool,
    number: OnceCell<i32>,
}

impl Life {
    /// Begins as soon as the database answers, and lasts until it is dropped.
    pub(crate) fn begin(pool: PgPool) -> Arc<Self> {
        let life = Arc::new(Self { pool, number: OnceCell::new() });
        // Without a runtime there is nobody yet who could work; the first transaction begins it then.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let life = Arc::downgrade(&life);
            runtime.spawn(async move {
                while let Some(life) = life.upgrade()
                    && let Err(error) = life.number().await
                {
                    tracing::debug!(error = ?error, "the graph database does not answer yet");
                    drop(life);
                    sleep(PAUSE).await;
                }
            });
        }
        life
    }

    /// The number under which transactions are noted as running, once the database knows that this process
    /// lives.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn number(self: &Arc<Self>) -> Result<i32, sqlx::Error> {
        let begin = async || {
            let worker = Worker::start(&self.pool.connect_options()).await?;
            let number = worker.number();
            tokio::spawn(keep(Arc::downgrade(self), self.pool.clone(), worker));
            Ok::<i32, sqlx::Error>(number)
        };
        Ok(*self.number.get_or_try_init(begin).await?)
    }
}

/// Sweeps at once and then regularly, which also shows whether the connection still stands.
async fn keep(life: Weak<Life>, pool: PgPool, worker: Worker) {
    let mut worker = worker;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while life.strong_count() > 0 {
        ticks.tick().await;
        let reason = match timeout(PATIENCE, worker.sweep()).await {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it takes too long".to_owned(),
        };
        tracing::warn!(error = reason, "the graph database cannot be asked for unfinished transactions");
        let number = worker.number();
        drop(worker);
        let Some(resumed) = resume(&life, &pool, number).await else { return };
        worker = resumed;
    }
}

/// `None` when it is no longer needed.
async fn resume(life: &Weak<Life>, pool: &PgPool, number: i32) -> Option<Worker> {
    while life.strong_count() > 0 {
        if let Ok(Ok(Some(worker))) = timeout(PATIENCE, Worker::resume(&pool.connect_options(), number)).await
        {
            return Some(worker);
        }
        sleep(PAUSE).await;
    }
    None
}
