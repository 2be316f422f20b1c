//! The table `workflow_tasks`. What a request reads or changes is what its proof is of; the other statements
//! are for the service's own work.

use std::{collections::BTreeMap, time::Duration};

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    access::{MayCancel, MayCreate, Visible},
    life::State,
    model::Stored,
    task::{Filter, Page, Task, TaskLog},
};

/// The columns of a row, with the rest of the statement.
macro_rules! row {
    ($rest:literal) => {
        concat!(
            "select id, user_id, state, document, logs, fetched, attempts, created \
             from workflow_tasks ",
            $rest
        )
    };
}

/// What is noted of a new task.
pub(crate) struct NewTask<'t> {
    pub(crate) id: Uuid,
    pub(crate) task: &'t Task,
    pub(crate) document: &'t str,
    pub(crate) fetched: &'t BTreeMap<String, String>,
}

/// Notes a task, unless its user has `most` that have not ended. Whether it was noted.
pub(crate) async fn note(
    connection: &mut PgConnection,
    may: &MayCreate,
    new: &NewTask<'_>,
    most: i64,
) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query(
        "insert into workflow_tasks (id, user_id, username, name, tags, document, fetched)
         select $1, $2, $3, $4, $5, $6, $7
         where (select count(*) from workflow_tasks where user_id = $2 and ended is null) < $8",
    );
    let noted = noted
        .bind(new.id)
        .bind(may.user().id())
        .bind(may.user().name())
        .bind(new.task.name.as_deref().unwrap_or_default())
        .bind(Json(&new.task.tags))
        .bind(new.document)
        .bind(Json(new.fetched))
        .bind(most)
        .execute(connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}

/// A task, for a proof to be made of.
pub(crate) async fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<Stored>, sqlx::Error> {
    sqlx::query_as(row!("where id = $1")).bind(id).fetch_optional(connection).await
}

/// Bytes of documents and logs in a page, which ends before more. One task is always in it.
const LARGEST_PAGE: i64 = 16 << 20;

/// A page of the tasks that are visible and pass the filter, the last ones first.
pub(crate) async fn list(
    connection: &mut PgConnection,
    visible: &Visible,
    filter: &Filter,
    page: Page,
) -> Result<Vec<Stored>, sqlx::Error> {
    let (valued, any): (Vec<_>, Vec<_>) = filter.tags.iter().partition(|(_, value)| !value.is_empty());
    let valued: BTreeMap<&str, &str> = valued.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let any: Vec<&str> = any.iter().map(|(key, _)| key.as_str()).collect();
    let (time, id) = page.after.unzip();
    let listed = sqlx::query_as(
        "select id, user_id, state, document, logs, fetched, attempts, created from (
             select *, sum(octet_length(document) + octet_length(logs))
                 over (order by created desc, id desc) - octet_length(document) - octet_length(logs) as before
             from (
                 select * from workflow_tasks
                 where ($1 or user_id = any($2) or id = any($3))
                     and starts_with(name, $4)
                     and ($5::text is null or state = $5)
                     and tags @> $6 and tags ?& $7
                     and ($8::timestamptz is null or (created, id) < ($8, $9))
                 order by created desc, id desc limit $10
             ) as found
         ) as sized where before < $11 order by created desc, id desc",
    );
    listed
        .bind(visible.all)
        .bind(&visible.users)
        .bind(&visible.tasks)
        .bind(&filter.name_prefix)
        .bind(&filter.state)
        .bind(Json(valued))
        .bind(any)
        .bind(time)
        .bind(id)
        .bind(page.size)
        .bind(LARGEST_PAGE)
        .fetch_all(connection)
        .await
}

/// Wishes the end of a task: one that waits has ended with that, one that has begun is to be ended.
pub(crate) async fn cancel(connection: &mut PgConnection, may: &MayCancel) -> Result<(), sqlx::Error> {
    let wished = sqlx::query(
        "update workflow_tasks set
             state = case when state = 'QUEUED' then 'CANCELED' else 'CANCELING' end,
             ended = case when state = 'QUEUED' then now() end,
             fetched = case when state = 'QUEUED' then '{}' else fetched end
         where id = $1 and state in ('QUEUED', 'INITIALIZING', 'RUNNING')",
    );
    wished.bind(may.task().id).execute(connection).await.map(drop)
}

/// What has not ended: of each user what has begun first, then what waits, all users alike.
pub(crate) async fn unfinished(
    connection: &mut PgConnection,
    most: i64,
) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    let found = sqlx::query_as(
        "select id, state from (
             select id, state, created, row_number()
                 over (partition by user_id order by state = 'QUEUED', created) as place
             from workflow_tasks where ended is null
         ) as waiting order by state = 'QUEUED', place, created limit $1",
    );
    found.bind(most).fetch_all(connection).await
}

/// Begins an attempt of a task that waits. Whether it still does.
pub(crate) async fn begin(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query(
        "update workflow_tasks set state = 'INITIALIZING', attempts = attempts + 1
         where id = $1 and state = 'QUEUED'",
    );
    Ok(begun.bind(id).execute(connection).await?.rows_affected() > 0)
}

/// Notes how far an attempt is. Whether that attempt is still the last one, and the task is not to end.
pub(crate) async fn note_running(
    connection: &mut PgConnection,
    task: &Stored,
    logs: &[TaskLog],
) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query(
        "update workflow_tasks set state = 'RUNNING', logs = $3
         where id = $1 and attempts = $2 and state in ('INITIALIZING', 'RUNNING')",
    );
    let noted = noted.bind(task.id).bind(task.attempts).bind(written(logs)).execute(connection).await?;
    Ok(noted.rows_affected() > 0)
}

/// Notes how an attempt ended, if it is the last one. A task that was to be canceled meanwhile is canceled,
/// unless it was over already.
pub(crate) async fn end(
    connection: &mut PgConnection,
    task: &Stored,
    state: State,
    logs: &[TaskLog],
) -> Result<(), sqlx::Error> {
    let ended = sqlx::query(
        "update workflow_tasks set
             state = case when state = 'CANCELING' then 'CANCELED' else $3 end,
             logs = $4, ended = now(), fetched = '{}'
         where id = $1 and attempts = $2 and ended is null",
    );
    let ended = ended.bind(task.id).bind(task.attempts).bind(state.as_str()).bind(written(logs));
    ended.execute(connection).await.map(drop)
}

/// Lets a task wait again whose attempt was broken off; `attempts` is how many count.
pub(crate) async fn requeue(
    connection: &mut PgConnection,
    task: &Stored,
    attempts: i32,
    logs: &[TaskLog],
) -> Result<(), sqlx::Error> {
    let requeued = sqlx::query(
        "update workflow_tasks set state = 'QUEUED', attempts = $3, logs = $4
         where id = $1 and attempts = $2 and state in ('INITIALIZING', 'RUNNING')",
    );
    let requeued = requeued.bind(task.id).bind(task.attempts).bind(attempts).bind(written(logs));
    requeued.execute(connection).await.map(drop)
}

/// Whether a task is to be ended.
pub(crate) async fn is_canceling(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from workflow_tasks where id = $1 and state = 'CANCELING')")
        .bind(id)
        .fetch_one(connection)
        .await
}

/// Deletes what ended that long ago.
pub(crate) async fn forget(connection: &mut PgConnection, kept: Duration) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query("delete from workflow_tasks where ended < now() - make_interval(secs => $1)");
    Ok(forgotten.bind(kept.as_secs_f64()).execute(connection).await?.rows_affected())
}

fn written(logs: &[TaskLog]) -> String {
    serde_json::to_string(logs).unwrap_or_else(|_| "[]".to_owned())
}
