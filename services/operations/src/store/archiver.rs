//! Jobs of the archiver, and the runs that do them.

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    model::{ArchiverJob, JobDataset, JobFilter},
    scicat::Order,
};

/// Jobs that are forgotten in one statement.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// Jobs with the state that their runs give them, between two parts of a statement. A job is forgotten with
/// the first of its runs.
macro_rules! jobs {
    ($rest:literal) => {
        concat!(
            "select j.id, j.type, j.requested_by, j.contact, j.owner_group, j.params, j.created, j.given_up,
                 s.status, greatest(j.created, j.given_up, s.changed) as changed, s.is_begun
             from archiver_job j cross join lateral (
                 select case
                     when j.given_up is not null then 'finishedUnsuccessful'
                     when bool_or(r.state in ('queued', 'running')) then 'inProgress'
                     when bool_and(r.state = 'succeeded') then 'finishedSuccessful'
                     when bool_or(r.state = 'succeeded') then 'finishedWithDatasetErrors'
                     else 'finishedUnsuccessful' end as status,
                     max(greatest(r.started, r.finished)) as changed,
                     bool_or(r.started is not null) as is_begun,
                     bool_or(r.id is null) as is_forgotten
                 from archiver_dataset d left join operation_run r on r.id = d.run where d.job = j.id
             ) s where not s.is_forgotten ",
            $rest
        )
    };
}

/// The job of this id.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<ArchiverJob>, sqlx::Error> {
    sqlx::query_as(jobs!("and j.id = $1")).bind(id).fetch_optional(connection).await
}

/// At most `most` jobs, newest first, after the one of `after`.
pub(crate) async fn list(
    connection: &mut PgConnection,
    filter: &JobFilter,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<ArchiverJob>, sqlx::Error> {
    sqlx::query_as(jobs!(
        "and (j.type = any($1) or j.requested_by = $2)
             and ($3::text is null or j.type = $3) and ($4::text is null or s.status = $4)
             and ($5::uuid is null
                 or (j.created, j.id) < (select l.created, l.id from archiver_job l where l.id = $5))
         order by j.created desc, j.id desc limit $6"
    ))
    .bind(&filter.types)
    .bind(&filter.own)
    .bind(filter.only)
    .bind(filter.status)
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// The datasets of these jobs, each with its run, in order.
pub(crate) async fn datasets(
    connection: &mut PgConnection,
    jobs: &[Uuid],
) -> Result<Vec<JobDataset>, sqlx::Error> {
    sqlx::query_as(
        "select d.job, d.pid, d.files, r.id as run, r.state, r.error, r.attempt, r.attempts
         from archiver_dataset d join operation_run r on r.id = d.run
         where d.job = any($1) order by d.job, d.place",
    )
    .bind(jobs)
    .fetch_all(connection)
    .await
}

/// Adds a job, whose datasets these runs do, in order. Whether there was none of its id.
pub(crate) async fn add(
    connection: &mut PgConnection,
    id: Uuid,
    requested_by: &str,
    order: &Order,
    runs: &[Uuid],
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "insert into archiver_job (id, type, requested_by, contact, owner_group, params)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(id)
    .bind(order.task.kind())
    .bind(requested_by)
    .bind(&order.contact)
    .bind(&order.owner_group)
    .bind(Json(&order.params))
    .execute(&mut *connection)
    .await?;
    if added.rows_affected() == 0 {
        return Ok(false);
    }
    // A list of lists is no array of PostgreSQL.
    let files: Vec<Json<&[String]>> = order.datasets.iter().map(|of| Json(of.files.as_slice())).collect();
    sqlx::query(
        "insert into archiver_dataset (job, place, pid, files, run)
         select $1, f.place, f.pid, array(select jsonb_array_elements_text(f.files)), f.run
         from unnest($2::text[], $3::jsonb[], $4::uuid[]) with ordinality as f (pid, files, run, place)",
    )
    .bind(id)
    .bind(order.datasets.iter().map(|of| of.pid.as_str()).collect::<Vec<_>>())
    .bind(files)
    .bind(runs)
    .execute(connection)
    .await?;
    Ok(true)
}

/// A job that is not over ends, and its runs go on. Whether it was not over.
pub(crate) async fn give_up(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let given_up = sqlx::query(
        "update archiver_job j set given_up = clock_timestamp()
         where j.id = $1 and j.given_up is null and exists (
             select 1 from archiver_dataset d join operation_run r on r.id = d.run
             where d.job = j.id and r.state in ('queued', 'running'))",
    );
    Ok(given_up.bind(id).execute(connection).await?.rows_affected() > 0)
}

/// Runs of a job that has been given up, for which nobody waits: who asked for the job asked for them, and
/// there is no other job that has them.
pub(crate) async fn unwanted(connection: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct r.id from archiver_job j
         join archiver_dataset d on d.job = j.id join operation_run r on r.id = d.run
         where j.id = $1 and r.requested_by = j.requested_by and r.state in ('queued', 'running')
             and not exists (
                 select 1 from archiver_dataset e join archiver_job o on o.id = e.job
                 where e.run = r.id and o.id <> j.id and o.given_up is null)",
    )
    .bind(id)
    .fetch_all(connection)
    .await
}

/// Forgets jobs whose runs are forgotten.
pub(crate) async fn forget(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from archiver_job
         where id in (select job from archiver_dataset where run is null limit $1)",
    )
    .bind(FORGOTTEN_AT_ONCE)
    .execute(connection)
    .await
    .map(drop)
}
