//! Users, groups and clients, and what they hold.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::PgConnection;
use useryaml::UserYaml;

use super::{ChangeKind, Options, SyncError, SyncReport, legacy};
use crate::{
    model::{ANONYMOUS, LOGGED_IN},
    store::{
        client, group,
        links::{self, Holders, Link, LinkTable, NamedLink},
        policy, user,
    },
};

/// Row ids by name.
type RowIds = HashMap<String, i32>;

pub(super) async fn bring_in(
    connection: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let users = create_users(connection, file, report).await?;
    create_and_delete_groups(connection, file, options, report).await?;
    let policies = policy::row_ids(connection).await?;
    let groups = group::row_ids(connection).await?;
    let removable = if options.additive { Holders::None } else { Holders::All };

    let wanted = links(&users, &policies, user_policies(file));
    USER_POLICIES.make_equal(connection, &wanted, options, &removable, report).await?;
    let wanted = links(&users, &groups, members(file));
    MEMBERS.make_equal(connection, &wanted, options, &removable, report).await?;
    let wanted = links(&groups, &policies, group_policies(file));
    GROUP_POLICIES.make_equal(connection, &wanted, options, &removable, report).await?;

    if !options.additive {
        // arborist takes a user whom it does not know for logged in, so nobody loses anything.
        report.note(ChangeKind::UserDeleted, user::delete_idle(connection).await?);
    }
    bring_in_clients(connection, file, options, &policies, report).await
}

/// A table of links, and what its changes are called.
struct SyncedTable {
    table: LinkTable,
    added: ChangeKind,
    removed: ChangeKind,
}

const USER_POLICIES: SyncedTable = SyncedTable {
    table: links::USER_POLICIES,
    added: ChangeKind::UserGranted,
    removed: ChangeKind::UserRevoked,
};
const MEMBERS: SyncedTable =
    SyncedTable { table: links::MEMBERS, added: ChangeKind::MemberAdded, removed: ChangeKind::MemberRemoved };
const GROUP_POLICIES: SyncedTable = SyncedTable {
    table: links::GROUP_POLICIES,
    added: ChangeKind::GroupGranted,
    removed: ChangeKind::GroupRevoked,
};
const CLIENT_POLICIES: SyncedTable = SyncedTable {
    table: links::CLIENT_POLICIES,
    added: ChangeKind::ClientGranted,
    removed: ChangeKind::ClientRevoked,
};

impl SyncedTable {
    async fn make_equal(
        &self,
        connection: &mut PgConnection,
        wanted: &[Link],
        options: &Options,
        removable: &Holders,
        report: &mut SyncReport,
    ) -> Result<(), SyncError> {
        let changes = links::make_equal(connection, &self.table, wanted, &options.label, removable).await?;
        let written = |link: NamedLink| format!("{}: {}", link.holder, link.held);
        report.note(self.added, changes.added.into_iter().map(written));
        report.note(self.removed, changes.removed.into_iter().map(written));
        Ok(())
    }
}

/// Returns the links of pairs of names, each once, sorted, so that two writers take their locks in one order.
fn links<'a>(holders: &RowIds, held: &RowIds, pairs: impl Iterator<Item = (&'a str, String)>) -> Vec<Link> {
    let known = pairs
        .filter_map(|(holder, thing)| Some(Link { holder: *holders.get(holder)?, held: *held.get(&thing)? }));
    known.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns the direct grants of the file, those of legacy access included.
fn user_policies(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let own = file.users.iter().map(|(name, user)| (name.as_str(), user.policies.as_slice()));
    let own = own.flat_map(|(name, policies)| policies.iter().map(move |policy| (name, policy.clone())));
    own.chain(legacy::rights(file).map(|(name, right)| (name, right.policy())))
}

/// Returns the users and the groups that they are in.
fn members(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let groups = file.authz.groups.iter().map(|group| (group.name.as_str(), group.users.as_slice()));
    groups.flat_map(|(group, users)| users.iter().map(move |user| (user.as_str(), group.to_owned())))
}

/// Returns the policies of the groups of the file, and of the two built-in ones.
fn group_policies(file: &UserYaml) -> impl Iterator<Item = (&str, String)> {
    let authz = &file.authz;
    let own = authz.groups.iter().map(|group| (group.name.as_str(), group.policies.as_slice()));
    let public =
        [(ANONYMOUS, authz.anonymous_policies.as_slice()), (LOGGED_IN, authz.all_users_policies.as_slice())];
    own.chain(public).flat_map(|(group, list)| list.iter().map(move |policy| (group, policy.clone())))
}

/// Creates the users of the file who hold something and do not exist; returns all who hold something.
async fn create_users(
    connection: &mut PgConnection,
    file: &UserYaml,
    report: &mut SyncReport,
) -> Result<RowIds, SyncError> {
    let holders: HashSet<&str> =
        user_policies(file).map(|(name, _)| name).chain(members(file).map(|(name, _)| name)).collect();
    let names: Vec<&str> =
        file.users.keys().map(String::as_str).filter(|name| holders.contains(name)).collect();
    report.note(ChangeKind::UserCreated, user::insert_missing(connection, &names).await?);
    Ok(user::row_ids(connection, &names).await?)
}

async fn create_and_delete_groups(
    connection: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let names: Vec<&str> = file.authz.groups.iter().map(|group| group.name.as_str()).collect();
    if !options.additive {
        report.note(ChangeKind::GroupDeleted, group::delete_others(connection, &names).await?);
    }
    report.note(ChangeKind::GroupCreated, group::insert(connection, &names).await?);
    Ok(())
}

async fn bring_in_clients(
    connection: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
    policies: &RowIds,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut wanted: Vec<(&str, String)> = Vec::new();
    for (name, client) in &file.clients {
        let Some(ids) = options.clients.get(name).filter(|ids| !ids.is_empty()) else {
            report.unknown_clients.push(name.clone());
            continue;
        };
        for id in ids {
            named.insert(id);
            wanted.extend(client.policies.iter().map(|policy| (id.as_str(), policy.clone())));
        }
    }
    let named: Vec<&str> = named.into_iter().collect();
    report.note(ChangeKind::ClientCreated, client::insert(connection, &named).await?);
    let clients = client::row_ids(connection).await?;
    let removable = if options.additive {
        Holders::None
    } else {
        Holders::Only(named.iter().filter_map(|id| clients.get(*id).copied()).collect())
    };
    let wanted = links(&clients, policies, wanted.into_iter());
    CLIENT_POLICIES.make_equal(connection, &wanted, options, &removable, report).await
}
