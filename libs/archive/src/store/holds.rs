//! Who works on a file.

use sqlx::PgConnection;
use uuid::Uuid;

/// Takes these files for a run, and returns those that it has then. A hold of a run that is not being done
/// does not count.
pub(crate) async fn take(
    connection: &mut PgConnection,
    run: Uuid,
    guids: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into archive_hold as h (guid, run) select f.guid, $2 from unnest($1::text[]) as f (guid)
         order by f.guid
         on conflict (guid) do update set run = excluded.run
         where h.run = excluded.run or not exists (
             select 1 from operation_run r where r.id = h.run and r.state = 'running')
         returning guid",
    )
    .bind(guids)
    .bind(run)
    .fetch_all(connection)
    .await
}

/// Gives back what a run has.
pub(crate) async fn give_back(connection: &mut PgConnection, run: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from archive_hold where run = $1").bind(run).execute(connection).await.map(drop)
}
