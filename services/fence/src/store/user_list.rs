//! Users as a page of a list shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

/// Which users are asked for; what is `None` is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserFilter {
    /// Letters of the name, the address or the name for people, in any case.
    pub(crate) words: Option<String>,
    pub(crate) is_admin: Option<bool>,
    pub(crate) active: Option<bool>,
    /// The name after which the page begins.
    pub(crate) after: Option<String>,
}

/// A user of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub(crate) struct UserLine {
    pub(crate) username: String,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) role: String,
    pub(crate) active: bool,
    /// The provider by which they logged in last.
    pub(crate) idp: Option<String>,
    /// When they logged in last; none for who has no provider, and so has not yet.
    pub(crate) last_login: Option<DateTime<Utc>>,
    /// API keys that have not expired.
    pub(crate) api_keys: i64,
}

/// The first `most` users that the filter lets through, by name, in one statement. The order is that of
/// bytes, so that it is the same on every database.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &UserFilter,
    most: i64,
) -> Result<Vec<UserLine>, sqlx::Error> {
    sqlx::query_as(
        r#"select u.username, u.display_name, u.email,
                  case when coalesce(u.is_admin, false) then 'admin' else 'user' end as role,
                  u.active, p.name as idp,
                  case when p.id is not null then u._last_auth at time zone 'utc' end as last_login,
                  (select count(*) from user_refresh_token k
                   where k.userid = u.id and k.expires > extract(epoch from now())) as api_keys
           from "User" u left join identity_provider p on p.id = u.idp_id
           where u.username is not null
             and ($1::text is null or position(lower($1) in lower(concat_ws(E'\n', u.username, u.email,
                                                                              u.display_name))) > 0)
             and ($2::bool is null or coalesce(u.is_admin, false) = $2)
             and ($3::bool is null or u.active = $3)
             and ($4::text is null or u.username collate "C" > $4)
           order by u.username collate "C" limit $5"#,
    )
    .bind(&filter.words)
    .bind(filter.is_admin)
    .bind(filter.active)
    .bind(&filter.after)
    .bind(most)
    .fetch_all(connection)
    .await
}
