//! Users, groups and clients, and what they hold.

use std::collections::{BTreeSet, HashMap};

use sqlx::PgConnection;
use useryaml::UserYaml;

use super::{
    ChangeKind, Options, SyncError, SyncReport,
    links::{self, Pair},
    objects::{legacy, legacy_policy},
};
use crate::store::{ANONYMOUS, LOGGED_IN};

pub(super) async fn bring_in(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let users = create_users(conn, file, report).await?;
    let policies = ids(conn, "select name, id from policy").await?;
    grants(conn, file, &users, &policies, &options.label, report).await?;
    groups(conn, file, report).await?;
    let group_ids = ids(conn, "select name, id from grp").await?;
    members(conn, file, &users, &group_ids, &options.label, report).await?;
    group_policies(conn, file, &group_ids, &policies, &options.label, report).await?;
    delete_users_without_anything(conn, report).await?;
    clients(conn, file, options, &policies, report).await
}

async fn ids(conn: &mut PgConnection, query: &'static str) -> Result<HashMap<String, i32>, sqlx::Error> {
    let rows: Vec<(String, i32)> = sqlx::query_as(query).fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

fn written(pairs: Vec<Pair>) -> impl Iterator<Item = String> {
    pairs.into_iter().map(|(holder, held)| format!("{holder}: {held}"))
}

/// Creates the users of the file that are not there in any letter case; gives the row of each name of the file:
/// the one of exactly that name, else the oldest that differs in case alone.
async fn create_users(
    conn: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<HashMap<String, i32>, SyncError> {
    let names: Vec<&str> = file.users.keys().map(String::as_str).collect();
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

async fn grants(
    conn: &mut PgConnection,
    file: &UserYaml,
    users: &HashMap<String, i32>,
    policies: &HashMap<String, i32>,
    label: &str,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let own = file
        .users
        .iter()
        .flat_map(|(name, user)| user.policies.iter().map(move |p| (name.as_str(), p.clone())));
    let legacy = legacy(file).map(|(name, path, method)| (name, legacy_policy(path, method)));
    let wanted: BTreeSet<(i32, i32)> = own
        .chain(legacy)
        .filter_map(|(user, policy)| Some((*users.get(user)?, *policies.get(&policy)?)))
        .collect();
    let wanted: Vec<(i32, i32)> = wanted.into_iter().collect();
    let (granted, revoked) = links::make_equal(conn, &links::USER_POLICIES, &wanted, label, None).await?;
    report.note(ChangeKind::UserGranted, written(granted));
    report.note(ChangeKind::UserRevoked, written(revoked));
    Ok(())
}

async fn groups(conn: &mut PgConnection, file: &UserYaml, report: &mut SyncReport) -> Result<(), SyncError> {
    let names: Vec<&str> = file.authz.groups.iter().map(|group| group.name.as_str()).collect();
    let deleted: Vec<String> =
        sqlx::query_scalar("delete from grp where name <> all($1) and name <> all($2) returning name")
            .bind(&names)
            .bind([ANONYMOUS, LOGGED_IN].as_slice())
            .fetch_all(&mut *conn)
            .await?;
    report.note(ChangeKind::GroupDeleted, deleted);
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

async fn members(
    conn: &mut PgConnection,
    file: &UserYaml,
    users: &HashMap<String, i32>,
    groups: &HashMap<String, i32>,
    label: &str,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let pairs =
        file.authz.groups.iter().flat_map(|group| group.users.iter().map(move |user| (user, &group.name)));
    let wanted: BTreeSet<(i32, i32)> =
        pairs.filter_map(|(user, group)| Some((*users.get(user)?, *groups.get(group)?))).collect();
    let wanted: Vec<(i32, i32)> = wanted.into_iter().collect();
    let (added, removed) = links::make_equal(conn, &links::MEMBERS, &wanted, label, None).await?;
    report.note(ChangeKind::MemberAdded, written(added));
    report.note(ChangeKind::MemberRemoved, written(removed));
    Ok(())
}

/// Policies of the groups of the file, and of the two built-in ones.
async fn group_policies(
    conn: &mut PgConnection,
    file: &UserYaml,
    groups: &HashMap<String, i32>,
    policies: &HashMap<String, i32>,
    label: &str,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let authz = &file.authz;
    let own = authz.groups.iter().map(|group| (group.name.as_str(), &group.policies));
    let public = [(ANONYMOUS, &authz.anonymous_policies), (LOGGED_IN, &authz.all_users_policies)];
    let pairs = own.chain(public).flat_map(|(group, list)| list.iter().map(move |policy| (group, policy)));
    let wanted: BTreeSet<(i32, i32)> =
        pairs.filter_map(|(group, policy)| Some((*groups.get(group)?, *policies.get(policy)?))).collect();
    let wanted: Vec<(i32, i32)> = wanted.into_iter().collect();
    let (granted, revoked) = links::make_equal(conn, &links::GROUP_POLICIES, &wanted, label, None).await?;
    report.note(ChangeKind::GroupGranted, written(granted));
    report.note(ChangeKind::GroupRevoked, written(revoked));
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
    // A user of the file who holds nothing is created and deleted again, which is no change.
    let created = |change: &super::Change| change.kind == ChangeKind::UserCreated;
    let mut gone: BTreeSet<String> = deleted.into_iter().collect();
    report.changes.retain(|change| !(created(change) && gone.remove(&change.what)));
    report.note(ChangeKind::UserDeleted, gone);
    Ok(())
}

async fn clients(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    policies: &HashMap<String, i32>,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let mut pairs: Vec<(&str, &[String])> = Vec::new();
    for (name, client) in &file.clients {
        match options.clients.get(name).filter(|ids| !ids.is_empty()) {
            Some(ids) => pairs.extend(ids.iter().map(|id| (id.as_str(), client.policies.as_slice()))),
            None => report.unknown_clients.push(name.clone()),
        }
    }
    if pairs.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<&str> = pairs.iter().map(|(id, _)| *id).collect();
    let created: Vec<String> = sqlx::query_scalar(
        "insert into client (external_client_id) select name from unnest($1::text[]) as wanted(name)
         on conflict do nothing returning external_client_id",
    )
    .bind(names.into_iter().collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    report.note(ChangeKind::ClientCreated, created);
    let ids = ids(conn, "select external_client_id, id from client").await?;
    let named: Vec<i32> = pairs.iter().filter_map(|(id, _)| ids.get(*id).copied()).collect();
    let wanted = pairs.iter().flat_map(|(id, list)| list.iter().map(move |policy| (*id, policy)));
    let wanted: BTreeSet<(i32, i32)> =
        wanted.filter_map(|(id, policy)| Some((*ids.get(id)?, *policies.get(policy)?))).collect();
    let wanted: Vec<(i32, i32)> = wanted.into_iter().collect();
    let (granted, revoked) =
        links::make_equal(conn, &links::CLIENT_POLICIES, &wanted, &options.label, Some(&named)).await?;
    report.note(ChangeKind::ClientGranted, written(granted));
    report.note(ChangeKind::ClientRevoked, written(revoked));
    Ok(())
}
