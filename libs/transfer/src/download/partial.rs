//! A file that is not complete yet: its bytes, and a note of which of them are there.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::error::TransferError;

/// How often the note is written while bytes come.
const EVERY: Duration = Duration::from_secs(2);

/// What tells one version of an object from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) size: Option<u64>,
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
}

impl Version {
    /// Whether both can be the same version. What one side does not know does not differ.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let same =
            |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
        (self.size.is_none() || other.size.is_none() || self.size == other.size)
            && same(&self.etag, &other.etag)
            // Where there are tags, they say more: a copy has another time and the same bytes.
            && (self.etag.is_some() || same(&self.modified, &other.modified))
    }
}

/// What is noted of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Who has the object and where the file goes, and its GUID.
    from: String,
    guid: String,
    version: Version,
    part_size: u64,
    /// Bytes of each part that are there.
    done: Vec<u64>,
}

/// A file that is not complete yet.
#[derive(Debug)]
pub(crate) struct Partial {
    pub(crate) path: PathBuf,
    note_path: PathBuf,
    file: File,
    from: String,
    guid: String,
    version: Version,
    part_size: u64,
    size: u64,
    done: Vec<AtomicU64>,
    noted: Mutex<Instant>,
}

/// Where the bytes of an object are kept until they are complete.
pub(crate) fn path_of(folder: &Path, from: &str, guid: &str) -> PathBuf {
    let name = hex::encode(&digest(&SHA256, format!("{from}\n{guid}").as_bytes()).as_ref()[..16]);
    folder.join(format!("{name}.part"))
}

/// The version of which some bytes are there, if there are any.
pub(crate) fn begun(folder: &Path, from: &str, guid: &str) -> Option<Version> {
    let path = path_of(folder, from, guid);
    let note = read_note(&path.with_extension("json"), from, guid)?;
    path.is_file().then_some(note.version)
}

fn read_note(path: &Path, from: &str, guid: &str) -> Option<Note> {
    let note: Note = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (note.from == from && note.guid == guid).then_some(note)
}

impl Partial {
    /// Goes on with what is there of this version, or begins anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(
        folder: &Path,
        (from, guid): (&str, &str),
        version: Version,
        size: u64,
        part_size: u64,
    ) -> Result<Self, TransferError> {
        let path = path_of(folder, from, guid);
        let note_path = path.with_extension("json");
        let known = read_note(&note_path, from, guid).filter(|note| {
            note.version.agrees_with(&version)
                && note.version.size == Some(size)
                && note.part_size > 0
                && note.done.len() as u64 == parts(size, note.part_size)
                && note
                    .done
                    .iter()
                    .zip(0_u64..)
                    .all(|(done, part)| *done <= length(size, note.part_size, part))
        });
        let failed = |error| TransferError::file(&path, error);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(known.is_none()).open(&path);
        let file = file.map_err(failed)?;
        let there = file.metadata().map_err(failed)?.len();
        // Bytes that were noted and are not in the file cannot be; then the file is not ours.
        let known = known.filter(|_| there >= size);
        if known.is_none() {
            file.set_len(0).and_then(|()| file.set_len(size)).map_err(failed)?;
        }
        let (part_size, done) = known.map_or_else(
            || (part_size, vec![0; usize::try_from(parts(size, part_size)).unwrap_or(usize::MAX)]),
            |note| (note.part_size, note.done),
        );
        Ok(Self {
            path,
            note_path,
            file,
            from: from.to_owned(),
            guid: guid.to_owned(),
            version,
            part_size,
            size,
            done: done.into_iter().map(AtomicU64::new).collect(),
            noted: Mutex::new(Instant::now()),
        })
    }

    /// The number of parts.
    pub(crate) fn parts(&self) -> usize {
        self.done.len()
    }

    /// Where the missing bytes of a part begin, and where it ends.
    pub(crate) fn missing(&self, part: usize) -> (u64, u64) {
        let begin = part as u64 * self.part_size;
        (
            begin + self.done[part].load(Ordering::Acquire),
            begin + length(self.size, self.part_size, part as u64),
        )
    }

    /// Bytes that are there.
    pub(crate) fn there(&self) -> u64 {
        self.done.iter().map(|done| done.load(Ordering::Acquire)).sum()
    }

    /// Writes the next bytes of a part.
    pub(crate) fn write(&self, part: usize, bytes: &[u8]) -> Result<(), TransferError> {
        let (begin, _) = self.missing(part);
        self.file.write_all_at(bytes, begin).map_err(|error| TransferError::file(&self.path, error))?;
        self.done[part].fetch_add(bytes.len() as u64, Ordering::AcqRel);
        Ok(())
    }

    /// Forgets the bytes of a part, and says how many these were.
    pub(crate) fn forget(&self, part: usize) -> u64 {
        self.done[part].swap(0, Ordering::AcqRel)
    }

    /// Writes the note, if it is time. The bytes that it names are on the disk before it is.
    pub(crate) fn note_in_time(&self) -> Result<(), TransferError> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.elapsed() < EVERY {
            return Ok(());
        }
        self.note()?;
        *noted = Instant::now();
        Ok(())
    }

    /// Writes the note.
    pub(crate) fn note(&self) -> Result<(), TransferError> {
        let failed = |error| TransferError::file(&self.note_path, error);
        let note = Note {
            from: self.from.clone(),
            guid: self.guid.clone(),
            version: self.version.clone(),
            part_size: self.part_size,
            done: self.done.iter().map(|done| done.load(Ordering::Acquire)).collect(),
        };
        self.file.sync_data().map_err(failed)?;
        let draft = self.note_path.with_extension("new");
        fs::write(&draft, serde_json::to_vec(&note).map_err(|error| failed(error.into()))?)
            .map_err(failed)?;
        fs::rename(&draft, &self.note_path).map_err(failed)
    }

    /// Takes the file away, because its bytes are of no use.
    pub(crate) fn discard(&self) {
        let _ = fs::remove_file(&self.note_path);
        let _ = fs::remove_file(&self.path);
    }

    /// Gives the complete file its name.
    ///
    /// # Errors
    /// When the name cannot be given.
    pub(crate) fn finish(&self, to: &Path) -> Result<(), TransferError> {
        fs::rename(&self.path, to).map_err(|error| TransferError::file(to, error))?;
        let _ = fs::remove_file(&self.note_path);
        Ok(())
    }
}

