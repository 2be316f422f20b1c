//! The sign of life of this process. Without it, its pending transactions would count as given up.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use psqlgraph::{running::Worker, transactions::TransactionId};
use sqlx::PgPool;
use tokio::{
    sync::OnceCell,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

/// A database that takes longer has gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two tries to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// See [`psqlgraph::running`].
pub(crate) struct Life {
    pool: PgPool,
    /// How often unfinished transactions are looked for, and the own connection is tried.
    every: Duration,
    number: OnceCell<i32>,
    /// How many work on each transaction.
    working: Mutex<BTreeMap<TransactionId, usize>>,
}

/// Somebody works on a transaction, until it is dropped.
pub(crate) struct Working {
    life: Arc<Life>,
    id: TransactionId,
}

impl Drop for Working {
    fn drop(&mut self) {
        let mut working = self.life.working.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = working.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                working.remove(&self.id);
            }
        }
    }
}

impl Life {
    /// Begins as soon as the database answers, and lasts until it is dropped.
    pub(crate) fn begin(pool: PgPool, every: Duration) -> Arc<Self> {
        let life = Arc::new(Self { pool, every, number: OnceCell::new(), working: Mutex::default() });
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

    /// Says that somebody works on a transaction.
    pub(crate) fn work_on(self: &Arc<Self>, id: TransactionId) -> Working {
        let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        *working.entry(id).or_default() += 1;
        Working { life: self.clone(), id }
    }

    /// Whether somebody works on a transaction.
    pub(crate) fn works_on(&self, id: TransactionId) -> bool {
        self.working.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }
}

/// Sweeps at once and then regularly, which also shows whether the connection still stands.
async fn keep(life: Weak<Life>, pool: PgPool, worker: Worker) {
    let Some(every) = life.upgrade().map(|life| life.every) else { return };
    let (mut worker, mut suspects) = (worker, BTreeSet::new());
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while life.strong_count() > 0 {
        ticks.tick().await;
        let reason = match timeout(PATIENCE, sweep(&life, &mut worker, &mut suspects)).await {
            Ok(Ok(())) => continue,
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

/// Ends the transactions of dead workers, and those of this one that it no longer works on. A transaction is
/// noted a moment before its id is known here, so that it has to be seen twice.
async fn sweep(
    life: &Weak<Life>,
    worker: &mut Worker,
    suspects: &mut BTreeSet<TransactionId>,
) -> Result<(), sqlx::Error> {
    worker.sweep().await?;
    let noted = worker.noted().await?;
    let Some(life) = life.upgrade() else { return Ok(()) };
    let idle: BTreeSet<TransactionId> = noted.into_iter().filter(|id| !life.works_on(*id)).collect();
    let given_up: Vec<TransactionId> = idle.intersection(suspects).copied().collect();
    if !given_up.is_empty() {
        worker.give_up(&given_up).await?;
        tracing::warn!(
            transactions = given_up.len(),
            "transactions that were given up are marked as errored"
        );
    }
    *suspects = idle;
    Ok(())
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
