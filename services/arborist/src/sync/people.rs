//! Users, groups and clients, and what they hold.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::PgConnection;
use useryaml::UserYaml;

use super::{
    ChangeKind, Options, SyncError, SyncReport,
    links::{self, LinkTable, Pair, Scope},
    objects::{legacy, legacy_policy},
};
use crate::store::{ANONYMOUS, LOGGED_IN};

/// Names to rows.
type Ids = HashMap<String, i32>;

pub(super) async fn bring_in(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let users = create_users(conn, file, report).await?;
    groups(conn, file, options, report).await?;
    let policies = ids(conn, "select name, id from policy").await?;
    let groups = ids(conn, "select name, id from grp").await?;
    let scope = if options.additive { Scope::Nobody } else { Scope::Everybody };

    let wanted = rows(&users, &policies, user_policies(file));
    let kinds = (ChangeKind::UserGranted, ChangeKind::UserRevoked);
    make_equal(conn, &links::USER_POLICIES, &wanted, options, &scope, kinds, report).await?;

    let wanted = rows(&users, &groups, members(file));
    let kinds = (ChangeKind::MemberAdded, ChangeKind::MemberRemoved);
    make_equal(conn, &links::MEMBERS, &wanted, options, &scope, kinds, report).await?;

    let wanted = rows(&groups, &policies, group_policies(file));
    let kinds = (ChangeKind::GroupGranted, ChangeKind::GroupRevoked);
    make_equal(conn, &links::GROUP_POLICIES, &wanted, options, &scope, kinds, report).await?;

    if !options.additive {
        delete_users_without_anything(conn, report).await?;
    }
    clients(conn, file, options, &policies, report).await
}

