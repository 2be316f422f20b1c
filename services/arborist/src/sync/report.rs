//! What a sync changed, or would change.

use indexmap::IndexMap;

use super::Loss;

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A resource was created.
    ResourceCreated,
    /// The description of a resource changed.
    ResourceUpdated,
    /// A role was created.
    RoleCreated,
    /// The description or a permission of a role changed.
    RoleUpdated,
    /// A policy was created.
    PolicyCreated,
    /// Description, roles or resources of a policy changed.
    PolicyUpdated,
    /// A user was created.
    UserCreated,
    /// A user who holds nothing any more was forgotten by arborist; the account stays with fence.
    UserDeleted,
    /// A policy was granted to a user, or lost its expiry.
    UserGranted,
    /// A policy of a user was revoked.
    UserRevoked,
    /// A group was created.
    GroupCreated,
    /// A group that the file does not have was deleted.
    GroupDeleted,
    /// A user became a member of a group, or the membership lost its expiry.
    MemberAdded,
    /// A user is not a member of a group any more.
    MemberRemoved,
    /// A policy was granted to a group.
    GroupGranted,
    /// A policy of a group was revoked.
    GroupRevoked,
    /// A client was created.
    ClientCreated,
    /// A policy was granted to a client.
    ClientGranted,
    /// A policy of a client was revoked.
    ClientRevoked,
}

impl ChangeKind {
    /// Describes it in a few words, such as "role created".
    pub fn text(self) -> &'static str {
        match self {
            Self::ResourceCreated => "resource created",
            Self::ResourceUpdated => "resource updated",
            Self::RoleCreated => "role created",
            Self::RoleUpdated => "role updated",
            Self::PolicyCreated => "policy created",
            Self::PolicyUpdated => "policy updated",
            Self::UserCreated => "user created",
            Self::UserDeleted => "left without rights",
            Self::UserGranted => "granted to user",
            Self::UserRevoked => "revoked from user",
            Self::GroupCreated => "group created",
            Self::GroupDeleted => "group deleted",
            Self::MemberAdded => "member added",
            Self::MemberRemoved => "member removed",
            Self::GroupGranted => "granted to group",
            Self::GroupRevoked => "revoked from group",
            Self::ClientCreated => "client created",
            Self::ClientGranted => "granted to client",
            Self::ClientRevoked => "revoked from client",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To what: a name, or holder and held thing as in `ada: reader`.
    pub what: String,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.text(), self.what)
    }
}

/// What a sync changed; it is empty when nothing was to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Whether the changes were found out and not made.
    pub dry_run: bool,
    /// All changes, in the order in which they were made.
    pub changes: Vec<Change>,
    /// Clients of the file whose identifiers were not given; nothing was done for them.
    pub unknown_clients: Vec<String>,
    /// How much of what was there the changes take away.
    pub loss: Loss,
    /// The users who hold nothing any more, in order.
    pub losers: Vec<String>,
}

impl SyncReport {
    pub(super) fn note(&mut self, kind: ChangeKind, what: impl IntoIterator<Item = String>) {
        let mut what: Vec<String> = what.into_iter().collect();
        what.sort_unstable();
        self.changes.extend(what.into_iter().map(|what| Change { kind, what }));
    }

    /// Returns how many changes there are of each kind that occurs, in the order of the kinds.
    pub fn counts(&self) -> IndexMap<ChangeKind, usize> {
        let mut counts = IndexMap::new();
        for change in &self.changes {
            *counts.entry(change.kind).or_default() += 1;
        }
        counts.sort_unstable_keys();
        counts
    }
}

impl std::fmt::Display for SyncReport {
    /// Writes one line: "2 policy created, 1 granted to user", or "nothing to change".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.changes.is_empty() {
            return f.write_str("nothing to change");
        }
        let counts = self.counts();
        let parts: Vec<String> =
            counts.iter().map(|(kind, count)| format!("{count} {}", kind.text())).collect();
        f.write_str(&parts.join(", "))
    }
}
