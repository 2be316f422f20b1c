//! Table `user_google_account`, and the groups at Google that its accounts belong to.

use sqlx::{FromRow, PgConnection};

/// An account that is linked with a user.
#[derive(Debug, FromRow)]
pub(crate) struct Account {
    pub(crate) id: i32,
    pub(crate) is_in_group: bool,
}

/// The account that is linked with a user.
pub(crate) async fn of_user(
    connection: &mut PgConnection,
    user: i32,
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(
        "select a.id, exists (select from user_google_account_to_proxy_group g
                              where g.user_google_account_id = a.id) as is_in_group
         from user_google_account a where a.user_id = $1 order by a.id limit 1",
    )
    .bind(user)
    .fetch_optional(connection)
    .await
}

/// Forgets an account that is in no group.
pub(crate) async fn remove(connection: &mut PgConnection, account: i32) -> Result<(), sqlx::Error> {
    sqlx::query("delete from user_google_account where id = $1")
        .bind(account)
        .execute(connection)
        .await
        .map(drop)
}
