//! Certificates that users have uploaded, in the tables `application` and `certificate`.

use sqlx::{FromRow, PgConnection};

/// A certificate.
#[derive(Debug, FromRow)]
pub(crate) struct Certificate {
    pub(crate) extension: String,
    pub(crate) data: Vec<u8>,
}

/// The names of a user's certificates.
pub(crate) async fn names(connection: &mut PgConnection, user: i32) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct c.name::text from application a join certificate c on c.application_id = a.id
         where a.user_id = $1 and c.name is not null order by c.name::text",
    )
    .bind(user)
    .fetch_all(connection)
    .await
}

/// The newest certificate of this name.
pub(crate) async fn find(
    connection: &mut PgConnection,
    user: i32,
    name: &str,
) -> Result<Option<Certificate>, sqlx::Error> {
    sqlx::query_as(
        "select coalesce(c.extension, '') as extension, coalesce(c.data, '') as data
         from application a join certificate c on c.application_id = a.id
         where a.user_id = $1 and c.name = $2 order by c.id desc limit 1",
    )
    .bind(user)
    .bind(name)
    .fetch_optional(connection)
    .await
}

/// Keeps a certificate in the place of those that the user had under this name. Others of the same user wait.
pub(crate) async fn put(
    connection: &mut PgConnection,
    user: i32,
    name: &str,
    certificate: &Certificate,
) -> Result<(), sqlx::Error> {
    sqlx::query(r#"select id from "User" where id = $1 for update"#)
        .bind(user)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into application (user_id) select $1
         where not exists (select 1 from application where user_id = $1)",
    )
    .bind(user)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "delete from certificate c using application a
         where a.id = c.application_id and a.user_id = $1 and c.name = $2",
    )
    .bind(user)
    .bind(name)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into certificate (application_id, name, extension, data)
         select min(id), $2, $3, $4 from application where user_id = $1",
    )
    .bind(user)
    .bind(name)
    .bind(&certificate.extension)
    .bind(&certificate.data)
    .execute(connection)
    .await
    .map(drop)
}
