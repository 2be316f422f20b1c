//! The queue: asking for runs, looking at them, ending and repeating them.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    figures::Figures,
    kind::{Kind, Kinds},
    model::{Filter, Line, Place, Planned, Run, State},
    schedule::{Due, Schedule},
    store::{
        claims, logs, migrate,
        runs::{self, NewRun},
        schedules,
    },
};

/// Runs of a kind that may wait.
const MOST_OF_KIND: i64 = 1_000;
/// Runs that may wait for one user.
const MOST_OF_USER: i64 = 50;
/// Largest parameters, in bytes of JSON.
const LARGEST_PARAMS: usize = 256 << 10;
/// Runs that are forgotten in one statement.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Why a run was not queued.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Nothing is done under this name here.
    #[error("there is no kind of operation {0:?}")]
    UnknownKind(String),
    /// The parameters are not as the kind wants them.
    #[error("params: {0}")]
    Params(String),
    /// Too many wait already.
    #[error("{0}")]
    Full(&'static str),
    /// The database failed.
    #[error("the run could not be queued")]
    Database(#[from] sqlx::Error),
}

/// Why a run was not ended.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is no such run, or it has ended before.
    #[error("the run has ended already")]
    Over,
    /// The database failed.
    #[error("the run could not be canceled")]
    Database(#[from] sqlx::Error),
}

/// Why a run was not repeated.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// It has not ended.
    #[error("the run has not ended yet")]
    NotOver,
    /// It was not queued.
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

/// The queue of a commons. Clones are the same queue.
#[derive(Debug, Clone)]
pub struct Queue {
    pool: PgPool,
    kinds: Kinds,
    /// Tells the workers of this process that there is something to do.
    news: Arc<Notify>,
    pub(crate) figures: Figures,
}

/// A run that can be queued.
struct Order<'q> {
    kind: &'q Arc<dyn Kind>,
    params: Value,
    limits: Vec<String>,
    same_as: Option<String>,
}

impl Order<'_> {
    /// The run, or the one that is the same. The lock of [`runs::lock`] is held.
    async fn place(
        &self,
        connection: &mut PgConnection,
        requested_by: Option<&str>,
        retry_of: Option<Uuid>,
    ) -> Result<Run, SubmitError> {
        let kind = self.kind;
        if let Some(same) = &self.same_as
            && let Some(run) = runs::same(connection, kind.name(), same).await?
        {
            return Ok(run);
        }
        let (of_kind, of_user) = runs::waiting(connection, kind.name(), requested_by).await?;
        if of_kind >= MOST_OF_KIND {
            return Err(SubmitError::Full("too many runs of this kind wait; try again later"));
        }
        if of_user >= MOST_OF_USER {
            return Err(SubmitError::Full(
                "too many runs wait for you; try again when some of them are done",
            ));
        }
        let new = NewRun {
            kind: kind.name(),
            params: &self.params,
            requested_by,
            schedule: None,
            limits: &self.limits,
            attempts: kind.policy().attempts,
            retry_of,
            same_as: self.same_as.as_deref(),
        };
        Ok(runs::insert(connection, &new).await?)
    }
}

impl Queue {
    /// The queue in a database that [`migrate`](crate::migrate) has prepared, for these kinds.
    pub fn new(pool: PgPool, kinds: Kinds) -> Self {
        Self { pool, kinds, news: Arc::new(Notify::new()), figures: Figures::default() }
    }

