//! Writing all objects into a folder as plain files, by their keys.
//!
//! A key is a path, as far as it can be one. A segment that no file can be named is written with percent
//! signs, and a folder beside a file of the same name has one after its name: of the keys `a` and `a/b` the
//! files are `a` and `a%/b`. What earlier exports wrote stays where it is: if only `a/b` was there at first,
//! the file of a later `a` is `a%%`. The list `objects.tsv` says which file is which object. Versions that
//! are not the current ones are written on demand, below `BUCKET%versions/VERSION`.
//!
//! It works beside a store that runs: what is replaced or deleted while it is read is looked at again.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    checksums::Checksums,
    content::segments,
    integrity::Hashed,
    layout::Layout,
    record::Record,
    unreadable::is_of_the_disk,
    walk::{self, Position, Visit},
};

/// The list of what was written.
const LIST: &str = "objects.tsv";
/// The longest name of a file on usual file systems (bytes), and what is left of a longer one.
const LONGEST_NAME: usize = 255;
const SHORTENED: usize = 180;
const PIECE: usize = 256 * 1024;
const TELL_EVERY: Duration = Duration::from_secs(2);

/// What is written of objects that have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// The current ones.
    Current,
    /// All. The list has a column with the version then, and names the delete markers, which have no file.
    All,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Objects in the list.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those whose files were there already, from an earlier export.
    pub unchanged: u64,
    /// Objects that are damaged, and have no file.
    pub damaged: u64,
}

/// What is told meanwhile.
#[derive(Debug)]
pub enum Event<'e> {
    /// How far it is.
    Progress(&'e Report),
    /// An object is damaged, or objects of a folder of the store cannot be found any more. Files of them are
    /// not written.
    Damaged {
        /// Their bucket.
        bucket: &'e str,
        /// The key, if that can be read.
        key: Option<&'e str>,
    },
}

