//! Files of the state folder: JSON for its owner, written in one step.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::{Context as _, anyhow};
use serde::{Serialize, de::DeserializeOwned};

/// The content of a file; `None` when there is none.
///
/// # Errors
/// When it is there but cannot be read.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow!(error).context(format!("cannot read {}", path.display()))),
    };
    serde_json::from_str(&text).map(Some).with_context(|| format!("{} is damaged", path.display()))
}

/// Writes a file for its owner, in one step.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    write_private(path, &format!("{text}\n"))
}

/// Writes a file for its owner, in one step.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    files::write_private(path, text).with_context(|| format!("cannot write {}", path.display()))
}