async fn ids(conn: &mut PgConnection, query: &'static str) -> Result<Ids, sqlx::Error> {
    let rows: Vec<(String, i32)> = sqlx::query_as(query).fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

/// The rows of pairs of names, each once, sorted, so that two writers take their locks in one order.
fn rows<'a>(holders: &Ids, held: &Ids, pairs: impl Iterator<Item = (&'a str, String)>) -> Vec<(i32, i32)> {
    let found = pairs.filter_map(|(holder, thing)| Some((*holders.get(holder)?, *held.get(&thing)?)));
    found.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn make_equal(
    conn: &mut PgConnection,
    table: &LinkTable,
    wanted: &[(i32, i32)],
    options: &Options,
    scope: &Scope,
    (inserted, deleted): (ChangeKind, ChangeKind),
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let (new, old) = links::make_equal(conn, table, wanted, &options.label, scope).await?;
    let written = |pairs: Vec<Pair>| pairs.into_iter().map(|(holder, held)| format!("{holder}: {held}"));
    report.note(inserted, written(new));
    report.note(deleted, written(old));
    Ok(())
}

/// Direct grants of the file, those of legacy access included.
fn user_policies(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let own = file.users.iter().map(|(name, user)| (name.as_str(), user.policies.as_slice()));
    let own = own.flat_map(|(name, policies)| policies.iter().map(move |policy| (name, policy.clone())));
    own.chain(legacy(file).map(|(name, path, method)| (name, legacy_policy(path, method))))
}

fn members(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let groups = file.authz.groups.iter().map(|group| (group.name.as_str(), group.users.as_slice()));
    groups.flat_map(|(group, users)| users.iter().map(move |user| (user.as_str(), group.to_owned())))
}

/// Policies of the groups of the file, and of the two built-in ones.
fn group_policies(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let authz = &file.authz;
    let own = authz.groups.iter().map(|group| (group.name.as_str(), group.policies.as_slice()));
    let public =
        [(ANONYMOUS, authz.anonymous_policies.as_slice()), (LOGGED_IN, authz.all_users_policies.as_slice())];
    own.chain(public).flat_map(|(group, list)| list.iter().map(move |policy| (group, policy.clone())))
}

/// Creates the users of the file who hold something and are not there in any letter case; gives the row of each
/// name of the file: the one of exactly that name, else the oldest that differs in case alone.
async fn create_users(
    conn: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<Ids, SyncError> {
    let holders: HashSet<&str> =
        user_policies(file).map(|(name, _)| name).chain(members(file).map(|(name, _)| name)).collect();
    let names: Vec<&str> =
        file.users.keys().map(String::as_str).filter(|name| holders.contains(name)).collect();
    let created: Vec<String> = sqlx::query_scalar(
        "insert into usr (name)
         select distinct on (lower(wanted.name)) wanted.name
         from unnest($1::text[]) with ordinality as wanted(name, place)
         where not exists (select 1 from usr where lower(usr.name) = lower(wanted.name))
         order by lower(wanted.name), wanted.place
         on conflict (name) do nothing returning name",
    )
    .bind(&names)
    .fetch_all(&mut *conn)
    .await?;
    report.note(ChangeKind::UserCreated, created);
    let rows: Vec<(String, i32)> = sqlx::query_as(
        "select distinct on (wanted.name) wanted.name, usr.id
         from unnest($1::text[]) as wanted(name) join usr on lower(usr.name) = lower(wanted.name)
         order by wanted.name, usr.name = wanted.name desc, usr.id",
    )
    .bind(&names)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

async fn groups(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let names: Vec<&str> = file.authz.groups.iter().map(|group| group.name.as_str()).collect();
    if !options.additive {
        let deleted: Vec<String> =
            sqlx::query_scalar("delete from grp where name <> all($1) and name <> all($2) returning name")
                .bind(&names)
                .bind([ANONYMOUS, LOGGED_IN].as_slice())
                .fetch_all(&mut *conn)
                .await?;
        report.note(ChangeKind::GroupDeleted, deleted);
    }
    let created: Vec<String> = sqlx::query_scalar(
        "insert into grp (name) select name from unnest($1::text[]) as wanted(name) order by name
         on conflict (name) do nothing returning name",
    )
    .bind(&names)
    .fetch_all(conn)
    .await?;
    report.note(ChangeKind::GroupCreated, created);
    Ok(())
}

/// A user without policies and groups is one whom arborist need not know: it takes unknown users for logged in.
async fn delete_users_without_anything(
    conn: &mut PgConnection,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let deleted: Vec<String> = sqlx::query_scalar(
        "delete from usr
         where not exists (select 1 from usr_policy where usr_policy.usr_id = usr.id)
           and not exists (select 1 from usr_grp where usr_grp.usr_id = usr.id)
         returning name",
    )
    .fetch_all(conn)
    .await?;
    report.note(ChangeKind::UserDeleted, deleted);
    Ok(())
}

async fn clients(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    policies: &Ids,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for (name, client) in &file.clients {
        let Some(ids) = options.clients.get(name).filter(|ids| !ids.is_empty()) else {
            report.unknown_clients.push(name.clone());
            continue;
        };
        named.extend(ids.iter().map(String::as_str));
        let pairs = ids.iter().flat_map(|id| client.policies.iter().map(move |policy| (id.as_str(), policy)));
        wanted.extend(pairs.map(|(id, policy)| (id, policy.clone())));
    }
    let created: Vec<String> = sqlx::query_scalar(
        "insert into client (external_client_id) select name from unnest($1::text[]) as wanted(name)
         on conflict do nothing returning external_client_id",
    )
    .bind(named.iter().copied().collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    report.note(ChangeKind::ClientCreated, created);
    let ids = ids(conn, "select external_client_id, id from client").await?;
    let scope = match options.additive {
        true => Scope::Nobody,
        false => Scope::Only(named.iter().filter_map(|name| ids.get(*name).copied()).collect()),
    };
    let wanted = rows(&ids, policies, wanted.into_iter());
    let kinds = (ChangeKind::ClientGranted, ChangeKind::ClientRevoked);
    make_equal(conn, &links::CLIENT_POLICIES, &wanted, options, &scope, kinds, report).await
}