/// Writes the objects of the store in `folder` into `target`. A file that is there already, with the size and
/// the time of its object, is left as it is; so a second export writes only what is new.
///
/// # Errors
/// When the store cannot be read or the files cannot be written; when `target` is within the store, or a
/// bucket's files would be.
pub fn run(
    folder: &Path,
    target: &Path,
    versions: Versions,
    mut tell: impl FnMut(Event<'_>),
) -> io::Result<Report> {
    let layout = Layout::new(folder);
    check_target(&layout, target)?;
    fs::create_dir_all(target)?;
    let part = target.join(format!("{LIST}.part"));
    let mut list = BufWriter::new(File::create(&part)?);
    let are_all = versions == Versions::All;
    writeln!(list, "bucket\tkey\tfile\tsize\tetag{}", if are_all { "\tversion" } else { "" })?;
    let (mut report, mut told) = (Report::default(), Instant::now());
    walk::each(&layout, None, |visit| {
        let (bucket, written) = match &visit {
            Visit::Record(position, _) if position.version.is_some() && !are_all => return Ok(()),
            Visit::Record(position, path) => {
                (position.bucket.as_str(), object(&layout, position, path, target)?)
            }
            Visit::Unreadable(bucket, _) => (*bucket, Some(Written::Damaged(None))),
        };
        match written {
            None => {}
            Some(Written::Damaged(key)) => {
                report.damaged += 1;
                tell(Event::Damaged { bucket, key: key.as_deref() });
            }
            Some(Written::File { record, file, is_new }) => {
                report.unchanged += u64::from(!is_new);
                report.objects += 1;
                report.bytes += record.size;
                let file = escaped(&file.to_string_lossy());
                line(&mut list, bucket, &record, file, versions)?;
            }
            Some(Written::Marker(record)) => line(&mut list, bucket, &record, String::new(), versions)?,
        }
        if told.elapsed() > TELL_EVERY {
            tell(Event::Progress(&report));
            told = Instant::now();
        }
        Ok(())
    })?;
    list.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(part, target.join(LIST))?;
    tell(Event::Progress(&report));
    Ok(report)
}

fn line(
    list: &mut impl Write,
    bucket: &str,
    record: &Record,
    file: String,
    versions: Versions,
) -> io::Result<()> {
    let (key, size, e_tag) = (escaped(&record.key), record.size, &record.e_tag);
    write!(list, "{bucket}\t{key}\t{file}\t{size}\t{e_tag}")?;
    match versions {
        Versions::Current => writeln!(list),
        Versions::All => writeln!(list, "\t{}", record.version().shown()),
    }
}

/// The folder of the files of versions that are not the current ones. No bucket has such a name.
fn of_versions(bucket: &str) -> String {
    format!("{bucket}%versions")
}

/// Refuses to write into the store itself.
fn check_target(layout: &Layout, target: &Path) -> io::Result<()> {
    let store = fs::canonicalize(layout.root())?;
    let target = std::path::absolute(target)?;
    // The folder may have to be made; what is there of its path may be a link.
    let there = target.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    let target = match &there {
        Some((above, real)) => real.join(target.strip_prefix(above).unwrap_or(Path::new(""))),
        None => target,
    };
    let is_within = |path: &Path| path.starts_with(&store) || store.starts_with(path);
    let is_in_the_way =
        |bucket: &String| is_within(&target.join(bucket)) || is_within(&target.join(of_versions(bucket)));
    if target.starts_with(&store) || layout.buckets()?.iter().any(is_in_the_way) {
        let message = format!("{} is, or would be, a part of the store itself", target.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

/// What became of an object.
enum Written {
    /// It is in this file below the target.
    File { record: Box<Record>, file: PathBuf, is_new: bool },
    /// It says that there is none.
    Marker(Box<Record>),
    /// Its key, if that can be read.
    Damaged(Option<String>),
}

/// Writes the object with the record `path`; `None` when it is not there any more.
fn object(layout: &Layout, position: &Position, path: &Path, target: &Path) -> io::Result<Option<Written>> {
    let bucket = position.bucket.as_str();
    loop {
        let record = match Record::read(path) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) if is_of_the_disk(&error) => return Ok(Some(Written::Damaged(None))),
            Err(error) => return Err(error),
        };
        if record.is_marker {
            return Ok(Some(Written::Marker(Box::new(record))));
        }
        let file = match position.version {
            None => {
                let has_file = |key: &str| layout.place(bucket, key).record().exists();
                file_of(PathBuf::from(bucket), &record.key, target, has_file)
            }
            Some(version) => {
                let base = PathBuf::from(of_versions(bucket)).join(version.shown());
                file_of(base, &record.key, target, |_| false)
            }
        };
        match write(layout, bucket, &record, &target.join(&file))? {
            Outcome::Damaged => {
                // Replaced or deleted while it was read?
                if Record::read(path).is_ok_and(|now| now.as_ref() == Some(&record)) {
                    return Ok(Some(Written::Damaged(Some(record.key))));
                }
            }
            written => {
                let is_new = written == Outcome::New;
                return Ok(Some(Written::File { record: Box::new(record), file, is_new }));
            }
        }
    }
}

/// The file of an object, below the target; `has_file` says whether another key has one. What earlier exports
/// wrote is gone around: there a file may be where a folder belongs now, or a folder where a file does.
fn file_of(mut path: PathBuf, key: &str, target: &Path, has_file: impl Fn(&str) -> bool) -> PathBuf {
    let mut above = String::new();
    let segments: Vec<&str> = key.split('/').collect();
    let last = segments.len() - 1;
    for (index, segment) in segments.into_iter().enumerate() {
        let mut name = named(segment);
        above.push_str(segment);
        let there = fs::symlink_metadata(target.join(&path).join(&name)).map(|there| there.is_dir());
        let is_folder = matches!(there, Ok(true));
        if index == last && is_folder {
            name.push_str("%%");
        } else if index < last && !is_folder {
            let is_file = there.is_ok() || has_file(&above);
            name.push_str(if is_file { "%" } else { "" });
        }
        above.push('/');
        path.push(name);
    }
    path
}

/// A segment of a key as the name of a file.
fn named(segment: &str) -> String {
    let mut name = match segment {
        "" => "%".to_owned(),
        segment => escaped(segment).replace('\0', "%00"),
    };
    // Two percent signs may follow.
    if name.len() + 2 > LONGEST_NAME {
        let mut end = SHORTENED;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        let digest = hex::encode(Sha256::digest(segment.as_bytes()));
        name.push('%');
        name.push_str(digest.get(..32).unwrap_or_default());
    }
    name
}

/// A text without what separates fields and lines.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\t', "%09").replace('\n', "%0A").replace('\r', "%0D")
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    New,
    Unchanged,
    Damaged,
}

fn write(layout: &Layout, bucket: &str, record: &Record, path: &Path) -> io::Result<Outcome> {
    let is_there = fs::metadata(path).is_ok_and(|there| {
        let modified = there.modified().map(crate::record::nanoseconds).ok();
        there.len() == record.size && modified == Some(record.modified)
    });
    if is_there {
        return Ok(Outcome::Unchanged);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // No object has such a name: a percent sign in a key is followed by 25.
    let part = path.with_file_name(format!("%{}", record.data.simple()));
    let mut file = File::create(&part)?;
    let is_whole = copy(layout, bucket, record, &mut file).inspect_err(|_| drop(fs::remove_file(&part)))?;
    if !is_whole {
        fs::remove_file(&part)?;
        return Ok(Outcome::Damaged);
    }
    file.set_modified(record.modified())?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    Ok(Outcome::New)
}

/// Copies the bytes of an object; says whether they are what they were.
fn copy(layout: &Layout, bucket: &str, record: &Record, to: &mut File) -> io::Result<bool> {
    let data = layout.place(bucket, &record.key).data(record.data);
    let digests: Vec<Option<&str>> = match &record.parts {
        Some(parts) => {
            parts.iter().filter(|part| part.size > 0).map(|part| Some(part.md5.as_str())).collect()
        }
        None => vec![record.md5.as_deref()],
    };
    let mut buffer = vec![0; PIECE];
    for (segment, md5) in segments(record, data, &(0..record.size)).into_iter().zip(digests) {
        let mut file = match File::open(&segment.path) {
            Ok(file) => file,
            Err(error) if is_of_the_disk(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let (mut hashed, mut size) = (Hashed::with(&Checksums::default()), 0);
        loop {
            let read = match file.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What a disk cannot read any more.
                Err(_) => return Ok(false),
            };
            let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
            hashed.update(piece);
            to.write_all(piece)?;
            size += read as u64;
        }
        if size != segment.size || !hashed.agrees_with(md5, &Checksums::default()) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_of_a_key_is_the_name_of_a_file() {
        for (segment, name) in [("a b.txt", "a b.txt"), ("", "%"), ("50%", "50%25"), ("a\tb\0", "a%09b%00")] {
            assert_eq!(named(segment), name);
        }
        let (long, other) = ("ä".repeat(400), format!("{}b", "ä".repeat(400)));
        assert!(named(&long).len() < LONGEST_NAME);
        assert_ne!(named(&long), named(&other));
    }
}
