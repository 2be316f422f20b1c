//! Lists of files that are too long for parameters.

use sqlx::PgConnection;

/// Keeps a list under its digest. Once it is there, nothing is written.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    id: &str,
    guids: &[String],
) -> Result<(), sqlx::Error> {
    let made = sqlx::query(
        "insert into archive_set (id) values ($1)
         on conflict (id) do update set made = clock_timestamp()",
    );
    made.bind(id).execute(&mut *connection).await?;
    for some in guids.chunks(20_000) {
        sqlx::query(
            "insert into archive_set_file (id, guid) select $1, f.guid from unnest($2::text[]) as f (guid)
             on conflict do nothing",
        )
        .bind(id)
        .bind(some)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// A page of a list, after the file of `after`.
pub(crate) async fn page(
    connection: &mut PgConnection,
    id: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select guid from archive_set_file where id = $1 and guid > $2 order by guid limit $3")
        .bind(id)
        .bind(after)
        .bind(most)
        .fetch_all(connection)
        .await
}

/// Forgets lists that nobody has asked for in so many days.
pub(crate) async fn forget(connection: &mut PgConnection, days: i32) -> Result<(), sqlx::Error> {
    sqlx::query("delete from archive_set where made < clock_timestamp() - make_interval(days => $1)")
        .bind(days)
        .execute(connection)
        .await
        .map(drop)
}
