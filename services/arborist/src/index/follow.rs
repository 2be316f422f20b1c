//! How the index follows the tables: notices of changes make it quick, and looking makes it right.

use std::{error::Error, sync::Arc, time::Duration};

use database::Work;
use decisions::{Index, Structure, Users};
use sqlx::{Acquire as _, PgConnection, PgPool, postgres::PgListener};
use tokio::{
    task::{AbortHandle, spawn_blocking},
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    live::{Current, Live, Tables},
    written::Names,
};
use crate::store::index::{self as store, ChangedUsers, Changes, Look, Position};

/// How often the index is compared with the tables when there is no notice. It is what a change takes that
/// nobody gives notice of, such as behind a pooler that does not pass notices on.
pub(super) const POLL: Duration = Duration::from_millis(500);
/// After a failure it tries again this soon.
const RETRY: Duration = Duration::from_millis(250);
/// Connecting, and looking, may take this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reading all tables may take this long: minutes, for millions of grants on a busy server.
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(600);
/// After the structure has been built, the next building waits for this many times the time that it took;
/// until then the tables are asked. Else a long list of new resources would be built again and again.
const REST: u32 = 2;
/// Old changes are forgotten after this many new ones.
const FORGET_AFTER: i64 = 1_000;

/// Ends the following when it is dropped.
#[derive(Debug)]
pub(crate) struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets `live` follow the tables of `pool`, over a connection of its own. Needs a runtime.
pub(crate) fn follow(live: Arc<Live>, pool: PgPool) -> Following {
    let closed = pool.close_event();
    let task = tokio::spawn(async move {
        let mut closed = closed;
        // An error says that the pool was closed.
        let _ = closed.do_until(keep_following(&live, &pool)).await;
        live.lose();
    });
    Following(task.abort_handle())
}

async fn keep_following(live: &Live, pool: &PgPool) {
    let mut follower = Follower { live, known: None, forgotten: 0, rest_until: Instant::now() };
    let mut told = false;
    loop {
        let result = match connect(pool).await {
            Ok(mut listener) => follower.run(&mut listener, &mut told).await,
            Err(error) => Err(error),
        };
        live.lose();
        if let Err(error) = result
            && !told
        {
            told = true;
            let error = &error as &dyn Error;
            tracing::warn!(
                error,
                "the decisions in memory cannot follow the database, which is asked instead"
            );
        }
        sleep(RETRY).await;
    }
}

async fn connect(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    // While the server is away, `database` changes the options.
    let own = database::pool(pool.connect_options().as_ref().clone(), Work::Small, 1);
    let connecting = async {
        let mut listener = PgListener::connect_with(&own).await?;
        listener.eager_reconnect(false);
        listener.listen(store::CHANNEL).await?;
        Ok(listener)
    };
    within(PATIENCE, connecting).await
}

async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(patience, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

struct Follower<'a> {
    live: &'a Live,
    /// How far the index is.
    known: Option<Position>,
    /// How far the tables were when old changes were last forgotten.
    forgotten: i64,
    /// The structure is not built before this.
    rest_until: Instant,
}

impl Follower<'_> {
    /// Follows over one connection; returns when it is lost.
    async fn run(&mut self, listener: &mut PgListener, told: &mut bool) -> Result<(), sqlx::Error> {
        loop {
            self.compare(within(PATIENCE, listener.acquire()).await?).await?;
            if std::mem::take(told) {
                tracing::info!("decisions are made in memory again");
            }
            tokio::select! {
                notice = listener.try_recv() => {
                    if notice?.is_none() {
                        let lost = std::io::ErrorKind::ConnectionAborted;
                        return Err(sqlx::Error::Io(lost.into()));
                    }
                    while listener.next_buffered().is_some() {}
                    // What is known now is not what was asked for after this notice.
                    self.live.doubt();
                }
                () = self.live.doubted() => {}
                () = sleep(POLL) => {}
            }
            if self.live.is_doubted() {
                sleep_until(self.rest_until).await;
            }
        }
    }

    /// Looks at the tables, and reads what has changed.
    async fn compare(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let reasons = self.live.reasons();
        let look = within(PATIENCE, store::look(connection)).await?;
        if self.known == Some(look.position) {
            self.live.confirm(&reasons, look.now);
            return Ok(());
        }
        let reasons = self.live.reasons();
        let (look, read) = within(PATIENCE_FOR_ALL, self.read(connection)).await?;
        let generation = look.position.generation;
        let current = self.put_together(read, generation).await?;
        let same = self.known.is_none_or(|known| is_same(&known, &look));
        self.live.replace(current, if same { Tables::Same } else { Tables::Others });
        self.live.confirm(&reasons, look.now);
        self.known = Some(look.position);
        self.forget(connection, generation).await
    }

    /// Reads what has changed, in one snapshot.
    async fn read(&self, connection: &mut PgConnection) -> Result<(Look, Read), sqlx::Error> {
        sqlx::query("begin isolation level repeatable read read only").execute(&mut *connection).await?;
        let look = store::look(connection).await?;
        let changes = match self.known.filter(|known| can_follow(known, &look)) {
            Some(known) => store::changes(connection, known.generation).await?,
            None => Changes::everything(),
        };
        let read = Read::of(connection, &changes).await?;
        sqlx::query("commit").execute(connection).await?;
        Ok((look, read))
    }

    /// Makes the next index of the last one and what was read.
    async fn put_together(&mut self, read: Read, generation: i64) -> Result<Current, sqlx::Error> {
        let last = self.live.last();
        let began = Instant::now();
        let builds = read.parts.is_some();
        // Only the structure and all users take long.
        let next = if builds || matches!(read.users, ReadUsers::All(_)) {
            let made = spawn_blocking(move || next(last.as_deref(), read, generation)).await;
            made.map_err(|_| sqlx::Error::WorkerCrashed)?
        } else {
            next(last.as_deref(), read, generation)
        };
        if builds {
            self.rest_until = Instant::now() + began.elapsed() * REST;
        }
        Ok(next)
    }

    async fn forget(&mut self, connection: &mut PgConnection, generation: i64) -> Result<(), sqlx::Error> {
        if generation - self.forgotten < FORGET_AFTER {
            return Ok(());
        }
        self.forgotten = generation;
        match within(PATIENCE, store::forget(connection, generation)).await {
            // The role may not; another process may.
            Err(error) if error.as_database_error().is_some() => Ok(()),
            result => result,
        }
    }
}

