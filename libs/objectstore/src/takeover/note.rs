//! The note that a takeover was begun.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::draft::{self, Draft, sync_folder};

const FILE: &str = ".takeover";

/// What was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// `None` in notes of a version that did not keep them.
    #[serde(default)]
    pub(super) buckets: Option<Vec<String>>,
    /// All records are on the disk.
    pub(super) is_moving: bool,
}

impl Note {
    pub(super) fn buckets(&self) -> &[String] {
        self.buckets.as_deref().unwrap_or_default()
    }

    /// The note in a folder, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(root: &Path) -> io::Result<Option<Self>> {
        match fs::read(root.join(FILE)) {
            // An earlier one was empty, and written when files were to be moved.
            Ok(text) if text.is_empty() => Ok(Some(Self { buckets: None, is_moving: true })),
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it; it is on the disk when this returns.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        Draft::with(root, &serde_json::to_vec(self)?)?.move_to(&root.join(FILE))?;
        sync_folder(root)
    }
}

/// The takeover is at its end.
pub(super) fn remove(root: &Path) -> io::Result<()> {
    draft::remove(&root.join(FILE))
}
