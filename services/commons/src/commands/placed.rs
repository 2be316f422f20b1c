//! Files that a command writes into a folder: all of them or none.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;

use crate::failure::Failure;

/// Whether files that are there may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    Allowed,
    Refused,
}

/// A file of the folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) mode: u32,
}

/// Writes everything, or nothing where something is there already. A folder that is made has the permissions
/// `folder_mode`.
///
/// # Errors
/// When a file is there and may not be replaced, or cannot be written.
pub(crate) fn write(
    folder: &Path,
    folder_mode: u32,
    files: &[Placed<'_>],
    overwrite: Overwrite,
) -> anyhow::Result<()> {
    let there = files.iter().map(|file| folder.join(file.name)).find(|path| path.exists());
    if let Some(there) = there.filter(|_| overwrite == Overwrite::Refused) {
        let told =
            format!("{} is there already; --force replaces it, or name another folder", there.display());
        return Err(Failure::Prerequisite(told).into());
    }
    let mut made = fs::DirBuilder::new();
    made.mode(folder_mode).recursive(true);
    made.create(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for Placed { name, text, mode } in files {
        let path = folder.join(name);
        // Written beside it and renamed: its mode is right from the beginning.
        let draft = folder.join(format!(".{name}.draft"));
        let _ = fs::remove_file(&draft);
        let told = || format!("{} cannot be written", path.display());
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(*mode).open(&draft).with_context(told)?;
        file.write_all(text.as_bytes()).with_context(told)?;
        fs::rename(&draft, &path).with_context(told)?;
    }
    Ok(())
}
