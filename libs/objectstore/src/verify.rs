//! Reading everything against its digests.
//!
//! It works beside a store that runs: what is replaced or deleted while it is read is looked at again. It can
//! be stopped at any moment, and the next one goes on where it was.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    checksums::Checksums,
    draft::remove,
    integrity::Hashed,
    layout::{Layout, digest},
    record::Record,
    unreadable::is_of_the_disk,
    version::Version,
    walk::{self, Position, Visit},
};

/// Where it is noted how far it came, beside the buckets.
const NOTE: &str = ".verify.json";
/// How often that is noted and told.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// Bytes are read in pieces of this size.
const PIECE: usize = 256 * 1024;

/// How objects are verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Bytes a second, at most.
    pub rate: Option<u64>,
    /// Begin anew, and do not go on where the last one was stopped.
    pub anew: bool,
}

/// What was found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Objects that were looked at; of those with versions, each version.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects of an earlier version that came in parts: of them only the size is known.
    pub without_digest: u64,
    /// Objects that are not what they were.
    pub damaged: u64,
}

/// An object that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Its bucket.
    pub bucket: String,
    /// Its key, if that can still be read.
    pub key: Option<String>,
    /// The file with the damage, below the folder of the store.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: &'static str,
}

/// What is told while objects are verified.
#[derive(Debug)]
pub enum Event<'e> {
    /// How far it is.
    Progress(&'e Report),
    /// A damaged object.
    Damaged(&'e Damage),
}

#[derive(Default, Serialize, Deserialize)]
struct Note {
    bucket: String,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    report: Report,
}

impl Note {
    fn position(&self) -> Option<Position> {
        let digest = hex::decode(&self.digest).ok()?.try_into().ok()?;
        let version = self.version.as_deref().and_then(Version::of_name);
        Some(Position { bucket: self.bucket.clone(), digest, version })
    }
}

/// Verifies all objects of the store in `folder`.
///
/// # Errors
/// When it cannot be read. Damaged objects are no error: they are told of, and counted.
pub fn run(folder: &Path, options: Options, mut tell: impl FnMut(Event<'_>)) -> io::Result<Report> {
    let layout = Layout::new(folder);
    let path = folder.join(NOTE);
    let noted = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
    let noted = noted.filter(|_| !options.anew);
    let after = noted.as_ref().and_then(Note::position);
    let mut report = noted.map(|note| note.report).filter(|_| after.is_some()).unwrap_or_default();
    let mut scrubber = Scrubber { pace: Pace::new(options.rate), buffer: vec![0; PIECE] };
    let mut noted_at = Instant::now();
    walk::each(&layout, after.as_ref(), |visit| {
        let (position, record) = match visit {
            Visit::Record(position, record) => (position, record),
            Visit::Unreadable(bucket, unreadable) => {
                report.damaged += 1;
                let file = below(folder, unreadable.to_owned());
                let what = "the names in the folder cannot be read";
                tell(Event::Damaged(&Damage { bucket: bucket.to_owned(), key: None, file, what }));
                return Ok(());
            }
        };
        let found = scrubber.object(&layout, &position, record)?;
        report.objects += u64::from(found != Found::Gone);
        match found {
            Found::Whole { bytes, has_digest } => {
                report.bytes += bytes;
                report.without_digest += u64::from(!has_digest);
            }
            Found::Gone => {}
            Found::Damaged(mut damage) => {
                report.damaged += 1;
                damage.file = below(folder, damage.file);
                tell(Event::Damaged(&damage));
            }
        }
        if noted_at.elapsed() > NOTE_EVERY {
            let digest = hex::encode(position.digest);
            let version = position.version.map(Version::name);
            let note = Note { bucket: position.bucket, digest, version, report: report.clone() };
            write_note(&path, &note);
            tell(Event::Progress(&report));
            noted_at = Instant::now();
        }
        Ok(())
    })?;
    if let Err(error) = remove(&path) {
        tracing::warn!(error = %error, "the note of how far the verifying came cannot be deleted");
    }
    tell(Event::Progress(&report));
    Ok(report)
}

fn below(folder: &Path, file: PathBuf) -> PathBuf {
    match file.strip_prefix(folder) {
        Ok(below) => below.to_owned(),
        Err(_) => file,
    }
}

/// A folder that cannot be written, such as that of a backup, can be verified: from the beginning each time.
fn write_note(path: &Path, note: &Note) {
    if let Err(error) = try_to_write_note(path, note) {
        tracing::warn!(error = %error, "it cannot be noted how far the verifying came");
    }
}

fn try_to_write_note(path: &Path, note: &Note) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let draft = path.with_extension("part");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    io::Write::write_all(&mut file, &serde_json::to_vec(note)?)?;
    fs::rename(draft, path)
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Whole {
        bytes: u64,
        has_digest: bool,
    },
    /// Deleted meanwhile, or what says of an object that it was deleted.
    Gone,
    Damaged(Damage),
}

struct Scrubber {
    pace: Pace,
    buffer: Vec<u8>,
}

impl Scrubber {
    fn object(&mut self, layout: &Layout, position: &Position, path: &Path) -> io::Result<Found> {
        let damaged = |key: Option<&str>, file: PathBuf, what| {
            let (bucket, key) = (position.bucket.clone(), key.map(str::to_owned));
            Ok(Found::Damaged(Damage { bucket, key, file, what }))
        };
        loop {
            let record = match Record::read(path) {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(Found::Gone),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return damaged(None, path.to_owned(), "its record is damaged");
                }
                Err(error) if is_of_the_disk(&error) => {
                    return damaged(None, path.to_owned(), "its record cannot be read");
                }
                Err(error) => return Err(error),
            };
            if digest(&record.key) != position.digest {
                return damaged(Some(&record.key), path.to_owned(), "its record is that of another object");
            }
            if record.is_marker {
                return Ok(Found::Gone);
            }
            let wrong = self.bytes(layout, position, &record)?;
            let Some((file, what)) = wrong else {
                let has_digest = record.parts.is_some() || record.md5.is_some();
                return Ok(Found::Whole { bytes: record.size, has_digest });
            };
            // Replaced or deleted while it was read?
            if Record::read(path).is_ok_and(|now| now.as_ref() == Some(&record)) {
                return damaged(Some(&record.key), file, what);
            }
        }
    }

    /// The first file of an object that is wrong, and what is wrong with it.
    fn bytes(
        &mut self,
        layout: &Layout,
        position: &Position,
        record: &Record,
    ) -> io::Result<Option<(PathBuf, &'static str)>> {
        let data = layout.place(&position.bucket, &record.key).data(record.data);
        let Some(parts) = &record.parts else {
            // A composite checksum is not one of the bytes.
            let kept =
                if record.checksums.kind.is_none() { record.checksums.clone() } else { Checksums::default() };
            let wrong = self.file(&data, record.size, record.md5.as_deref(), &kept)?;
            return Ok(wrong.map(|what| (data, what)));
        };
        for part in parts {
            let path = data.join(&part.file);
            if let Some(what) = self.file(&path, part.size, Some(&part.md5), &part.checksums)? {
                return Ok(Some((path, what)));
            }
        }
        Ok(None)
    }

    fn file(
        &mut self,
        path: &Path,
        size: u64,
        md5: Option<&str>,
        kept: &Checksums,
    ) -> io::Result<Option<&'static str>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some("its bytes are missing"));
            }
            Err(error) if is_of_the_disk(&error) => return Ok(Some("its bytes cannot be read")),
            Err(error) => return Err(error),
        };
        let (mut hashed, mut found) = (Hashed::with(kept), 0_u64);
        loop {
            let read = match file.read(&mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What a disk cannot read any more.
                Err(_) => return Ok(Some("its bytes cannot be read")),
            };
            let Some(piece) = self.buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
            hashed.update(piece);
            found += read as u64;
            self.pace.wait(read as u64);
        }
        if found != size {
            return Ok(Some("its bytes are not as many as they were"));
        }
        Ok(if hashed.agrees_with(md5, kept) { None } else { Some("its bytes do not have their digest") })
    }
}

/// Keeps to a rate.
struct Pace {
    rate: Option<u64>,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(rate: Option<u64>) -> Self {
        Self { rate: rate.filter(|rate| *rate > 0), since: Instant::now(), bytes: 0 }
    }

    #[expect(clippy::disallowed_methods, reason = "it runs on a thread for work that blocks")]
    fn wait(&mut self, bytes: u64) {
        let Some(rate) = self.rate else { return };
        self.bytes += bytes;
        let due = Duration::from_secs_f64(self.bytes as f64 / rate as f64);
        std::thread::sleep(due.saturating_sub(self.since.elapsed()));
    }
}
