//! The lines of runs.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::Line;

/// Adds lines, if the run is still held by this claim.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    claim: Uuid,
    id: Uuid,
    lines: &[String],
) -> Result<(), sqlx::Error> {
    if lines.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into operation_log (run, line)
         select r.id, f.line
         from operation_run r cross join unnest($3::text[]) with ordinality as f (line, place)
         where r.id = $1 and r.claim = $2 and r.state = 'running'
         order by f.place",
    )
    .bind(id)
    .bind(claim)
    .bind(lines)
    .execute(connection)
    .await
    .map(drop)
}

/// A line that is not a worker's own.
pub(crate) async fn note(connection: &mut PgConnection, ids: &[Uuid], line: &str) -> Result<(), sqlx::Error> {
    sqlx::query("insert into operation_log (run, line) select f.run, $2 from unnest($1::uuid[]) as f (run)")
        .bind(ids)
        .bind(line)
        .execute(connection)
        .await
        .map(drop)
}

/// Lines after the one numbered `after`, oldest first.
pub(crate) async fn read(
    connection: &mut PgConnection,
    id: Uuid,
    after: i64,
    most: i64,
) -> Result<Vec<Line>, sqlx::Error> {
    sqlx::query_as(
        "select number, told, line from operation_log where run = $1 and number > $2
         order by number limit $3",
    )
    .bind(id)
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await
}