fn parts(size: u64, part_size: u64) -> u64 {
    size.div_ceil(part_size).max(1)
}

fn length(size: u64, part_size: u64, part: u64) -> u64 {
    part_size.min(size.saturating_sub(part * part_size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str) -> Version {
        Version { size: Some(25), etag: Some(etag.to_owned()), modified: None }
    }

    #[test]
    fn what_was_noted_is_there_when_the_file_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let open = |etag| Partial::open(folder.path(), ("here", "g"), version(etag), 25, 10).unwrap();
        let first = open("a");
        assert_eq!((first.parts(), first.missing(2)), (3, (20, 25)));
        first.write(1, b"0123").unwrap();
        first.note().unwrap();
        first.write(1, b"4").unwrap();
        drop(first);
        let again = open("a");
        assert_eq!((again.there(), again.missing(1)), (4, (14, 20)));
        drop(again);
        assert_eq!(open("b").there(), 0, "another version");
        assert_eq!(begun(folder.path(), "here", "g"), Some(version("a")), "until something new is noted");
        assert_eq!(begun(folder.path(), "there", "g"), None);
    }

    #[test]
    fn a_note_that_does_not_fit_its_file_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Partial::open(folder.path(), ("here", "g"), version("a"), 25, 10).unwrap();
        let first = open();
        first.write(0, b"0123456789").unwrap();
        first.note().unwrap();
        let (path, note) = (first.path.clone(), first.note_path.clone());
        drop(first);
        let text = fs::read_to_string(&note).unwrap();
        fs::write(&note, text.replace("[10,0,0]", "[11,0,0]")).unwrap();
        assert_eq!(open().there(), 0);
        fs::write(&note, &text).unwrap();
        fs::write(&path, b"short").unwrap();
        assert_eq!(open().there(), 0);
        fs::write(&note, "nonsense").unwrap();
        assert_eq!(open().there(), 0);
    }

    #[test]
    fn versions_agree_when_nothing_that_both_know_differs() {
        let none = Version::default();
        let with_time = |time: &str| Version { modified: Some(time.to_owned()), ..version("a") };
        assert!(none.agrees_with(&version("a")));
        assert!(with_time("1").agrees_with(&with_time("2")), "the tag says more");
        assert!(!version("a").agrees_with(&version("b")));
        assert!(!version("a").agrees_with(&Version { size: Some(26), ..none }));
    }
}
