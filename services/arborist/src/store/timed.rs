//! What users hold under a label until a time.

use policystore::{Earlier, Timed};
use sqlx::PgConnection;

/// The statements for groups, or for policies.
pub(crate) struct TimedTable {
    /// Removes what the user `$1` holds under label `$2` and is not among the names `$3`.
    remove: &'static str,
    /// Gives the user `$1` what `$3` names, until `$4`, under label `$2`. What is held under another label
    /// stays unless it ends earlier, and what is held under this one, too, unless `$5`.
    add: &'static str,
    /// Returns which of the names `$1` nothing has.
    missing: &'static str,
}

/// Memberships. Nobody is a member of the built-in groups.
pub(crate) const GROUPS: TimedTable = TimedTable {
    remove: "
        delete from usr_grp as link using grp
        where grp.id = link.grp_id and link.usr_id = $1 and link.authz_provider = $2
          and grp.name <> all($3)",
    add: "
        insert into usr_grp as link (usr_id, grp_id, expires_at, authz_provider)
        select $1, grp.id, wanted.until, $2
        from unnest($3::text[], $4::timestamptz[]) as wanted(name, until) join grp on grp.name = wanted.name
        where grp.name not in ('anonymous', 'logged-in')
        order by grp.id
        on conflict (usr_id, grp_id) do update
        set expires_at = excluded.expires_at, authz_provider = excluded.authz_provider
        where link.expires_at < excluded.expires_at
           or ($5 and link.authz_provider = excluded.authz_provider
               and link.expires_at is distinct from excluded.expires_at)",
    missing: "
        select wanted.name from unnest($1::text[]) as wanted(name)
        where wanted.name in ('anonymous', 'logged-in')
           or not exists (select 1 from grp where grp.name = wanted.name)
        order by wanted.name",
};

/// Policies.
pub(crate) const POLICIES: TimedTable = TimedTable {
    remove: "
        delete from usr_policy as link using policy
        where policy.id = link.policy_id and link.usr_id = $1 and link.authz_provider = $2
          and policy.name <> all($3)",
    add: "
        insert into usr_policy as link (usr_id, policy_id, expires_at, authz_provider)
        select $1, policy.id, wanted.until, $2
        from unnest($3::text[], $4::timestamptz[]) as wanted(name, until)
        join policy on policy.name = wanted.name
        order by policy.id
        on conflict (usr_id, policy_id) do update
        set expires_at = excluded.expires_at, authz_provider = excluded.authz_provider
        where link.expires_at < excluded.expires_at
           or ($5 and link.authz_provider = excluded.authz_provider
               and link.expires_at is distinct from excluded.expires_at)",
    missing: "
        select wanted.name from unnest($1::text[]) as wanted(name)
        where not exists (select 1 from policy where policy.name = wanted.name)
        order by wanted.name",
};

/// Gives the user `wanted`, whose names are distinct, under `label`; returns the names that nothing has.
pub(crate) async fn set(
    connection: &mut PgConnection,
    table: &TimedTable,
    user: i32,
    label: &str,
    wanted: &[Timed],
    earlier: Earlier,
) -> Result<Vec<String>, sqlx::Error> {
    let (names, ends): (Vec<&str>, Vec<_>) =
        wanted.iter().map(|timed| (timed.name.as_str(), timed.until)).unzip();
    let replaces = earlier == Earlier::Replaced;
    if replaces {
        sqlx::query(table.remove).bind(user).bind(label).bind(&names).execute(&mut *connection).await?;
    }
    sqlx::query(table.add)
        .bind(user)
        .bind(label)
        .bind(&names)
        .bind(&ends)
        .bind(replaces)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar(table.missing).bind(&names).fetch_all(connection).await
}
