//! Who holds what: users, groups and clients hold policies, and users hold memberships of groups.
//!
//! A pair of holder and held stands in its table once, under one label. The four tables differ in their
//! names, in what can expire, and in `mfa_policy`.

use sqlx::PgConnection;

use crate::model::{Held, Label};

/// The statements of one table.
pub(crate) struct LinkTable {
    /// Removes links of the holder named `$1`: to what `$2` names (null: all), under label `$3` (null: any).
    remove: &'static str,
    /// Removes the links under label `$3` of the holders `$4` (null: all) that are not among the pairs `$1`,
    /// `$2`; returns the names of holder and held.
    remove_unwanted: &'static str,
    /// Adds the pairs `$1`, `$2` under label `$3`; returns the names of holder and held of the added ones.
    ///
    /// A link under another label is left alone while it counts; one that has expired is taken over.
    add_wanted: &'static str,
}

/// Policies of users. fence grants `mfa_policy` to users who logged in with two factors; a sync leaves it.
pub(crate) const USER_POLICIES: LinkTable = LinkTable {
    remove: "
        delete from usr_policy as link using usr, policy
        where usr.id = link.usr_id and policy.id = link.policy_id and usr.name = $1
          and ($2::text is null or policy.name = $2)
          and ($3::text is null or link.authz_provider = $3)",
    remove_unwanted: "
        delete from usr_policy as link using usr, policy
        where usr.id = link.usr_id and policy.id = link.policy_id and link.authz_provider = $3
          and policy.name <> 'mfa_policy'
          and ($4::int4[] is null or link.usr_id = any($4))
          and not exists (
            select 1 from unnest($1::int4[], $2::int4[]) as wanted(usr_id, policy_id)
            where wanted.usr_id = link.usr_id and wanted.policy_id = link.policy_id
          )
        returning usr.name as holder, policy.name as held",
    add_wanted: "
        with made as (
            insert into usr_policy as link (usr_id, policy_id, authz_provider)
            select usr_id, policy_id, $3
            from unnest($1::int4[], $2::int4[]) as wanted(usr_id, policy_id)
            order by usr_id, policy_id
            on conflict (usr_id, policy_id) do update
            set expires_at = null, authz_provider = excluded.authz_provider
            where link.expires_at <= now()
               or (link.authz_provider = excluded.authz_provider and link.expires_at is not null)
            returning usr_id, policy_id
        )
        select usr.name as holder, policy.name as held
        from made join usr on usr.id = made.usr_id join policy on policy.id = made.policy_id",
};

/// Members of groups; the holder of a membership is the user.
pub(crate) const MEMBERS: LinkTable = LinkTable {
    remove: "
        delete from usr_grp as link using usr, grp
        where usr.id = link.usr_id and grp.id = link.grp_id and usr.name = $1
          and ($2::text is null or grp.name = $2)
          and ($3::text is null or link.authz_provider = $3)",
    remove_unwanted: "
        delete from usr_grp as link using usr, grp
        where usr.id = link.usr_id and grp.id = link.grp_id and link.authz_provider = $3
          and ($4::int4[] is null or link.usr_id = any($4))
          and not exists (
            select 1 from unnest($1::int4[], $2::int4[]) as wanted(usr_id, grp_id)
            where wanted.usr_id = link.usr_id and wanted.grp_id = link.grp_id
          )
        returning usr.name as holder, grp.name as held",
    add_wanted: "
        with made as (
            insert into usr_grp as link (usr_id, grp_id, authz_provider)
            select usr_id, grp_id, $3
            from unnest($1::int4[], $2::int4[]) as wanted(usr_id, grp_id)
            order by usr_id, grp_id
            on conflict (usr_id, grp_id) do update
            set expires_at = null, authz_provider = excluded.authz_provider
            where link.expires_at <= now()
               or (link.authz_provider = excluded.authz_provider and link.expires_at is not null)
            returning usr_id, grp_id
        )
        select usr.name as holder, grp.name as held
        from made join usr on usr.id = made.usr_id join grp on grp.id = made.grp_id",
};

/// Policies of groups.
pub(crate) const GROUP_POLICIES: LinkTable = LinkTable {
    remove: "
        delete from grp_policy as link using grp, policy
        where grp.id = link.grp_id and policy.id = link.policy_id and grp.name = $1
          and ($2::text is null or policy.name = $2)
          and ($3::text is null or link.authz_provider = $3)",
    remove_unwanted: "
        delete from grp_policy as link using grp, policy
        where grp.id = link.grp_id and policy.id = link.policy_id and link.authz_provider = $3
          and ($4::int4[] is null or link.grp_id = any($4))
          and not exists (
            select 1 from unnest($1::int4[], $2::int4[]) as wanted(grp_id, policy_id)
            where wanted.grp_id = link.grp_id and wanted.policy_id = link.policy_id
          )
        returning grp.name as holder, policy.name as held",
    add_wanted: "
        with made as (
            insert into grp_policy (grp_id, policy_id, authz_provider)
            select grp_id, policy_id, $3
            from unnest($1::int4[], $2::int4[]) as wanted(grp_id, policy_id)
            order by grp_id, policy_id
            on conflict (grp_id, policy_id) do nothing
            returning grp_id, policy_id
        )
        select grp.name as holder, policy.name as held
        from made join grp on grp.id = made.grp_id join policy on policy.id = made.policy_id",
};

