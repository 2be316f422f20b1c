//! Taking over a folder of the earlier format, in which an object was a file below the folder of its bucket.
//!
//! Nothing is copied: each file is moved to the place of an object's bytes. First the records of all are
//! written, and only when they are on the disk the files are moved; whatever cuts that off, the next start
//! goes on. A file whose key nobody knows stays where it is, and so does one in whose place an object is.
//!
//! Only a folder that never had the present format is taken over, and of it only buckets: those that the
//! settings name, and those of which there are records. A folder that somebody puts beside them is his.

mod names;
mod note;

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use s3s::crypto::{Checksum as _, Md5};
use serde::Deserialize;
use uuid::Uuid;

use note::Note;

use crate::{
    checksums::Checksums,
    draft::{Draft, private_folder, remove, sync_folder},
    index,
    layout::{Layout, Place},
    record::{Attributes, Record, nanoseconds},
    uploads::{ABOUT, UPLOADS, Upload},
};

/// How often it is said how far it is.
const SAY_EVERY: u64 = 10_000;

/// The record of an object in the earlier format.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Earlier {
    e_tag: Option<String>,
    #[serde(flatten)]
    checksums: Checksums,
    size: Option<u64>,
    modified: Option<u64>,
    /// `None` in records of still earlier versions, which had a file of their own for them.
    attributes: Option<Attributes>,
}

impl Earlier {
    /// Whether it belongs to the bytes in this file. Records that do not say are believed.
    fn is_of(&self, file: &fs::Metadata) -> bool {
        let modified = file.modified().map(nanoseconds).ok();
        self.size.is_none_or(|size| size == file.len())
            && self.modified.is_none_or(|time| modified == Some(time))
    }
}

/// An object of the earlier format.
struct Object {
    bucket: String,
    stored: String,
    key: String,
    path: PathBuf,
}

/// What is to be taken over of a folder.
#[derive(Debug)]
pub(crate) struct Takeover(Option<Note>);

impl Takeover {
    /// Looks what there is of the earlier format. To be called before anything of the present one is made;
    /// `configured` are the buckets that the settings name.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(crate) fn find(layout: &Layout, configured: &[String]) -> io::Result<Self> {
        let root = layout.root();
        let with_records = names::buckets_with_records(root)?;
        let known = |name: &String| configured.contains(name) || with_records.contains(name);
        let note = match Note::read(root)? {
            Some(Note { buckets: Some(buckets), is_moving }) => {
                // One that was emptied may have been deleted before that was cut off.
                let there = buckets.into_iter().filter(|bucket| root.join(bucket).is_dir()).collect();
                Note { buckets: Some(there), is_moving }
            }
            Some(note) => Note { buckets: Some(buckets(root, known)?), ..note },
            // A version that kept no note may have been cut off while it wrote records.
            None if layout.is_made() && with_records.is_empty() => return Ok(Self(None)),
            None => match buckets(root, known)? {
                none if none.is_empty() => return Ok(Self(None)),
                found => Note { buckets: Some(found), is_moving: false },
            },
        };
        note.write(root)?;
        Ok(Self(Some(note)))
    }

    /// Takes it over.
    ///
    /// # Errors
    /// When files cannot be read, written or moved. Nothing is lost then; the next start goes on.
    pub(crate) fn run(self, layout: &Layout) -> io::Result<()> {
        forget_lost_uploads(layout.root())?;
        move_parts(layout)?;
        let Some(mut note) = self.0 else { return Ok(()) };
        index::distrust(layout)?;
        if !note.is_moving {
            let written = write_records(layout, note.buckets())?;
            sync_all(layout.root())?;
            note.is_moving = true;
            note.write(layout.root())?;
            tracing::info!(objects = written, "objects of an earlier version have their records");
        }
        for bucket in note.buckets() {
            each(layout.root(), bucket, &mut |object| move_bytes(layout, &object))?;
        }
        sync_all(layout.root())?;
        for bucket in note.buckets() {
            remove_empty(&layout.root().join(bucket))?;
        }
        clear(layout.root())
    }
}

fn write_records(layout: &Layout, buckets: &[String]) -> io::Result<u64> {
    let mut written = 0_u64;
    for bucket in buckets {
        layout.make_bucket(bucket)?;
        each(layout.root(), bucket, &mut |object| {
            written += 1;
            if written.is_multiple_of(SAY_EVERY) {
                tracing::info!(objects = written, "objects of an earlier version are taken over");
            }
            write_record(layout, &object)
        })?;
    }
    Ok(written)
}

/// Moves the bytes of an object to their place, if that is free.
fn move_bytes(layout: &Layout, object: &Object) -> io::Result<()> {
    let place = layout.place(&object.bucket, &object.key);
    match Record::read(&place.record())? {
        Some(record) if has_bytes(&place, &record) => {
            tracing::error!(path = %object.path.display(), "a file is not taken over: its object is there");
            Ok(())
        }
        Some(record) => fs::rename(&object.path, place.data(record.data)),
        // Nobody has seen it before: it was put there after the records were written.
        None => Ok(()),
    }
}

/// Whether an object has its bytes already: then it is not one whose record was written for a file.
fn has_bytes(place: &Place, record: &Record) -> bool {
    place.data(record.data).exists()
}

