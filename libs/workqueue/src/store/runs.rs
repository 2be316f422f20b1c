//! Runs, as who asks for them sees them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::model::{Filter, Place, Run, State};

/// The columns of a run, between two parts of a statement.
macro_rules! run {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            "r.id, r.kind, r.params, r.requested_by, r.schedule, r.state, r.progress, r.result, r.error,
             r.attempt, r.attempts, r.created, r.due, r.started, r.finished, r.retry_of ",
            $rest
        )
    };
}
pub(crate) use run;

/// A run that is to be queued.
pub(crate) struct NewRun<'n> {
    pub(crate) kind: &'n str,
    pub(crate) params: &'n Value,
    pub(crate) requested_by: Option<&'n str>,
    pub(crate) schedule: Option<&'n str>,
    pub(crate) limits: &'n [String],
    pub(crate) attempts: u16,
    pub(crate) retry_of: Option<Uuid>,
    pub(crate) same_as: Option<&'n str>,
}

/// Whether the database answers.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1 from operation_run limit 1").execute(connection).await.map(drop)
}

/// Waits until nobody else queues runs; held until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('queueing of operations', 0))")
        .execute(connection)
        .await
        .map(drop)
}

/// How many runs of a kind wait, and how many of any kind wait for this user.
pub(crate) async fn waiting(
    connection: &mut PgConnection,
    kind: &str,
    requested_by: Option<&str>,
) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select count(*) filter (where kind = $1), count(*) filter (where requested_by = $2)
         from operation_run where state = 'queued'",
    )
    .bind(kind)
    .bind(requested_by)
    .fetch_one(connection)
    .await
}

/// Queues a run.
pub(crate) async fn insert(connection: &mut PgConnection, new: &NewRun<'_>) -> Result<Run, sqlx::Error> {
    sqlx::query_as(run!(
        "insert into operation_run as r
             (id, kind, params, requested_by, schedule, limits, attempts, retry_of, same_as)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning ",
        ""
    ))
    .bind(Uuid::new_v4())
    .bind(new.kind)
    .bind(Json(new.params))
    .bind(new.requested_by)
    .bind(new.schedule)
    .bind(new.limits)
    .bind(i32::from(new.attempts))
    .bind(new.retry_of)
    .bind(new.same_as)
    .fetch_one(connection)
    .await
}

/// The run that waits or is being done and is the same as one that is asked for.
pub(crate) async fn same(
    connection: &mut PgConnection,
    kind: &str,
    same_as: &str,
) -> Result<Option<Run>, sqlx::Error> {
    sqlx::query_as(run!(
        "select ",
        "from operation_run r
         where r.kind = $1 and r.same_as = $2 and r.state in ('queued', 'running') and not r.cancel_requested
         order by r.created limit 1"
    ))
    .bind(kind)
    .bind(same_as)
    .fetch_optional(connection)
    .await
}

/// The run of this id.
pub(crate) async fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<Run>, sqlx::Error> {
    sqlx::query_as(run!("select ", "from operation_run r where r.id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// Runs, newest first, after `place`.
pub(crate) async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    place: Option<Place>,
    most: i64,
) -> Result<Vec<Run>, sqlx::Error> {
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    sqlx::query_as(run!(
        "select ",
        "from operation_run r
         where (r.kind = any($1) or (r.requested_by = $2 and r.kind = any($3)))
             and ($4::text is null or r.kind = $4)
             and (cardinality($5::text[]) = 0 or r.state = any($5))
             and ($6::text is null or r.requested_by = $6)
             and ($7::timestamptz is null or (r.created, r.id) < ($7, $8))
         order by r.created desc, r.id desc limit $9"
    ))
    .bind(&filter.kinds)
    .bind(&filter.own)
    .bind(&filter.own_kinds)
    .bind(&filter.kind)
    .bind(states)
    .bind(&filter.requested_by)
    .bind(place.map(|place| place.created))
    .bind(place.map(|place| place.id))
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Ends a run that waits, or asks its worker to end it. Its state from then on; none if it is over.
pub(crate) async fn cancel(connection: &mut PgConnection, id: Uuid) -> Result<Option<State>, sqlx::Error> {
    let state: Option<String> = sqlx::query_scalar(
        "update operation_run
         set state = case state when 'queued' then 'canceled' else state end,
             finished = case state when 'queued' then clock_timestamp() else finished end,
             cancel_requested = true
         where id = $1 and state in ('queued', 'running')
         returning state",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(state.as_deref().and_then(State::of))
}

/// Takes away runs, with their logs, that ended more than `days` ago; at most `most` at once.
pub(crate) async fn forget(connection: &mut PgConnection, days: i32, most: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "delete from operation_run where id in (
             select id from operation_run
             where finished < clock_timestamp() - make_interval(days => $1) limit $2
         )",
    )
    .bind(days)
    .bind(most)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// How many runs of each kind wait.
pub(crate) async fn depths(connection: &mut PgConnection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    sqlx::query_as("select kind, count(*) from operation_run where state = 'queued' group by kind")
        .fetch_all(connection)
        .await
}

/// When a run of each kind has succeeded last.
pub(crate) async fn successes(
    connection: &mut PgConnection,
) -> Result<Vec<(String, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as("select kind, max(finished) from operation_run where state = 'succeeded' group by kind")
        .fetch_all(connection)
        .await
}

/// How many runs of each kind are in each state.
pub(crate) async fn counts(connection: &mut PgConnection) -> Result<Vec<(String, State, i64)>, sqlx::Error> {
    let counts: Vec<(String, String, i64)> =
        sqlx::query_as("select kind, state, count(*) from operation_run group by kind, state order by 1, 2")
            .fetch_all(connection)
            .await?;
    let known = |(kind, state, count): (String, String, i64)| Some((kind, State::of(&state)?, count));
    Ok(counts.into_iter().filter_map(known).collect())
}