/// Policies of clients.
pub(crate) const CLIENT_POLICIES: LinkTable = LinkTable {
    remove: "
        delete from client_policy as link using client, policy
        where client.id = link.client_id and policy.id = link.policy_id and client.external_client_id = $1
          and ($2::text is null or policy.name = $2)
          and ($3::text is null or link.authz_provider = $3)",
    remove_unwanted: "
        delete from client_policy as link using client, policy
        where client.id = link.client_id and policy.id = link.policy_id and link.authz_provider = $3
          and ($4::int4[] is null or link.client_id = any($4))
          and not exists (
            select 1 from unnest($1::int4[], $2::int4[]) as wanted(client_id, policy_id)
            where wanted.client_id = link.client_id and wanted.policy_id = link.policy_id
          )
        returning client.external_client_id as holder, policy.name as held",
    add_wanted: "
        with made as (
            insert into client_policy (client_id, policy_id, authz_provider)
            select client_id, policy_id, $3
            from unnest($1::int4[], $2::int4[]) as wanted(client_id, policy_id)
            order by client_id, policy_id
            on conflict (client_id, policy_id) do nothing
            returning client_id, policy_id
        )
        select client.external_client_id as holder, policy.name as held
        from made join client on client.id = made.client_id join policy on policy.id = made.policy_id",
};

/// Removes links of the holder of exactly this name, those under `label` alone if there is one.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    table: &LinkTable,
    holder: &str,
    held: Held<'_>,
    label: &Label,
) -> Result<(), sqlx::Error> {
    let only = match held {
        Held::All => None,
        Held::One(name) => Some(name),
    };
    sqlx::query(table.remove).bind(holder).bind(only).bind(&label.0).execute(connection).await?;
    Ok(())
}

/// A link by the row ids of both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link {
    pub(crate) holder: i32,
    pub(crate) held: i32,
}

/// A link by the names of both ends.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct NamedLink {
    pub(crate) holder: String,
    pub(crate) held: String,
}

/// What holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum HolderKind {
    User,
    Group,
    Client,
}

/// A link of any of the tables, by the names of both ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, sqlx::FromRow)]
pub(crate) struct LabelledLink {
    pub(crate) kind: HolderKind,
    pub(crate) holder: String,
    /// A policy or, with `@` before it, a group.
    pub(crate) held: String,
}

/// Returns all links under `label`, but for those of the users `spared`.
pub(crate) async fn under(
    connection: &mut PgConnection,
    label: &str,
    spared: &[String],
) -> Result<Vec<LabelledLink>, sqlx::Error> {
    let all = "
        select 'user' as kind, usr.name as holder, policy.name as held
        from usr_policy as link join usr on usr.id = link.usr_id join policy on policy.id = link.policy_id
        where link.authz_provider = $1 and usr.name <> all($2) and policy.name <> 'mfa_policy'
        union all
        select 'user', usr.name, '@' || grp.name
        from usr_grp as link join usr on usr.id = link.usr_id join grp on grp.id = link.grp_id
        where link.authz_provider = $1 and usr.name <> all($2)
        union all
        select 'group', grp.name, policy.name
        from grp_policy as link join grp on grp.id = link.grp_id join policy on policy.id = link.policy_id
        where link.authz_provider = $1
        union all
        select 'client', client.external_client_id, policy.name
        from client_policy as link
        join client on client.id = link.client_id join policy on policy.id = link.policy_id
        where link.authz_provider = $1";
    sqlx::query_as(all).bind(label).bind(spared).fetch_all(connection).await
}

/// Whose links may be removed.
#[derive(Debug)]
pub(crate) enum Holders {
    All,
    None,
    /// Those with these row ids.
    Only(Vec<i32>),
}

/// What [`make_equal`] did.
#[derive(Debug)]
pub(crate) struct LinkChanges {
    pub(crate) added: Vec<NamedLink>,
    pub(crate) removed: Vec<NamedLink>,
}

/// Makes the links under `label` equal to `wanted`; removes those of `removable` alone.
pub(crate) async fn make_equal(
    connection: &mut PgConnection,
    table: &LinkTable,
    wanted: &[Link],
    label: &str,
    removable: &Holders,
) -> Result<LinkChanges, sqlx::Error> {
    let (holders, held): (Vec<i32>, Vec<i32>) = wanted.iter().map(|link| (link.holder, link.held)).unzip();
    let only: Option<&[i32]> = match removable {
        Holders::All => None,
        Holders::None => Some(&[]),
        Holders::Only(holders) => Some(holders),
    };
    let removed = sqlx::query_as(table.remove_unwanted)
        .bind(&holders)
        .bind(&held)
        .bind(label)
        .bind(only)
        .fetch_all(&mut *connection)
        .await?;
    let added =
        sqlx::query_as(table.add_wanted).bind(&holders).bind(&held).bind(label).fetch_all(connection).await?;
    Ok(LinkChanges { added, removed })
}
