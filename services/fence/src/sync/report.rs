//! What a sync changed, or would change, in fence's database.

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A user was created.
    UserCreated,
    /// Name, address or telephone number of a user changed, or whether the user is an administrator.
    UserUpdated,
    /// A user is no administrator any more, because the file does not list the user.
    UserDemoted,
    /// A label of a user was added, changed or removed.
    TagChanged,
    /// A legacy project was created.
    ProjectCreated,
    /// The resource of a legacy project changed.
    ProjectMoved,
    /// Legacy access to a project was added.
    AccessGranted,
    /// The methods of legacy access to a project changed.
    AccessChanged,
    /// Legacy access to a project was taken away.
    AccessRevoked,
}

impl ChangeKind {
    /// Describes it in a few words, such as "account created".
    pub fn text(self) -> &'static str {
        match self {
            Self::UserCreated => "account created",
            Self::UserUpdated => "account updated",
            Self::UserDemoted => "no administrator any more",
            Self::TagChanged => "label changed",
            Self::ProjectCreated => "project created",
            Self::ProjectMoved => "project moved",
            Self::AccessGranted => "access granted",
            Self::AccessChanged => "access changed",
            Self::AccessRevoked => "access revoked",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To what: a name, or a user and a thing as in `ada: phs000123`.
    pub what: String,
}

/// What a sync changed; it is empty when nothing was to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// All changes, in the order in which they were made.
    pub changes: Vec<Change>,
}

impl SyncReport {
    pub(super) fn note(&mut self, kind: ChangeKind, mut what: Vec<String>) {
        what.sort_unstable();
        self.changes.extend(what.into_iter().map(|what| Change { kind, what }));
    }

    /// Returns how many changes of this kind there are.
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}
