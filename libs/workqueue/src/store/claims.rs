//! Runs, as workers take, hold and end them. Everything that a worker writes names its claim.

use std::time::Duration;

use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::runs::run;
use crate::model::{Run, State};

/// Why a run has failed whose worker was lost in its last attempt.
const LOST: &str = "its worker was lost, in this attempt as in those before";

/// Waits until no other worker takes runs; held until the transaction ends. Only so can a limit be counted.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('taking of operations', 0))")
        .execute(connection)
        .await
        .map(drop)
}

/// Gives back the runs whose lease is over: into the queue, or to their end if somebody wanted that or they
/// were begun often enough. Returns their ids.
pub(crate) async fn give_back(connection: &mut PgConnection) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    sqlx::query_as(
        "update operation_run
         set state = case when cancel_requested then 'canceled' when attempt >= attempts then 'failed'
                 else 'queued' end,
             error = case when attempt >= attempts and not cancel_requested then $1 else error end,
             finished = case when cancel_requested or attempt >= attempts then clock_timestamp() end,
             worker = null, claim = null, lease_until = null
         where state = 'running' and lease_until < clock_timestamp()
         returning id, state",
    )
    .bind(LOST)
    .fetch_all(connection)
    .await
}

/// Takes the run that has been due for longest, of those of `kinds` that no limit holds up.
pub(crate) async fn take(
    connection: &mut PgConnection,
    kinds: &[String],
    claim: Uuid,
    worker: &str,
    lease: Duration,
) -> Result<Option<Run>, sqlx::Error> {
    sqlx::query_as(run!(
        "with used as (
             select u.name, count(*) as runs
             from operation_run o cross join unnest(o.limits) as u (name)
             where o.state = 'running' group by u.name
         ), full_ones as (
             select array_agg(l.name) as names
             from operation_limit l join used u on u.name = l.name where u.runs >= l.most
         ), next as (
             select q.id from operation_run q
             where q.state = 'queued' and q.due <= clock_timestamp() and q.kind = any($1)
                 and not q.limits && coalesce((select names from full_ones), '{}')
             order by q.due, q.id limit 1 for update skip locked
         )
         update operation_run r
         set state = 'running', attempt = r.attempt + 1, started = clock_timestamp(), error = null,
             progress = null, claim = $2, worker = $3,
             lease_until = clock_timestamp() + make_interval(secs => $4)
         from next where r.id = next.id
         returning ",
        ""
    ))
    .bind(kinds)
    .bind(claim)
    .bind(worker)
    .bind(lease.as_secs_f64())
    .fetch_optional(connection)
    .await
}

/// Renews a lease and writes down progress, if there is some. Whether somebody wants the run to end; none if
/// it is not held by this claim any more.
pub(crate) async fn renew(
    connection: &mut PgConnection,
    claim: Uuid,
    id: Uuid,
    lease: Duration,
    progress: Option<&Value>,
) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar(
        "update operation_run
         set lease_until = clock_timestamp() + make_interval(secs => $3), progress = coalesce($4, progress)
         where id = $1 and claim = $2 and state = 'running'
         returning cancel_requested",
    )
    .bind(id)
    .bind(claim)
    .bind(lease.as_secs_f64())
    .bind(progress.map(Json))
    .fetch_optional(connection)
    .await
}

/// How an attempt ends.
#[derive(Debug)]
pub(crate) enum End<'e> {
    Succeeded(&'e Value),
    Failed(&'e str),
    Again(&'e str, Duration),
    Canceled,
    /// It waits for something: the attempt does not count.
    Later(Duration),
    /// The worker stops: the attempt does not count.
    Released,
}

impl End<'_> {
    /// The state in which the run has ended; none if it goes on.
    pub(crate) fn state(&self) -> Option<State> {
        match self {
            Self::Succeeded(_) => Some(State::Succeeded),
            Self::Failed(_) => Some(State::Failed),
            Self::Canceled => Some(State::Canceled),
            Self::Again(..) | Self::Later(_) | Self::Released => None,
        }
    }
}

/// Ends an attempt. Whether it was still held by this claim.
pub(crate) async fn end(
    connection: &mut PgConnection,
    claim: Uuid,
    id: Uuid,
    end: &End<'_>,
) -> Result<bool, sqlx::Error> {
    let (state, error, result, wait, counts) = match end {
        End::Succeeded(result) => (State::Succeeded, None, Some(*result), Duration::ZERO, 1),
        End::Failed(error) => (State::Failed, Some(*error), None, Duration::ZERO, 1),
        End::Again(error, wait) => (State::Queued, Some(*error), None, *wait, 1),
        End::Later(wait) => (State::Queued, None, None, *wait, 0),
        End::Canceled => (State::Canceled, None, None, Duration::ZERO, 1),
        End::Released => (State::Queued, None, None, Duration::ZERO, 0),
    };
    // Who waits for another attempt can be canceled meanwhile.
    let done = sqlx::query(
        "update operation_run
         set state = case when $3 = 'queued' and cancel_requested then 'canceled' else $3 end,
             error = coalesce($4, error), result = $5,
             due = clock_timestamp() + make_interval(secs => $6), attempt = attempt - 1 + $7,
             finished = case when $3 <> 'queued' or cancel_requested then clock_timestamp() end,
             worker = null, claim = null, lease_until = null
         where id = $1 and claim = $2 and state = 'running'",
    )
    .bind(id)
    .bind(claim)
    .bind(state.as_str())
    .bind(error)
    .bind(result.map(Json))
    .bind(wait.as_secs_f64())
    .bind(counts)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Limits, by name.
pub(crate) async fn limits(connection: &mut PgConnection) -> Result<Vec<(String, i32)>, sqlx::Error> {
    sqlx::query_as("select name, most from operation_limit order by name").fetch_all(connection).await
}

/// Changes a limit. Whether there is one of this name.
pub(crate) async fn set_limit(
    connection: &mut PgConnection,
    name: &str,
    most: i32,
) -> Result<bool, sqlx::Error> {
    let changed = sqlx::query("update operation_limit set most = $2 where name = $1");
    Ok(changed.bind(name).bind(most).execute(connection).await?.rows_affected() > 0)
}

/// Says how many runs there may be at once under these names, where nobody has said it yet.
pub(crate) async fn know_limits(
    connection: &mut PgConnection,
    names: &[String],
    most: &[i32],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into operation_limit (name, most) select f.name, f.most
         from unnest($1::text[], $2::int[]) as f (name, most)
         on conflict (name) do nothing",
    )
    .bind(names)
    .bind(most)
    .execute(connection)
    .await
    .map(drop)
}

/// Says how many runs there may be at once under these names.
pub(crate) async fn set_limits(
    connection: &mut PgConnection,
    names: &[String],
    most: &[i32],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into operation_limit (name, most) select f.name, f.most
         from unnest($1::text[], $2::int[]) as f (name, most)
         on conflict (name) do update set most = excluded.most",
    )
    .bind(names)
    .bind(most)
    .execute(connection)
    .await
    .map(drop)
}