/// Deletes what belonged to the earlier format and is needed no more.
fn clear(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(names::is_side_file) {
            remove(&entry.path())?;
        }
    }
    remove(&root.join(names::LONG_KEYS))?;
    note::remove(root)
}

/// The folders that are buckets of the earlier format, which are among those that are `known`.
fn buckets(root: &Path, known: impl Fn(&String) -> bool) -> io::Result<Vec<String>> {
    let mut buckets = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok();
        let Some(name) = name.filter(|name| s3s::path::check_bucket_name(name)) else { continue };
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if known(&name) {
            buckets.push(name);
        } else {
            tracing::warn!(folder = %entry.path().display(), "a folder beside the objects is left alone");
        }
    }
    Ok(buckets)
}

/// Calls `work` for each object of a bucket.
fn each(root: &Path, bucket: &str, work: &mut impl FnMut(Object) -> io::Result<()>) -> io::Result<()> {
    let folder = root.join(bucket);
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let stored = path.strip_prefix(&folder).ok().and_then(Path::to_str).map(str::to_owned);
            let key = match &stored {
                Some(stored) if kind.is_file() => key(root, stored)?,
                _ => None,
            };
            match (stored, key) {
                (Some(stored), Some(key)) => work(Object { bucket: bucket.to_owned(), stored, key, path })?,
                _ => {
                    tracing::error!(path = %path.display(), "a file is not taken over: its key is not known")
                }
            }
        }
    }
    Ok(())
}

fn key(root: &Path, stored: &str) -> io::Result<Option<String>> {
    let Some(digest) = names::digest(stored) else { return Ok(Some(stored.to_owned())) };
    match fs::read(root.join(names::LONG_KEYS).join(digest)) {
        Ok(key) => Ok(String::from_utf8(key).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the record of an object, which is believed when the file has been moved.
fn write_record(layout: &Layout, object: &Object) -> io::Result<()> {
    let Object { bucket, stored, key, path } = object;
    let place = layout.place(bucket, key);
    if matches!(Record::read(&place.record()), Ok(Some(there)) if has_bytes(&place, &there)) {
        return Ok(());
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let earlier: Earlier = read_json(&layout.root().join(names::record(bucket, stored)))?;
    let earlier = if earlier.is_of(&metadata) { earlier } else { Earlier::default() };
    let attributes = match earlier.attributes {
        Some(attributes) => attributes,
        None => read_json(&layout.root().join(names::attributes(bucket, stored)))?,
    };
    let e_tag = match earlier.e_tag {
        Some(e_tag) => e_tag,
        // It was put there by other means.
        None => md5(file)?,
    };
    let is_md5 = e_tag.len() == 32 && e_tag.bytes().all(|digit| digit.is_ascii_hexdigit());
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let record = Record::of_file(key, metadata.len(), e_tag.clone()).at(modified);
    let record =
        Record { md5: Some(e_tag).filter(|_| is_md5), checksums: earlier.checksums, attributes, ..record };
    Draft::unsynced(layout.root(), &record.encode())?.move_to(&place.record())
}

/// What the file says; nothing when it is not there, or damaged: it can only say less than it should.
fn read_json<T: Default + serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Ok(content) => Ok(serde_json::from_slice(&content).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), error = %error, "a record of the object store is damaged");
            T::default()
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error),
    }
}

fn md5(mut file: File) -> io::Result<String> {
    let mut digest = Md5::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        digest.update(piece);
    }
    Ok(hex::encode(digest.finalize().as_ref()))
}

/// Moves the parts of uploads to where parts lie now. Those of ended ones were copied into the object.
fn move_parts(layout: &Layout) -> io::Result<()> {
    for entry in fs::read_dir(layout.root().join(UPLOADS))? {
        let folder = entry?.path();
        let id =
            folder.file_name().and_then(|name| name.to_str()).and_then(|name| Uuid::try_parse(name).ok());
        let parts = parts_of(&folder)?;
        let about = fs::read(folder.join(ABOUT)).ok();
        let upload = about.and_then(|about| serde_json::from_slice::<Upload>(&about).ok());
        let (Some(id), Some(upload), false) = (id, upload, parts.is_empty()) else { continue };
        layout.make_bucket(&upload.bucket)?;
        let place = layout.place(&upload.bucket, &upload.key);
        private_folder(&place.data(id))?;
        for part in parts {
            if upload.ended.is_some() {
                remove(&part)?;
            } else if let Some(name) = part.file_name() {
                fs::rename(&part, place.data(id).join(name))?;
            }
        }
        sync_folder(&place.data(id))?;
        sync_folder(&place.folder)?;
    }
    Ok(())
}

fn parts_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("part-")) {
            parts.push(path);
        }
    }
    Ok(parts)
}

fn forget_lost_uploads(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let is_lost = entry.file_name().to_str().is_some_and(names::is_of_a_lost_upload);
        if is_lost && entry.file_type()?.is_file() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Deletes a folder and those below it, as far as they have no files.
fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(error),
        _ => Ok(()),
    }
}

/// Puts on the disk all that was written to the file system of a folder.
fn sync_all(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(File::open(folder)?)?;
    #[cfg(not(target_os = "linux"))]
    rustix::fs::sync();
    Ok(())
}
