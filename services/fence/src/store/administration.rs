//! What administrators change of users.

use serde_json::Value;
use sqlx::{PgConnection, types::Json};

/// A user whom an administrator makes.
#[derive(Debug, Default)]
pub(crate) struct NewUser<'a> {
    pub(crate) username: &'a str,
    pub(crate) email: Option<&'a str>,
    pub(crate) display_name: Option<&'a str>,
    pub(crate) phone_number: Option<&'a str>,
    pub(crate) idp: Option<&'a str>,
}

/// What changes of a user; what is `None` stays.
#[derive(Debug, Default)]
pub(crate) struct Changes<'a> {
    pub(crate) username: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) is_admin: Option<bool>,
}

/// Makes a user and returns their id; `None` when there is one of exactly this name.
pub(crate) async fn create(
    connection: &mut PgConnection,
    user: &NewUser<'_>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar(
        r#"insert into "User" (username, email, display_name, phone_number, active, is_admin, idp_id)
           values ($1, $2, $3, $4, true, false, (select id from identity_provider where name = $5))
           on conflict (username) do nothing returning id"#,
    )
    .bind(user.username)
    .bind(user.email)
    .bind(user.display_name)
    .bind(user.phone_number)
    .bind(user.idp)
    .fetch_optional(connection)
    .await
}

/// Gives a user tags.
pub(crate) async fn add_tags(
    connection: &mut PgConnection,
    user: i32,
    keys: &[String],
    values: &[Option<String>],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into tag (user_id, key, value) select $1, t.key, t.value from unnest($2, $3) as t (key, value)
         on conflict (user_id, key) do update set value = excluded.value",
    )
    .bind(user)
    .bind(keys)
    .bind(values)
    .execute(connection)
    .await
    .map(drop)
}

/// Changes a user.
pub(crate) async fn update(
    connection: &mut PgConnection,
    user: i32,
    changes: &Changes<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "User" set username = coalesce($2, username), email = coalesce($3, email),
                  is_admin = coalesce($4, is_admin)
           where id = $1"#,
    )
    .bind(user)
    .bind(changes.username)
    .bind(changes.email)
    .bind(changes.is_admin)
    .execute(connection)
    .await
    .map(drop)
}

/// Lets a user in again who was shut out. What they held before `now` stays ended, also what was made in the
/// very second in which they were shut out.
pub(crate) async fn activate(connection: &mut PgConnection, user: i32, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "User" set active = true,
                  additional_info = case jsonb_typeof(additional_info) when 'object' then additional_info
                                         else '{}' end || jsonb_build_object('tokens_valid_from', $2)
           where id = $1 and not active"#,
    )
    .bind(user)
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// Shuts a user out. What they hold from before `now` ends for ever, also if they are let in again.
pub(crate) async fn deactivate(
    connection: &mut PgConnection,
    user: i32,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "User" set active = false,
                  additional_info = case jsonb_typeof(additional_info) when 'object' then additional_info
                                         else '{}' end || jsonb_build_object('tokens_valid_from', $2)
           where id = $1"#,
    )
    .bind(user)
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// Revokes and forgets all API keys of a user.
pub(crate) async fn end_api_keys(connection: &mut PgConnection, user: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with gone as (delete from user_refresh_token where userid = $1 returning jti, expires)
         insert into blacklisted_token (jti, exp) select jti, coalesce(expires, 0) from gone
         where length(jti) <= 36 on conflict (jti) do nothing",
    )
    .bind(user)
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes a user with everything that is theirs alone. OAuth clients that they registered stay.
pub(crate) async fn delete(connection: &mut PgConnection, user: i32) -> Result<(), sqlx::Error> {
    for statement in [
        "delete from certificate where application_id in (select id from application where user_id = $1)",
        "delete from application where user_id = $1",
        "delete from user_to_group where user_id = $1",
        "delete from access_privilege where user_id = $1",
        "delete from authorization_code where user_id = $1",
        "update client set user_id = null where user_id = $1",
        "delete from tag where user_id = $1",
        r#"delete from "User" where id = $1"#,
    ] {
        sqlx::query(statement).bind(user).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Names of the users who have said who they are, with what they said.
pub(crate) async fn registrations(
    connection: &mut PgConnection,
) -> Result<Vec<(String, Json<Value>)>, sqlx::Error> {
    sqlx::query_as(
        r#"select username, additional_info->'registration_info' from "User"
           where username is not null
             and coalesce(additional_info->'registration_info', '{}') not in ('{}', 'null')
           order by username"#,
    )
    .fetch_all(connection)
    .await
}

/// Keeps what a user has said of themselves.
pub(crate) async fn register(
    connection: &mut PgConnection,
    user: i32,
    info: &Value,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "User" set
                  additional_info = case jsonb_typeof(additional_info) when 'object' then additional_info
                                         else '{}' end || jsonb_build_object('registration_info', $2::jsonb)
           where id = $1"#,
    )
    .bind(user)
    .bind(Json(info))
    .execute(connection)
    .await
    .map(drop)
}