/// Whether all changes since `known` are still there, and of the same tables.
fn can_follow(known: &Position, look: &Look) -> bool {
    is_same(known, look) && look.oldest <= known.generation + 1
}

/// Whether the tables are those that were there before, and have not gone back.
fn is_same(known: &Position, look: &Look) -> bool {
    known.identity == look.position.identity && known.generation <= look.position.generation
}

/// What was read; nothing of what has not changed.
struct Read {
    plain_case: bool,
    parts: Option<decisions::Parts>,
    groups: Option<decisions::Groups>,
    clients: Option<decisions::Clients>,
    deactivated: Option<decisions::Deactivated>,
    users: ReadUsers,
}

enum ReadUsers {
    All(Vec<decisions::User>),
    /// The keys of the changed ones, and those that are left of them.
    Some(Vec<i32>, Vec<decisions::User>),
}

impl Read {
    async fn of(connection: &mut PgConnection, changes: &Changes) -> Result<Self, sqlx::Error> {
        let plain_case = store::has_plain_case(connection).await?;
        let parts = if changes.structure { Some(store::parts(connection).await?) } else { None };
        let groups = if changes.groups { Some(store::groups(connection).await?) } else { None };
        let clients = if changes.clients { Some(store::clients(connection).await?) } else { None };
        let deactivated =
            if changes.deactivated { Some(store::deactivated(connection).await?) } else { None };
        let users = match &changes.users {
            ChangedUsers::All => ReadUsers::All(store::all_users(connection).await?),
            ChangedUsers::Some(keys) if keys.is_empty() => ReadUsers::Some(Vec::new(), Vec::new()),
            ChangedUsers::Some(keys) => ReadUsers::Some(keys.clone(), store::users(connection, keys).await?),
        };
        Ok(Self { plain_case, parts, groups, clients, deactivated, users })
    }
}

fn next(last: Option<&Current>, read: Read, generation: i64) -> Current {
    let (structure, names, ambiguous) = match (read.parts, last) {
        (None, Some(last)) => (last.index.structure.clone(), last.names.clone(), last.ambiguous),
        (parts, _) => {
            let structure = Structure::new(parts.unwrap_or_default());
            let names = Names::new(&structure);
            let ambiguous = names.are_ambiguous();
            (Arc::new(structure), Arc::new(names), ambiguous)
        }
    };
    let users = match read.users {
        ReadUsers::All(users) => Users::new(users),
        ReadUsers::Some(keys, found) => {
            let mut users = last.map_or_else(|| Users::new([]), |last| last.index.users.clone());
            let mut found: std::collections::HashMap<i32, _> =
                found.into_iter().map(|user| (user.id, user)).collect();
            for key in keys {
                users = users.with(key, found.remove(&key));
            }
            users
        }
    };
    let groups = read.groups.map(Arc::new).or_else(|| last.map(|last| last.index.groups.clone()));
    let clients = read.clients.map(Arc::new).or_else(|| last.map(|last| last.index.clients.clone()));
    let deactivated =
        read.deactivated.map(Arc::new).or_else(|| last.map(|last| last.index.deactivated.clone()));
    let index = Index {
        structure,
        users,
        groups: groups.unwrap_or_default(),
        clients: clients.unwrap_or_default(),
        deactivated: deactivated.unwrap_or_default(),
        plain_case: read.plain_case,
    };
    Current { index, names, generation, ambiguous }
}
