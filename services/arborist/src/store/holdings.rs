//! What a user holds, with labels and times.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

/// A group or a policy that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Holding {
    /// Its name.
    pub name: String,
    /// When it stops counting; none means never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who granted it: `user-sync` for a user.yaml.
    pub label: Option<String>,
}

/// The groups of the user of this name, in any letter case.
pub(crate) async fn groups(connection: &mut PgConnection, user: &str) -> Result<Vec<Holding>, sqlx::Error> {
    sqlx::query_as(
        "select grp.name, link.expires_at, link.authz_provider as label
         from usr_grp as link join grp on grp.id = link.grp_id join usr on usr.id = link.usr_id
         where lower(usr.name) = lower($1)
         order by grp.name",
    )
    .bind(user)
    .fetch_all(connection)
    .await
}

/// The policies that the user of this name was granted directly, in any letter case.
pub(crate) async fn policies(connection: &mut PgConnection, user: &str) -> Result<Vec<Holding>, sqlx::Error> {
    sqlx::query_as(
        "select policy.name, link.expires_at, link.authz_provider as label
         from usr_policy as link join policy on policy.id = link.policy_id join usr on usr.id = link.usr_id
         where lower(usr.name) = lower($1)
         order by policy.name",
    )
    .bind(user)
    .fetch_all(connection)
    .await
}
