//! Lookups of many requests in one statement.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};

/// So many keys are looked up at once; the others wait for their turn.
const AT_ONCE: usize = 256;
/// The connection is kept for this long after the last lookup: giving it back and getting it again takes two
/// round trips to the server.
const LINGER: Duration = Duration::from_millis(10);

/// Something that is looked up by keys.
pub trait Lookup: Send + Sync + 'static {
    /// What is asked for.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// What is found.
    type Found: Clone + Send + Sync + 'static;

    /// Returns what there is of `keys`, each of which is given once. There are a few of them, or some hundred
    /// when very many ask at the same time.
    fn find(
        &self,
        connection: &mut PgConnection,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Found>, sqlx::Error>> + Send;
}

/// Looks up for many requests at once what each of them asks for.
///
/// While one statement is under way, those who come meanwhile wait, and the next statement asks for all of
/// them. So nobody gets an answer that is older than the question, as from a cache, and the more ask, the
/// less each of them costs. One connection of the pool serves all.
pub struct Gathered<L: Lookup> {
    shared: Arc<Shared<L>>,
}

impl<L: Lookup> std::fmt::Debug for Gathered<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gathered").finish_non_exhaustive()
    }
}

struct Shared<L: Lookup> {
    lookup: L,
    pool: PgPool,
    desk: Mutex<Desk<L>>,
    came: Notify,
}

/// Who waits, and whether somebody works for them.
struct Desk<L: Lookup> {
    waiting: Vec<Waiting<L>>,
    is_staffed: bool,
}

struct Waiting<L: Lookup> {
    key: L::Key,
    answer: oneshot::Sender<Answer<L>>,
}

type Answer<L> = Result<Option<<L as Lookup>::Found>, LookupError>;

/// Why a lookup failed. All who waited for it get the same.
#[derive(Debug, Clone)]
pub struct LookupError(Arc<sqlx::Error>);

impl std::fmt::Display for LookupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a lookup in the database failed")
    }
}

impl std::error::Error for LookupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

impl From<sqlx::Error> for LookupError {
    fn from(error: sqlx::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl<L: Lookup> Gathered<L> {
    /// Looks up by `lookup` on connections of `pool`.
    pub fn new(pool: PgPool, lookup: L) -> Self {
        let desk = Mutex::new(Desk { waiting: Vec::new(), is_staffed: false });
        Self { shared: Arc::new(Shared { lookup, pool, desk, came: Notify::new() }) }
    }

    /// Returns what there is of `key`, as of a moment after this was called.
    ///
    /// # Errors
    /// That of the statement, which many may get.
    pub async fn get(&self, key: L::Key) -> Answer<L> {
        let (answer, answered) = oneshot::channel();
        let must_staff = {
            let mut desk = self.shared.desk();
            desk.waiting.push(Waiting { key, answer });
            !std::mem::replace(&mut desk.is_staffed, true)
        };
        if must_staff {
            // A task of its own, because whoever came first may go away.
            tokio::spawn(work(Shift { shared: self.shared.clone(), is_over: false }));
        } else {
            self.shared.came.notify_one();
        }
        answered.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }
}

impl<L: Lookup> Shared<L> {
    fn desk(&self) -> MutexGuard<'_, Desk<L>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes those who wait, as many as are served at once.
    fn take(&self) -> Vec<Waiting<L>> {
        let mut desk = self.desk();
        let count = desk.waiting.len().min(AT_ONCE);
        desk.waiting.drain(..count).collect()
    }

    /// Ends the work, unless somebody waits.
    fn leave(&self) -> bool {
        let mut desk = self.desk();
        desk.is_staffed = !desk.waiting.is_empty();
        !desk.is_staffed
    }

    /// Answers those who wait, and returns whether the connection can be used on.
    async fn serve(&self, connection: &mut PgConnection, waiting: Vec<Waiting<L>>) -> bool {
        let mut by_key: HashMap<L::Key, Vec<oneshot::Sender<Answer<L>>>> = HashMap::new();
        for Waiting { key, answer } in waiting {
            by_key.entry(key).or_default().push(answer);
        }
        let keys: Vec<L::Key> = by_key.keys().cloned().collect();
        match self.lookup.find(connection, &keys).await {
            Ok(mut found) => {
                for (key, answers) in by_key {
                    let found = found.remove(&key);
                    // Who has gone away does not need the answer.
                    answers.into_iter().for_each(|answer| drop(answer.send(Ok(found.clone()))));
                }
                true
            }
            Err(error) => {
                refuse(by_key.into_values().flatten(), error);
                false
            }
        }
    }
}

fn refuse<T>(answers: impl Iterator<Item = oneshot::Sender<Result<T, LookupError>>>, error: sqlx::Error) {
    let error = LookupError::from(error);
    answers.for_each(|answer| drop(answer.send(Err(error.clone()))));
}

/// Somebody at work. If the task ends before its time, those who wait are told so, and the next one comes.
struct Shift<L: Lookup> {
    shared: Arc<Shared<L>>,
    is_over: bool,
}

impl<L: Lookup> Drop for Shift<L> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut desk = self.shared.desk();
            desk.waiting.clear();
            desk.is_staffed = false;
        }
    }
}

async fn work<L: Lookup>(mut shift: Shift<L>) {
    let shared = shift.shared.clone();
    while !shift.is_over {
        match shared.pool.acquire().await {
            Ok(mut connection) => serve_all(&shared, &mut connection).await,
            Err(error) => refuse(shared.take().into_iter().map(|waiting| waiting.answer), error),
        }
        shift.is_over = shared.leave();
    }
}

/// Serves until nobody comes any more, or the connection fails.
async fn serve_all<L: Lookup>(shared: &Shared<L>, connection: &mut PgConnection) {
    loop {
        let waiting = shared.take();
        if waiting.is_empty() {
            if timeout(LINGER, shared.came.notified()).await.is_err() {
                return;
            }
        } else if !shared.serve(connection, waiting).await {
            return;
        }
    }
}
