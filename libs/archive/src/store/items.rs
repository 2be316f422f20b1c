//! The files of a run, one after another.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// A file of a run, as reports have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Row {
    /// Its place in the run.
    pub number: i64,
    /// The GUID.
    pub guid: String,
    /// Bytes, as the record says.
    pub size: Option<i64>,
    /// A hash of the record.
    pub expected: Option<String>,
    /// SHA-256 of what was read.
    pub actual: Option<String>,
    /// Where it was read.
    pub source: Option<String>,
    /// Where it was written.
    pub target: Option<String>,
    /// What became of it.
    pub state: String,
    /// Why.
    pub note: Option<String>,
    /// When.
    pub told: DateTime<Utc>,
}

/// A file that is to be worked on.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Pending {
    pub(crate) guid: String,
    pub(crate) size: Option<i64>,
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) guid: String,
    pub(crate) state: &'static str,
    pub(crate) expected: Option<String>,
    pub(crate) actual: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) note: Option<String>,
}

/// Whether the files of a run are known.
pub(crate) async fn is_resolved(connection: &mut PgConnection, run: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from archive_run where run = $1 and resolved is not null)")
        .bind(run)
        .fetch_one(connection)
        .await
}

/// Forgets what is known of the files of a run, before they are looked for.
pub(crate) async fn begin(connection: &mut PgConnection, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from archive_item where run = $1").bind(run).execute(connection).await.map(drop)
}

/// Adds files, with their sizes.
pub(crate) async fn add(
    connection: &mut PgConnection,
    run: Uuid,
    files: &[Pending],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into archive_item (run, guid, size)
         select $1, f.guid, f.size
         from unnest($2::text[], $3::bigint[]) with ordinality as f (guid, size, place)
         order by f.place on conflict do nothing",
    )
    .bind(run)
    .bind(files.iter().map(|file| file.guid.as_str()).collect::<Vec<_>>())
    .bind(files.iter().map(|file| file.size).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
}

/// All files of a run are known.
pub(crate) async fn resolved(connection: &mut PgConnection, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into archive_run (run, resolved) values ($1, clock_timestamp())
         on conflict (run) do update set resolved = excluded.resolved",
    )
    .bind(run)
    .execute(connection)
    .await
    .map(drop)
}

/// What could not be done in an earlier attempt is to be done again.
pub(crate) async fn again(connection: &mut PgConnection, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update archive_item set state = 'pending', note = null
         where run = $1 and state in ('failed', 'busy', 'waiting')",
    )
    .bind(run)
    .execute(connection)
    .await
    .map(drop)
}

/// The next files to be worked on.
pub(crate) async fn pending(
    connection: &mut PgConnection,
    run: Uuid,
    most: i64,
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as(
        "select guid, size from archive_item where run = $1 and state = 'pending' order by number limit $2",
    )
    .bind(run)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Says what became of files.
pub(crate) async fn end(
    connection: &mut PgConnection,
    run: Uuid,
    ended: &[Ended],
) -> Result<(), sqlx::Error> {
    let texts = |text: fn(&Ended) -> Option<&str>| ended.iter().map(text).collect::<Vec<_>>();
    sqlx::query(
        "update archive_item i
         set state = f.state, expected = f.expected, actual = f.actual, source = f.source,
             target = f.target, note = f.note, told = clock_timestamp()
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
             as f (guid, state, expected, actual, source, target, note)
         where i.run = $1 and i.guid = f.guid",
    )
    .bind(run)
    .bind(texts(|ended| Some(&ended.guid)))
    .bind(texts(|ended| Some(ended.state)))
    .bind(texts(|ended| ended.expected.as_deref()))
    .bind(texts(|ended| ended.actual.as_deref()))
    .bind(texts(|ended| ended.source.as_deref()))
    .bind(texts(|ended| ended.target.as_deref()))
    .bind(texts(|ended| ended.note.as_deref()))
    .execute(connection)
    .await
    .map(drop)
}

/// How many files of a run are in each state, and their bytes.
pub(crate) async fn counts(
    connection: &mut PgConnection,
    run: Uuid,
) -> Result<Vec<(String, i64, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select state, count(*), coalesce(sum(size), 0)::bigint from archive_item where run = $1
         group by state order by state",
    )
    .bind(run)
    .fetch_all(connection)
    .await
}

/// How many files of each of these runs are in each state.
pub(crate) async fn counts_of(
    connection: &mut PgConnection,
    runs: &[Uuid],
) -> Result<Vec<(Uuid, String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select run, state, count(*) from archive_item where run = any($1)
         group by run, state order by run, state",
    )
    .bind(runs)
    .fetch_all(connection)
    .await
}

/// Some files of a run in one of these states, with the reason.
pub(crate) async fn some(
    connection: &mut PgConnection,
    run: Uuid,
    states: &[&str],
    most: i64,
) -> Result<Vec<(String, Option<String>)>, sqlx::Error> {
    sqlx::query_as(
        "select guid, note from archive_item where run = $1 and state = any($2) order by number limit $3",
    )
    .bind(run)
    .bind(states)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Files of a run after the one numbered `after`, in order.
pub(crate) async fn rows(
    connection: &mut PgConnection,
    run: Uuid,
    after: i64,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select number, guid, size, expected, actual, source, target, state, note, told
         from archive_item where run = $1 and number > $2 order by number limit $3",
    )
    .bind(run)
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await
}
