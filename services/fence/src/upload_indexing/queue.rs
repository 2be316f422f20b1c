//! The source for stores elsewhere: a table of objects that are or will be uploaded, which several processes
//! work on together.

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::PgPool;
use storage::Location;
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use super::source::{Settlement, UploadSource};
use crate::store::uploads::{self, Held, PutBack};

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a look that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// An object is held for so long at a time. After the end of a process others take over what it held.
const HOLD: Duration = Duration::from_secs(60);
/// So many times within it, that time begins anew for what is in work.
const RENEWALS: u32 = 4;
/// Objects that are taken and not begun.
const AHEAD: usize = 4;

/// An object that is not there yet is looked for again and again, as long as it can be put.
const ABSENT: PutBack = PutBack {
    first_wait: Duration::from_secs(20),
    longest_wait: Duration::from_secs(1_800),
    patience: Duration::ZERO,
};
/// An object that could not be dealt with is tried for two weeks.
const GIVEN_UP: PutBack = PutBack {
    first_wait: Duration::from_secs(60),
    longest_wait: Duration::from_secs(3_600),
    patience: Duration::from_secs(14 * 24 * 3_600),
};

/// Whose rows a source takes and holds.
#[derive(Debug, Clone)]
struct Holder {
    pool: PgPool,
    id: Uuid,
    /// For so long at a time.
    hold: Duration,
    /// The URLs that are in work. What is not, such as one of which it cannot be noted what has become of it,
    /// is not held any longer.
    in_work: Arc<Mutex<BTreeSet<String>>>,
}

impl Holder {
    fn in_work(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.in_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of the objects of fence's table whose time has come.
#[derive(Debug)]
pub struct QueueSource {
    holder: Holder,
    taken: mpsc::Receiver<(Location, Held)>,
    told: HashMap<Location, Held>,
    tasks: [JoinHandle<()>; 2],
}

impl QueueSource {
    /// Works on the table in the migrated database of `pool`. Needs a tokio runtime.
    pub fn new(pool: PgPool) -> Self {
        Self::holding(pool, HOLD)
    }

    /// The same, where an object is held for `hold` at a time, and not for a minute.
    pub fn holding(pool: PgPool, hold: Duration) -> Self {
        let holder = Holder { pool, id: Uuid::new_v4(), hold, in_work: Arc::default() };
        let (sender, taken) = mpsc::channel(AHEAD);
        let tasks = [tokio::spawn(take(holder.clone(), sender)), tokio::spawn(renew(holder.clone()))];
        Self { holder, taken, told: HashMap::new(), tasks }
    }

    async fn settled(&self, held: &Held, settlement: Settlement) -> Result<bool, sqlx::Error> {
        let (mut connection, holder) = (self.holder.pool.acquire().await?, self.holder.id);
        match settlement {
            Settlement::Done => uploads::done(&mut connection, holder, held).await.map(|()| false),
            Settlement::Absent => {
                uploads::put_back(&mut connection, holder, held, ABSENT).await.map(|_| false)
            }
            Settlement::GivenUp => uploads::put_back(&mut connection, holder, held, GIVEN_UP).await,
        }
    }
}

impl Drop for QueueSource {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[async_trait]
impl UploadSource for QueueSource {
    async fn next(&mut self) -> Option<Location> {
        let (location, held) = self.taken.recv().await?;
        self.told.insert(location.clone(), held);
        Some(location)
    }

    async fn settle(&mut self, location: &Location, settlement: Settlement) {
        let Some(held) = self.told.remove(location) else { return };
        self.holder.in_work().remove(&held.url);
        match self.settled(&held, settlement).await {
            Ok(false) => {}
            Ok(true) => tracing::error!(
                bucket = location.bucket(),
                key = location.key(),
                "an upload could not be indexed for two weeks and is forgotten; see `commons index scan`"
            ),
            // It is taken again when its time is over, and then dealt with once more.
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "what has become of an upload cannot be noted");
            }
        }
    }

    async fn leave(&mut self) {
        self.taken.close();
        for task in &self.tasks {
            task.abort();
        }
        let Holder { pool, id, .. } = &self.holder;
        let left = async { uploads::leave(&mut *pool.acquire().await?, *id).await };
        if let Err(error) = left.await {
            let error = &error as &dyn Error;
            tracing::warn!(error, "uploads that are not indexed yet are held for another minute");
        }
    }
}

/// Takes what is due, as long as there is room for it.
async fn take(holder: Holder, sender: mpsc::Sender<(Location, Held)>) {
    let Holder { pool, id, hold, .. } = &holder;
    loop {
        let Ok(mut room) = sender.reserve_many(sender.capacity().max(1)).await else { return };
        let most = i64::try_from(room.len()).unwrap_or(1);
        let held = async { uploads::take(&mut *pool.acquire().await?, *id, *hold, most).await };
        let wait = match held.await {
            Ok(held) if held.is_empty() => Some(LOOK_EVERY),
            Ok(held) => {
                for held in held {
                    match (location(&held.url), room.next()) {
                        (Some(location), Some(place)) => {
                            holder.in_work().insert(held.url.clone());
                            place.send((location, held));
                        }
                        _ => forget(pool, *id, &held).await,
                    }
                }
                None
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "it cannot be seen which uploads have to be indexed");
                Some(LOOK_AGAIN)
            }
        };
        drop(room);
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
    }
}

fn location(url: &str) -> Option<Location> {
    Location::from_url(url)?.ok()
}

/// Of a table that only fence writes.
async fn forget(pool: &PgPool, holder: Uuid, held: &Held) {
    tracing::warn!("an upload is at a place that cannot be read");
    let forgotten = async { uploads::done(&mut *pool.acquire().await?, holder, held).await };
    if let Err(error) = forgotten.await {
        let error = &error as &dyn Error;
        tracing::warn!(error, "what has become of an upload cannot be noted");
    }
}

/// Goes on holding what is in work.
async fn renew(holder: Holder) {
    let Holder { pool, id, hold, .. } = &holder;
    loop {
        tokio::time::sleep(*hold / RENEWALS).await;
        let urls: Vec<String> = holder.in_work().iter().cloned().collect();
        if urls.is_empty() {
            continue;
        }
        let held = async { uploads::hold(&mut *pool.acquire().await?, *id, *hold, &urls).await };
        if let Err(error) = held.await {
            let error = &error as &dyn Error;
            tracing::warn!(error, "uploads that are being indexed may be read a second time");
        }
    }
}
