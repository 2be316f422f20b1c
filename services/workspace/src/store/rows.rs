//! The table `workspaces`. What a request asks for is about the workspace of its user; the other statements
//! are for the service's own clearing away.

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    access::{Holder, MayLaunch},
    model::{Kept, Stored},
};

/// The columns of a row, with the rest of the statement.
macro_rules! row {
    ($rest:literal) => {
        concat!(
            "select username, id, key, container, phase, launched, used, key_taken_back from workspaces ",
            $rest
        )
    };
}

/// Whether the database answers.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}

/// The user's workspace.
pub(crate) async fn find(
    connection: &mut PgConnection,
    holder: &Holder,
) -> Result<Option<Stored>, sqlx::Error> {
    by_name(connection, holder.names().user()).await
}

/// The workspace of this user.
pub(crate) async fn by_name(
    connection: &mut PgConnection,
    username: &str,
) -> Result<Option<Stored>, sqlx::Error> {
    sqlx::query_as(row!("where username = $1")).bind(username).fetch_optional(connection).await
}

/// All of them.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<Stored>, sqlx::Error> {
    sqlx::query_as(row!("order by username")).fetch_all(connection).await
}

/// Notes that a workspace is going to be launched, unless the user has one or there would be more than
/// `most`. Whether it was noted.
pub(crate) async fn note(
    connection: &mut PgConnection,
    may: &MayLaunch<'_>,
    id: Uuid,
    key: Uuid,
    most: i64,
) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query(
        "insert into workspaces (username, id, key, container, phase)
         select $1, $2, $3, $4, 'launching' where (select count(*) from workspaces) < $5
         on conflict do nothing",
    );
    let noted = noted
        .bind(may.holder.names().user())
        .bind(id)
        .bind(key)
        .bind(Json(Kept::from(may.container())))
        .bind(most)
        .execute(connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}

/// Notes that it was started, and whether that is still wished.
pub(crate) async fn started(connection: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query("update workspaces set phase = 'running' where id = $1 and phase = 'launching'");
    Ok(noted.bind(id).execute(connection).await?.rows_affected() > 0)
}

/// Wishes the end of the user's workspace, and says whether there is one.
pub(crate) async fn end(connection: &mut PgConnection, holder: &Holder) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query("update workspaces set phase = 'ending' where username = $1");
    Ok(noted.bind(holder.names().user()).execute(connection).await?.rows_affected() > 0)
}

/// Wishes the end of this launch.
pub(crate) async fn end_launch(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("update workspaces set phase = 'ending' where id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(drop)
}

/// Notes that its key was taken back.
pub(crate) async fn key_taken_back(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("update workspaces set key_taken_back = now() where id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(drop)
}

/// Notes when it was used last.
pub(crate) async fn used(
    connection: &mut PgConnection,
    id: Uuid,
    last: chrono::DateTime<chrono::Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update workspaces set used = $2 where id = $1 and used is distinct from $2")
        .bind(id)
        .bind(last)
        .execute(connection)
        .await
        .map(drop)
}

/// Nothing is left of it.
pub(crate) async fn forget(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from workspaces where id = $1").bind(id).execute(connection).await.map(drop)
}