    /// Shows its figures.
    pub fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        self.figures.register(&self.kinds.names(), registry);
    }

    /// Looks how many runs wait, and when they have succeeded last.
    pub(crate) async fn measure(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        self.figures.wait(&self.kinds.names(), &runs::depths(&mut connection).await?);
        self.figures.succeeded(&runs::successes(&mut connection).await?);
        Ok(())
    }

    /// What can be done.
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Returns when there may be something to do, at the latest after `most`.
    pub(crate) async fn news(&self, most: Duration) {
        // Either way it is looked.
        let _ = tokio::time::timeout(most, self.news.notified()).await;
    }

    pub(crate) fn tell(&self) {
        self.news.notify_one();
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        runs::ping(&mut *self.pool.acquire().await?).await
    }

    /// Whether its tables are there.
    ///
    /// # Errors
    /// What is wrong, for who asks whether a service is ready.
    pub async fn ready(&self) -> Result<(), String> {
        migrate::ready(&self.pool).await
    }

    /// Queues a run, for a user if one asks. If the same is queued or being done already
    /// ([`Kind::same_as`]), that run is returned.
    ///
    /// # Errors
    /// When there is no such kind, it cannot be done so, or too many wait.
    pub async fn submit(
        &self,
        kind: &str,
        params: Map<String, Value>,
        requested_by: Option<&str>,
    ) -> Result<Run, SubmitError> {
        self.queue(kind, params, requested_by, None).await
    }

    /// Queues several runs of a kind, all of them or none, as [`Queue::submit`] queues one. They are in the
    /// order of `all`.
    ///
    /// # Errors
    /// When there is no such kind, one of them cannot be done so, or too many wait.
    pub async fn submit_all(
        &self,
        kind: &str,
        all: Vec<Map<String, Value>>,
        requested_by: Option<&str>,
    ) -> Result<Vec<Run>, SubmitError> {
        let orders = all.into_iter().map(|params| self.order(kind, params));
        let orders = orders.collect::<Result<Vec<Order<'_>>, SubmitError>>()?;
        let mut transaction = self.pool.begin().await?;
        runs::lock(&mut transaction).await?;
        let mut queued = Vec::with_capacity(orders.len());
        for order in &orders {
            queued.push(order.place(&mut transaction, requested_by, None).await?);
        }
        transaction.commit().await?;
        self.tell();
        Ok(queued)
    }

    async fn queue(
        &self,
        kind: &str,
        params: Map<String, Value>,
        requested_by: Option<&str>,
        retry_of: Option<Uuid>,
    ) -> Result<Run, SubmitError> {
        let order = self.order(kind, params)?;
        let mut transaction = self.pool.begin().await?;
        runs::lock(&mut transaction).await?;
        let run = order.place(&mut transaction, requested_by, retry_of).await?;
        transaction.commit().await?;
        self.tell();
        Ok(run)
    }

    /// What can be queued.
    fn order(&self, kind: &str, params: Map<String, Value>) -> Result<Order<'_>, SubmitError> {
        let kind = self.kinds.get(kind).ok_or_else(|| SubmitError::UnknownKind(kind.to_owned()))?;
        kind.check(&params).map_err(SubmitError::Params)?;
        let (limits, same_as) = (limits(&**kind, &params), kind.same_as(&params));
        let params = Value::Object(params);
        let text = params.to_string();
        if text.len() > LARGEST_PARAMS {
            return Err(SubmitError::Params(format!("they have more than {LARGEST_PARAMS} bytes")));
        }
        if text.contains("\\u0000") {
            return Err(SubmitError::Params("they hold U+0000, which cannot be stored".to_owned()));
        }
        Ok(Order { kind, params, limits, same_as })
    }

    /// The run of this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: Uuid) -> Result<Option<Run>, sqlx::Error> {
        runs::find(&mut *self.pool.acquire().await?, id).await
    }

    /// At most `most` runs, newest first, after `place`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        filter: &Filter,
        place: Option<Place>,
        most: u32,
    ) -> Result<Vec<Run>, sqlx::Error> {
        runs::list(&mut *self.pool.acquire().await?, filter, place, most.into()).await
    }

    /// At most `most` lines of a run's log, oldest first, after the one of this number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log(&self, id: Uuid, after: i64, most: u32) -> Result<Vec<Line>, sqlx::Error> {
        logs::read(&mut *self.pool.acquire().await?, id, after, most.into()).await
    }

    /// Ends a run that waits, or asks its worker to end it, which takes some seconds. Returns its state.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn cancel(&self, id: Uuid) -> Result<State, CancelError> {
        runs::cancel(&mut *self.pool.acquire().await?, id).await?.ok_or(CancelError::Over)
    }

    /// Queues a run like one that has ended, for `requested_by`.
    ///
    /// # Errors
    /// When it has not ended, or cannot be queued.
    pub async fn retry(&self, run: &Run, requested_by: Option<&str>) -> Result<Run, RetryError> {
        if !run.state.is_end() {
            return Err(RetryError::NotOver);
        }
        let params = run.params.as_object().cloned().unwrap_or_default();
        Ok(self.queue(&run.kind, params, requested_by, Some(run.id)).await?)
    }

    /// How many runs of each kind are in each state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self) -> Result<Vec<(String, State, i64)>, sqlx::Error> {
        runs::counts(&mut *self.pool.acquire().await?).await
    }

    /// The schedules by which workers queue runs now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn schedules(&self) -> Result<Vec<Planned>, sqlx::Error> {
        schedules::all(&mut *self.pool.acquire().await?).await
    }

    /// How many runs there may be at once, by the name of the limit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn limits(&self) -> Result<Vec<(String, i32)>, sqlx::Error> {
        claims::limits(&mut *self.pool.acquire().await?).await
    }

    /// Changes how many runs there may be at once; it counts from the next one that is taken. Whether there
    /// is a limit of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_limit(&self, name: &str, most: u16) -> Result<bool, sqlx::Error> {
        let known = claims::set_limit(&mut *self.pool.acquire().await?, name, most.max(1).into()).await?;
        self.tell();
        Ok(known)
    }

    /// Forgets runs that ended more than `days` ago, and returns how many.
    pub(crate) async fn forget(&self, days: u16) -> Result<u64, sqlx::Error> {
        let mut all = 0;
        loop {
            let mut connection = self.pool.acquire().await?;
            let forgotten = runs::forget(&mut connection, days.into(), FORGOTTEN_AT_ONCE).await?;
            all += forgotten;
            if forgotten < FORGOTTEN_AT_ONCE.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    /// Writes down the limits of all kinds and these, those of `usual` where nobody has set them, and when
    /// the schedules are due next.
    pub(crate) async fn prepare(
        &self,
        named: &[(String, u16)],
        usual: &[(String, u16)],
        known: &[Schedule],
    ) -> Result<(), sqlx::Error> {
        let own = self.kinds.iter().filter_map(|kind| Some((kind.name().to_owned(), kind.policy().at_once?)));
        let (names, most): (Vec<String>, Vec<i32>) =
            own.chain(named.iter().cloned()).map(|(name, most)| (name, i32::from(most.max(1)))).unzip();
        let mut connection = self.pool.acquire().await?;
        claims::set_limits(&mut connection, &names, &most).await?;
        let (names, most): (Vec<String>, Vec<i32>) =
            usual.iter().map(|(name, most)| (name.clone(), i32::from((*most).max(1)))).unzip();
        claims::know_limits(&mut connection, &names, &most).await?;
        let now = chrono::Utc::now();
        for schedule in known {
            let Some(next) = schedule.next(now) else { continue };
            schedules::know(&mut connection, &schedule.name, &schedule.time_table(), next).await?;
        }
        Ok(())
    }

    /// Queues what is due by these schedules, unless a run of the same schedule is under way.
    pub(crate) async fn tick(&self, known: &[Schedule]) -> Result<(), sqlx::Error> {
        if known.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = known.iter().map(|schedule| schedule.name.clone()).collect();
        let times = schedules::times(&mut *self.pool.acquire().await?, &names).await?;
        for (name, expected) in times {
            let Some(schedule) = known.iter().find(|schedule| schedule.name == name) else { continue };
            let Due::Now { then: Some(then) } = schedule.at(chrono::Utc::now(), expected) else { continue };
            let Some(kind) = self.kinds.get(&schedule.kind) else { continue };
            let params = schedule.params.as_object().cloned().unwrap_or_default();
            let limits = limits(&**kind, &params);
            let mut transaction = self.pool.begin().await?;
            if !schedules::advance(&mut transaction, &name, expected, then).await? {
                continue;
            }
            if !schedules::is_under_way(&mut transaction, &name).await? {
                let same_as = kind.same_as(&params);
                let new = NewRun {
                    kind: kind.name(),
                    params: &Value::Object(params),
                    requested_by: None,
                    schedule: Some(&name),
                    limits: &limits,
                    attempts: kind.policy().attempts,
                    retry_of: None,
                    same_as: same_as.as_deref(),
                };
                runs::insert(&mut transaction, &new).await?;
            }
            transaction.commit().await?;
            self.tell();
        }
        Ok(())
    }
}

/// The limits that a run counts against: its kind's own, and what the kind names.
fn limits(kind: &dyn Kind, params: &Map<String, Value>) -> Vec<String> {
    let mut limits = kind.limits(params);
    limits.push(kind.name().to_owned());
    limits
}
