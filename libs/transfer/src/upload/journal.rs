//! What was sent, and what was begun: one line of JSON each, so that a broken run goes on where it was.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::local::Stamp;
use crate::{error::TransferError, folder::Lock};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    /// A record was made or chosen for a file.
    Record { file: Stamp, guid: String },
    /// An upload of several parts has begun.
    Begun { file: Stamp, guid: String, upload_id: String, part_size: u64 },
    /// A part is there.
    Part { upload_id: String, number: u32, etag: String },
    /// The upload is of no use any more.
    Dropped { upload_id: String },
    /// The file is there.
    Sent { file: Stamp, guid: String, md5: String, sha256: String },
}

/// An upload of several parts that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) upload_id: String,
    pub(super) part_size: u64,
    /// Entity tags of the parts that are there.
    pub(super) done: BTreeMap<u32, String>,
}

/// Checksums of a file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) md5: String,
    pub(super) sha256: String,
}

/// What is known of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) guid: Option<String>,
    pub(super) begun: Option<Begun>,
    pub(super) sent: Option<Sums>,
}

/// The journal of uploads. One process at a time has it.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    lock: Mutex<Lock>,
    known: HashMap<Stamp, Known>,
}

impl Journal {
    /// Reads the journal, or begins one.
    ///
    /// # Errors
    /// When another upload has it, or it cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, TransferError> {
        let failed = |error| TransferError::file(path, error);
        let shown = path.display();
        let busy =
            format!("another upload uses the journal {shown}; wait, or name another one with --journal");
        let mut lock = Lock::take(path, &busy)?;
        let mut text = String::new();
        lock.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        lock.file.read_to_string(&mut text).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // A line that was cut off by a crash stands alone and says nothing.
            lock.file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { path: path.to_owned(), lock: Mutex::new(lock), known: read(&text) })
    }

    pub(super) fn known(&self, file: &Stamp) -> Known {
        self.known.get(file).cloned().unwrap_or_default()
    }

    pub(super) fn record(&self, file: &Stamp, guid: &str) -> Result<(), TransferError> {
        self.write(&Line::Record { file: file.clone(), guid: guid.to_owned() })
    }

    pub(super) fn begun(&self, file: &Stamp, guid: &str, begun: &Begun) -> Result<(), TransferError> {
        let (upload_id, part_size) = (begun.upload_id.clone(), begun.part_size);
        self.write(&Line::Begun { file: file.clone(), guid: guid.to_owned(), upload_id, part_size })
    }

    pub(super) fn part(&self, upload_id: &str, number: u32, etag: &str) -> Result<(), TransferError> {
        self.write(&Line::Part { upload_id: upload_id.to_owned(), number, etag: etag.to_owned() })
    }

    pub(super) fn dropped(&self, upload_id: &str) -> Result<(), TransferError> {
        self.write(&Line::Dropped { upload_id: upload_id.to_owned() })
    }

    pub(super) fn sent(&self, file: &Stamp, guid: &str, sums: &Sums) -> Result<(), TransferError> {
        let (md5, sha256) = (sums.md5.clone(), sums.sha256.clone());
        self.write(&Line::Sent { file: file.clone(), guid: guid.to_owned(), md5, sha256 })
    }

    fn write(&self, line: &Line) -> Result<(), TransferError> {
        let failed = |error| TransferError::file(&self.path, error);
        let mut text = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.file.write_all(&text).map_err(failed)
    }
}

fn read(text: &str) -> HashMap<Stamp, Known> {
    let mut known: HashMap<Stamp, Known> = HashMap::new();
    let mut of_upload: HashMap<String, Stamp> = HashMap::new();
    for line in text.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
        match line {
            Line::Record { file, guid } => known.entry(file).or_default().guid = Some(guid),
            Line::Begun { file, guid, upload_id, part_size } => {
                of_upload.insert(upload_id.clone(), file.clone());
                let entry = known.entry(file).or_default();
                entry.guid = Some(guid);
                entry.begun = Some(Begun { upload_id, part_size, done: BTreeMap::new() });
            }
            Line::Part { upload_id, number, etag } => {
                let entry = of_upload.get(&upload_id).and_then(|file| known.get_mut(file));
                if let Some(begun) = entry.and_then(|entry| entry.begun.as_mut())
                    && begun.upload_id == upload_id
                {
                    begun.done.insert(number, etag);
                }
            }
            Line::Dropped { upload_id } => {
                if let Some(entry) = of_upload.remove(&upload_id).and_then(|file| known.get_mut(&file)) {
                    entry.begun = None;
                }
            }
            Line::Sent { file, guid, md5, sha256 } => {
                let entry = known.entry(file).or_default();
                *entry = Known { guid: Some(guid), begun: None, sent: Some(Sums { md5, sha256 }) };
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::local::LocalFile, *};

    #[test]
    fn what_was_begun_and_sent_is_known_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let (path, data) = (folder.path().join("journal"), folder.path().join("data"));
        fs::write(&data, "x").unwrap();
        let file = LocalFile { path: data.clone(), name: "data".to_owned(), guid: None };
        let stamp = Stamp::now("here", &file).unwrap();
        let begun = Begun { upload_id: "u".to_owned(), part_size: 5, done: BTreeMap::new() };
        {
            let journal = Journal::open(&path).unwrap();
            assert!(Journal::open(&path).unwrap_err().to_string().contains("--journal"));
            journal.record(&stamp, "g").unwrap();
            journal.begun(&stamp, "g", &begun).unwrap();
            journal.part("u", 2, "\"two\"").unwrap();
        }
        let torn = fs::read_to_string(&path).unwrap() + "{\"event\":\"part\",\"upl";
        fs::write(&path, torn).unwrap();
        {
            let journal = Journal::open(&path).unwrap();
            let known = journal.known(&stamp);
            assert_eq!(known.guid.as_deref(), Some("g"));
            assert_eq!(known.begun.unwrap().done, BTreeMap::from([(2, "\"two\"".to_owned())]));
            journal.dropped("u").unwrap();
        }
        let sums = Sums { md5: "m".to_owned(), sha256: "s".to_owned() };
        {
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.known(&stamp).begun, None);
            journal.sent(&stamp, "g", &sums).unwrap();
        }
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.known(&stamp).sent, Some(sums));
        assert_eq!(journal.known(&Stamp::now("there", &file).unwrap()), Known::default());
    }
}
