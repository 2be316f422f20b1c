//! Who holds what: rows of the link tables under one label made equal to a wanted set.
//!
//! A pair of holder and held can stand in a table once, under one label. Where another label has it already, that
//! row is left alone while it counts; a row that has expired is taken over.

use sqlx::PgConnection;

/// Deletes the rows under label `$3` that are not among the pairs `$1`, `$2`, of the holders `$4` (null: all);
/// gives the names.
macro_rules! delete_others {
    ($table:literal, $holder:literal, $holder_id:literal, $name:literal, $held:literal, $held_id:literal, $but:literal) => {
        concat!(
            "delete from ",
            $table,
            " as link using ",
            $holder,
            ", ",
            $held,
            "
             where ",
            $holder,
            ".id = link.",
            $holder_id,
            " and ",
            $held,
            ".id = link.",
            $held_id,
            "
               and link.authz_provider = $3 ",
            $but,
            "
               and ($4::int4[] is null or link.",
            $holder_id,
            " = any($4))
               and not exists (
                 select 1 from unnest($1::int4[], $2::int4[]) as wanted(holder, held)
                 where wanted.holder = link.",
            $holder_id,
            " and wanted.held = link.",
            $held_id,
            "
               )
             returning ",
            $holder,
            ".",
            $name,
            ", ",
            $held,
            ".name"
        )
    };
}

/// Inserts the pairs `$1`, `$2` under label `$3`; `$conflict` says what happens to a row that is there already.
macro_rules! insert_missing {
    ($table:literal, $holder:literal, $holder_id:literal, $name:literal, $held:literal, $held_id:literal, $conflict:literal) => {
        concat!(
            "with made as (
                insert into ",
            $table,
            " as link (",
            $holder_id,
            ", ",
            $held_id,
            ", authz_provider)
                select holder, held, $3 from unnest($1::int4[], $2::int4[]) as wanted(holder, held)
                order by holder, held
                on conflict (",
            $holder_id,
            ", ",
            $held_id,
            ") ",
            $conflict,
            "
                returning ",
            $holder_id,
            ", ",
            $held_id,
            "
             )
             select ",
            $holder,
            ".",
            $name,
            ", ",
            $held,
            ".name
             from made join ",
            $holder,
            " on ",
            $holder,
            ".id = made.",
            $holder_id,
            "
             join ",
            $held,
            " on ",
            $held,
            ".id = made.",
            $held_id
        )
    };
}

/// A link table with its two statements.
pub(super) struct LinkTable {
    delete: &'static str,
    insert: &'static str,
}

macro_rules! link_table {
    ($table:literal, $holder:literal, $holder_id:literal, $name:literal, $held:literal, $held_id:literal,
        $but:literal, $conflict:literal) => {
        LinkTable {
            delete: delete_others!($table, $holder, $holder_id, $name, $held, $held_id, $but),
            insert: insert_missing!($table, $holder, $holder_id, $name, $held, $held_id, $conflict),
        }
    };
}

/// Policies of users. `mfa_policy` is granted by fence to users who logged in with two factors, and left to them.
pub(super) const USER_POLICIES: LinkTable = link_table!(
    "usr_policy",
    "usr",
    "usr_id",
    "name",
    "policy",
    "policy_id",
    "and policy.name <> 'mfa_policy'",
    "do update set expires_at = null, authz_provider = excluded.authz_provider
     where (link.authz_provider = excluded.authz_provider and link.expires_at is not null) or link.expires_at <= now()"
);

/// Members of groups: the holder of a membership is the user.
pub(super) const MEMBERS: LinkTable = link_table!(
    "usr_grp",
    "usr",
    "usr_id",
    "name",
    "grp",
    "grp_id",
    "",
    "do update set expires_at = null, authz_provider = excluded.authz_provider
     where (link.authz_provider = excluded.authz_provider and link.expires_at is not null) or link.expires_at <= now()"
);

/// Policies of groups.
pub(super) const GROUP_POLICIES: LinkTable =
    link_table!("grp_policy", "grp", "grp_id", "name", "policy", "policy_id", "", "do nothing");

/// Policies of clients.
pub(super) const CLIENT_POLICIES: LinkTable = link_table!(
    "client_policy",
    "client",
    "client_id",
    "external_client_id",
    "policy",
    "policy_id",
    "",
    "do nothing"
);

/// Names of holder and held.
pub(super) type Pair = (String, String);

/// Whose rows may be deleted.
pub(super) enum Scope {
    /// Rows of all holders.
    Everybody,
    /// No rows: a sync that only adds.
    Nobody,
    /// Rows of these holders.
    Only(Vec<i32>),
}

/// Makes the rows under `label` equal to `wanted`, within `scope`; gives what was (inserted, deleted).
pub(super) async fn make_equal(
    conn: &mut PgConnection,
    table: &LinkTable,
    wanted: &[(i32, i32)],
    label: &str,
    scope: &Scope,
) -> Result<(Vec<Pair>, Vec<Pair>), sqlx::Error> {
    let (holders, held): (Vec<i32>, Vec<i32>) = wanted.iter().copied().unzip();
    let only: Option<&[i32]> = match scope {
        Scope::Everybody => None,
        Scope::Nobody => Some(&[]),
        Scope::Only(holders) => Some(holders),
    };
    let deleted = sqlx::query_as(table.delete)
        .bind(&holders)
        .bind(&held)
        .bind(label)
        .bind(only)
        .fetch_all(&mut *conn)
        .await?;
    let inserted =
        sqlx::query_as(table.insert).bind(&holders).bind(&held).bind(label).fetch_all(conn).await?;
    Ok((inserted, deleted))
}
