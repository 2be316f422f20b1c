//! What can be wrong with a backup.

use storage::StorageError;

/// Why a backup cannot be made, checked or read. Each text says what is wrong, and the remedy where there is
/// one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There are none of these at this place.
    #[error("{place} is no place of {word}s: it has no file {mark}")]
    NoPlace {
        /// Which place.
        place: String,
        /// `backup` or `snapshot`.
        word: &'static str,
        /// What such a place has.
        mark: &'static str,
    },
    /// A place for backups or snapshots must have been empty before.
    #[error(
        "{place} has other things in it; name a folder, or a beginning of keys, that {word}s have for \
         themselves"
    )]
    Foreign {
        /// Which place.
        place: String,
        /// `backup` or `snapshot`.
        word: &'static str,
    },
    /// It was written by a later program.
    #[error(
        "{what} has the form {form}, and this program knows forms up to {known}; use the version of the \
         program that wrote it"
    )]
    Newer {
        /// What it is.
        what: String,
        /// Its form.
        form: u64,
        /// The latest form that is known here.
        known: u64,
    },
    /// There is no such backup or snapshot.
    #[error("there is no {word} {name} in {place}; {known}")]
    NoBackup {
        /// `backup` or `snapshot`.
        word: &'static str,
        /// Its name.
        name: String,
        /// Where it was looked for.
        place: String,
        /// What there is.
        known: String,
    },
    /// Two backups or snapshots of one name.
    #[error("there is a {word} {name} already")]
    NameTaken {
        /// `backup` or `snapshot`.
        word: &'static str,
        /// The name.
        name: String,
    },
    /// The manifest of a backup or snapshot is not what was written.
    #[error("the manifest of the {word} {name} is damaged: {what}")]
    Manifest {
        /// `backup` or `snapshot`.
        word: &'static str,
        /// The backup.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A piece is not there.
    #[error("damaged: {of}: its piece {piece} is missing")]
    Missing {
        /// What has the piece.
        of: String,
        /// Its digest.
        piece: String,
    },
    /// A piece, or a file of pieces, is not what it was.
    #[error("damaged: {of}: {what}")]
    Damaged {
        /// What is damaged.
        of: String,
        /// What is wrong with it.
        what: String,
    },
    /// Somebody else is at work at this place.
    #[error("{0}")]
    Busy(String),
    /// What is sealed cannot be opened, or sealed.
    #[error("{0}")]
    Seal(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The store of a place fails.
    #[error("{place}: {source}")]
    Store {
        /// Which place.
        place: String,
        /// Why.
        source: StorageError,
    },
    /// Something is larger than it may be.
    #[error("{0}")]
    TooLarge(String),
}

impl BackupError {
    /// Something in a backup is not what it was.
    pub fn damaged(of: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { of: of.into(), what: what.into() }
    }

    /// Whether what was written is not there any more as it was.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Manifest { .. } | Self::Missing { .. } | Self::Damaged { .. })
    }

    /// Whether something must be given or done before, such as another place or a passphrase.
    pub fn is_prerequisite(&self) -> bool {
        matches!(
            self,
            Self::NoPlace { .. }
                | Self::Foreign { .. }
                | Self::Newer { .. }
                | Self::NoBackup { .. }
                | Self::Busy(_)
                | Self::Seal(_)
        )
    }
}
