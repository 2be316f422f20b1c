//! Writes to the file index that must be taken back when the graph is not written: see [`psqlgraph::outbox`].
//!
//! They are noted before they are done. A transaction that fails takes them back at once; what nobody took
//! back, because the process was killed or the database was away, is taken back by the sweep of this process
//! or of another one, within a minute.

use std::{
    sync::{Arc, Once, Weak},
    time::Duration,
};

use indexclient::{Caller, IndexClient, IndexError, NewRecord, Record, RecordPatch};
use psqlgraph::{
    outbox::{self, Change, Intent, Note},
    transactions::{self, State, TransactionId},
};
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::{Error, runtime::life::Life};

/// Connections beside those of requests: a transaction that waited for one of those, while it holds one
/// already, could wait for itself.
const CONNECTIONS: u32 = 3;
/// A note waits this long for one of them.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// They are closed when nobody needed them for this long.
const IDLE: Duration = Duration::from_secs(60);
/// The log is asked for this long how a transaction ended.
const DOUBT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// A round of the sweep that takes longer is begun anew: the network may have gone without a word.
const SWEEP: Duration = Duration::from_secs(600);

/// Notes what is written to the index, and takes back what came to nothing.
pub(crate) struct Outbox {
    pool: PgPool,
    index: Arc<dyn IndexClient>,
    life: Arc<Life>,
    every: Duration,
    sweeping: Once,
}

/// How taking back went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenBack {
    /// Nothing is noted any more.
    Yes,
    /// Others rely on records just now, or the transaction is just being committed.
    NotNow,
}

impl Outbox {
    /// Sweeps from now on, or, outside of a runtime, from the first note on.
    pub(crate) fn begin(
        pool: &PgPool,
        index: Arc<dyn IndexClient>,
        life: Arc<Life>,
        every: Duration,
    ) -> Arc<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE)
            .connect_lazy_with((*pool.connect_options()).clone());
        let outbox = Arc::new(Self { pool, index, life, every, sweeping: Once::new() });
        if tokio::runtime::Handle::try_current().is_ok() {
            outbox.start();
        }
        outbox
    }

    fn start(self: &Arc<Self>) {
        self.sweeping.call_once(|| {
            tokio::spawn(keep(Arc::downgrade(self), self.every));
        });
    }

    /// Chooses the names of records that have none, and notes that `id` makes them. Returns how many were
    /// noted. They are known by a `baseid` that is chosen here, so that taking back never takes what another
    /// one made under the same GUID.
    pub(crate) async fn note_new(
        self: &Arc<Self>,
        id: TransactionId,
        records: &mut [NewRecord],
    ) -> Result<u64, NotNoted> {
        let nameless = records.iter().filter(|record| record.did.is_none()).count();
        let mut minted =
            if nameless == 0 { Vec::new() } else { self.index.mint(nameless).await? }.into_iter();
        let mut intents = Vec::with_capacity(records.len());
        for record in records {
            let did = match &record.did {
                Some(did) => did.clone(),
                None => {
                    let none = || IndexError::Unavailable("it minted too few GUIDs".to_owned());
                    minted.next().ok_or_else(none)?
                }
            };
            let baseid = uuid::Uuid::new_v4().to_string();
            (record.did, record.baseid) = (Some(did.clone()), Some(baseid.clone()));
            intents.push(Intent { did, change: Change::Create { baseid } });
        }
        Ok(self.note(id, &intents).await?)
    }

    /// Notes that `id` patches a record.
    pub(crate) async fn note_patch(
        self: &Arc<Self>,
        id: TransactionId,
        did: &str,
        patch: &RecordPatch,
        undo: &RecordPatch,
    ) -> Result<u64, Error> {
        let json = |patch: &RecordPatch| {
            serde_json::to_value(patch)
                .map_err(|error| Error::internal("noting a change of the index", error))
        };
        let change = Change::Patch { patch: json(patch)?, undo: json(undo)? };
        self.note(id, &[Intent { did: did.to_owned(), change }]).await
    }

    async fn note(self: &Arc<Self>, id: TransactionId, intents: &[Intent]) -> Result<u64, Error> {
        self.start();
        let worker = self.life.number().await?;
        let mut connection = self.pool.acquire().await?;
        outbox::note(&mut connection, id, worker, intents).await?;
        Ok(intents.len() as u64)
    }

    /// Whether `id` was committed, after an attempt whose answer was lost. `None` when the database cannot be
    /// asked.
    pub(crate) async fn was_committed(&self, id: TransactionId) -> Option<bool> {
        let begun = Instant::now();
        loop {
            match self.state(id).await {
                Ok(state) => return Some(state.is_some_and(|state| state == State::Succeeded.as_str())),
                Err(error) if begun.elapsed() > DOUBT => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(transaction.id = id.0, error, "it is not known whether it was committed");
                    return None;
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn state(&self, id: TransactionId) -> Result<Option<String>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // The lock waits for a commit that the server is still busy with.
        let state = transactions::lock(&mut transaction, id).await?.map(|log| log.state);
        transaction.rollback().await?;
        Ok(state)
    }

    /// Takes back what a transaction that failed has written to the index. What cannot be taken back now is
    /// left to the sweep.
    pub(crate) async fn take_back(&self, id: TransactionId) {
        match self.settle(id).await {
            Ok(TakenBack::Yes) => {}
            Ok(TakenBack::NotNow) => tracing::info!(
                transaction.id = id.0,
                "records of a failed transaction are taken back later, for others look for records now"
            ),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    transaction.id = id.0,
                    error,
                    "records of a failed transaction are taken back later"
                );
            }
        }
    }

    async fn settle(&self, id: TransactionId) -> Result<TakenBack, Error> {
        settle(&mut *self.pool.acquire().await?, &*self.index, id).await
    }

    /// Takes back what nobody works on any more.
    async fn sweep(&self) -> Result<(), Error> {
        let worker = self.life.number().await?;
        let mut connection = self.pool.acquire().await?;
        let (own, of_dead) = outbox::unfinished(&mut connection, Some(worker)).await?;
        // Whoever notes something is at work before and until it has ended.
        let own = own.into_iter().filter(|id| !self.life.works_on(*id));
        for id in own.chain(of_dead) {
            let done = settle(&mut connection, &*self.index, id).await?;
            if done == TakenBack::Yes {
                tracing::warn!(transaction.id = id.0, "the index is as if the transaction had not been");
            }
        }
        Ok(())
    }
}

