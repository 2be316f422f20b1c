//! Which rows of a manifest are done, in a file beside it, so that a load that broke off goes on.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// What the journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    /// SHA-256 of the manifest.
    pub(super) manifest: String,
    /// The address of the commons.
    pub(super) commons: String,
}

/// Rows from the first to the last that need not be sent again.
#[derive(Serialize, Deserialize)]
struct Done {
    first: usize,
    last: usize,
}

/// The journal of a load.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// The first row of each batch that is done, and its last.
    done: BTreeMap<usize, usize>,
}

/// SHA-256 of a file.
pub(super) fn digest(file: &Path) -> anyhow::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

impl Journal {
    /// Opens the journal beside `manifest`, or begins one.
    ///
    /// # Errors
    /// When it is that of another manifest or commons, or cannot be written.
    pub(super) fn open(manifest: &Path, subject: &Subject, from_start: bool) -> anyhow::Result<Self> {
        let mut name = manifest.as_os_str().to_owned();
        name.push(".loaded");
        let path = PathBuf::from(name);
        let told = || format!("the journal {} cannot be used", path.display());
        if from_start && path.exists() {
            std::fs::remove_file(&path).with_context(told)?;
        }
        let done = if path.exists() { read(&path, subject)? } else { BTreeMap::new() };
        let is_new = !path.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(&path).with_context(told)?;
        if is_new {
            writeln!(file, "{}", serde_json::to_string(subject)?).with_context(told)?;
        }
        Ok(Self { path, file, done })
    }

    /// Whether a row is done.
    pub(super) fn has(&self, row: usize) -> bool {
        self.done.range(..=row).next_back().is_some_and(|(_, last)| *last >= row)
    }

    /// Notes that the rows of a batch, which are all the rows between these two, are done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn note(&mut self, first: usize, last: usize) -> anyhow::Result<()> {
        let line = serde_json::to_string(&Done { first, last })?;
        writeln!(self.file, "{line}")
            .and_then(|()| self.file.sync_data())
            .context("the journal cannot be written")
    }

    /// Everything is done, so that nobody needs it any more.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path).with_context(|| format!("{} cannot be removed", self.path.display()))
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn read(path: &Path, subject: &Subject) -> anyhow::Result<BTreeMap<usize, usize>> {
    let mut lines = BufReader::new(File::open(path)?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let found: Option<Subject> = serde_json::from_str(&first).ok();
    if found.as_ref() != Some(subject) {
        let told = format!(
            "{} is the journal of another manifest or commons; load from the start with --from-start",
            path.display()
        );
        return Err(Failure::Prerequisite(told).into());
    }
    let mut done = BTreeMap::new();
    for line in lines {
        // The last line may have been cut.
        let Ok(Done { first, last }) = serde_json::from_str(&line?) else { break };
        done.insert(first, last);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_done_are_known_after_a_break_and_of_no_other_manifest() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = folder.path().join("m.tsv");
        std::fs::write(&manifest, "x").expect("written");
        let subject =
            Subject { manifest: digest(&manifest).expect("a digest"), commons: "https://a/".into() };
        let mut journal = Journal::open(&manifest, &subject, false).expect("a journal");
        assert!(!journal.has(1));
        journal.note(1001, 2000).expect("noted");
        journal.note(1, 10).expect("noted");
        let path = journal.path().to_owned();
        drop(journal);
        let mut cut = OpenOptions::new().append(true).open(&path).expect("a file");
        write!(cut, "{{\"first\":20").expect("written");
        let again = Journal::open(&manifest, &subject, false).expect("a journal");
        let known: Vec<bool> = [1, 10, 11, 1000, 1001, 2000, 2001].map(|row| again.has(row)).into();
        assert_eq!(known, [true, true, false, false, true, true, false]);
        let other = Subject { commons: "https://b/".into(), ..subject.clone() };
        assert!(Journal::open(&manifest, &other, false).is_err());
        assert!(!Journal::open(&manifest, &other, true).expect("a new one").has(1));
        Journal::open(&manifest, &other, false).expect("the same").remove().expect("removed");
        assert!(!path.exists());
    }
}