/// Takes back what a transaction without success has written to the index.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    index: &dyn IndexClient,
    id: TransactionId,
) -> Result<TakenBack, Error> {
    let mut transaction = sqlx::Connection::begin(connection).await?;
    if !outbox::lock_alone(&mut transaction).await? {
        return Ok(TakenBack::NotNow);
    }
    let Some(notes) = outbox::lock_notes(&mut transaction, id).await? else { return Ok(TakenBack::NotNow) };
    for note in notes.iter().filter(|note| !note.is_relied_on) {
        match undo(index, note).await {
            Ok(()) | Err(IndexError::NotFound(_)) => {}
            Err(error) => {
                return Err(Error::internal("taking back a record of the file index", error));
            }
        }
    }
    outbox::close(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(TakenBack::Yes)
}

async fn undo(index: &dyn IndexClient, note: &Note) -> Result<(), IndexError> {
    let Intent { did, change } = &note.intent;
    let record = index.get_many(std::slice::from_ref(did)).await?.into_iter().next();
    let Some(record) = record else { return Ok(()) };
    match change {
        Change::Create { baseid } if record.baseid == *baseid => {
            index.delete(&Caller::Service, &record.revision()).await
        }
        // Somebody else has made it.
        Change::Create { .. } => Ok(()),
        Change::Patch { patch, undo } => put_back(index, &record, patch, undo).await,
    }
}

async fn put_back(
    index: &dyn IndexClient,
    record: &Record,
    patch: &serde_json::Value,
    undo: &serde_json::Value,
) -> Result<(), IndexError> {
    let read = |patch: &serde_json::Value| serde_json::from_value::<RecordPatch>(patch.clone());
    let (Ok(patch), Ok(undo)) = (read(patch), read(undo)) else {
        tracing::error!(index.did = record.did, "a noted change of a record cannot be read");
        return Ok(());
    };
    // It was not written, or somebody has changed the record since: then it stays as they want it.
    if !patch.is_applied_to(record) {
        return Ok(());
    }
    index.update(&Caller::Service, &record.revision(), &undo).await.map(|_| ())
}

/// Why nothing was noted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotNoted {
    /// The index gives no names.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The database fails.
    #[error(transparent)]
    Other(#[from] Error),
}

async fn keep(outbox: Weak<Outbox>, every: Duration) {
    while let Some(strong) = outbox.upgrade() {
        match timeout(SWEEP, strong.sweep()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "the index could not be made to agree with the graph; it is tried again"
                );
            }
            Err(_) => tracing::warn!("taking back records of failed transactions takes too long; it goes on"),
        }
        drop(strong);
        sleep(every).await;
    }
}
