//! Objects as files below the folder of their bucket, each with a record beside the buckets.
//!
//! An object and its record are two files. They are replaced one after the other behind a gate, so that a
//! reader sees both old or both new; a crash between them is seen from the record, which names the version of
//! the bytes that it belongs to.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
    time::SystemTime,
};

use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
    dto::{ETag, ETagCondition},
    s3_error,
};

use super::{
    draft::{Draft, private_folder},
    names,
    record::{Attributes, Record},
    room::failed,
};

/// What must hold of an object for a request to go on (RFC 9110 §13.1).
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl Conditions {
    /// Whether `If-Match` allows it for an object with this entity tag, or for none.
    pub(super) fn may_match(&self, e_tag: Option<&str>) -> bool {
        self.if_match.as_ref().is_none_or(|condition| is_met(condition, e_tag))
    }

    /// Whether `If-None-Match` allows it.
    pub(super) fn may_not_match(&self, e_tag: Option<&str>) -> bool {
        !self.if_none_match.as_ref().is_some_and(|condition| is_met(condition, e_tag))
    }
}

fn is_met(condition: &ETagCondition, e_tag: Option<&str>) -> bool {
    match (condition, e_tag) {
        (_, None) => false,
        (ETagCondition::Any, Some(_)) => true,
        (ETagCondition::ETag(wanted), Some(e_tag)) => wanted.value() == e_tag,
    }
}

/// An object that was found.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) e_tag: String,
    pub(super) record: Record,
    pub(super) attributes: Attributes,
}

/// The files of a store. Its functions read and write, and hold up their thread.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    gate: RwLock<()>,
}

impl Files {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), gate: RwLock::new(()) }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a bucket.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(super) fn bucket(&self, bucket: &str) -> S3Result<PathBuf> {
        let folder = self.root.join(bucket);
        if folder.is_dir() { Ok(folder) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// The object under a stored name.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(super) fn open(&self, bucket: &str, stored: &str) -> S3Result<Opened> {
        let path = self.bucket(bucket)?.join(stored);
        let (file, metadata, record, attributes) = {
            let _gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            let Some((file, metadata)) = open(&path).map_err(failed)? else {
                return Err(s3_error!(NoSuchKey));
            };
            let record = self.record(bucket, stored, &metadata)?;
            let attributes = match &record.attributes {
                Some(attributes) => attributes.clone(),
                None => self.earlier_attributes(bucket, stored)?,
            };
            (file, metadata, record, attributes)
        };
        let e_tag = match &record.e_tag {
            Some(e_tag) => e_tag.clone(),
            None => self.note_e_tag(bucket, stored, &file, &metadata, record.clone())?,
        };
        let modified = metadata.modified().map_err(failed)?;
        Ok(Opened { file, size: metadata.len(), modified, e_tag, record, attributes })
    }

    /// Puts the draft of an object into its place, if `conditions` allow it.
    ///
    /// # Errors
    /// 412 when they do not, 409 when the key cannot be beside others.
    pub(super) fn replace(
        &self,
        (bucket, stored): (&str, &str),
        draft: Draft,
        record: Record,
        conditions: &Conditions,
    ) -> S3Result<()> {
        let folder = self.bucket(bucket)?;
        let path = folder.join(stored);
        let record = record.of(&draft.metadata().map_err(failed)?);
        let record = Draft::with(&self.root, &text(&record)).map_err(failed)?;
        let made_parents = {
            let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            if conditions.if_match.is_some() || conditions.if_none_match.is_some() {
                let e_tag = self.current_e_tag(bucket, stored, &path)?;
                if !conditions.may_match(e_tag.as_deref()) || !conditions.may_not_match(e_tag.as_deref()) {
                    return Err(s3_error!(PreconditionFailed));
                }
            }
            let made_parents = make_parents(&path).map_err(in_the_way)?;
            draft.move_to(&path).map_err(in_the_way)?;
            record.move_to(&self.root.join(names::record(bucket, stored))).map_err(failed)?;
            forget(&self.root.join(names::earlier_attributes(bucket, stored))).map_err(failed)?;
            made_parents
        };
        // Names are on the disk when their folder is. Nobody needs to wait for that but the writer.
        let folders = path.ancestors().skip(1).take_while(|above| above.starts_with(&folder));
        for above in folders.take(if made_parents { usize::MAX } else { 1 }) {
            match sync_folder(above) {
                // Deleted meanwhile, with the object.
                Err(error) if is_absence(&error) => {}
                synced => synced.map_err(failed)?,
            }
        }
        sync_folder(&self.root).map_err(failed)
    }

    /// Deletes an object, if it is there, with all that belongs to it.
    ///
    /// # Errors
    /// 404 for a bucket that is not there.
    pub(super) fn delete(&self, bucket: &str, stored: &str) -> S3Result<()> {
        let folder = self.bucket(bucket)?;
        let path = folder.join(stored);
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        if open(&path).map_err(failed)?.is_none() {
            return Ok(());
        }
        forget(&path).map_err(failed)?;
        forget(&self.root.join(names::record(bucket, stored))).map_err(failed)?;
        forget(&self.root.join(names::earlier_attributes(bucket, stored))).map_err(failed)?;
        // Folders that are empty now; the first that is not ends it.
        let emptied = path.ancestors().skip(1).take_while(|above| **above != folder);
        for above in emptied {
            if fs::remove_dir(above).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn record(&self, bucket: &str, stored: &str, file: &Metadata) -> S3Result<Record> {
        let path = self.root.join(names::record(bucket, stored));
        let record: Record = read_json(&path).map_err(failed)?;
        Ok(if record.is_of(file) { record } else { Record::default() })
    }

    fn earlier_attributes(&self, bucket: &str, stored: &str) -> S3Result<Attributes> {
        read_json(&self.root.join(names::earlier_attributes(bucket, stored))).map_err(failed)
    }

    fn current_e_tag(&self, bucket: &str, stored: &str, path: &Path) -> S3Result<Option<String>> {
        let Some((file, metadata)) = open(path).map_err(failed)? else { return Ok(None) };
        match self.record(bucket, stored, &metadata)?.e_tag {
            Some(e_tag) => Ok(Some(e_tag)),
            None => md5(&file).map(Some).map_err(failed),
        }
    }

    /// Computes the entity tag of an object that has none (it was put there by other means), and notes it, so
    /// that this is done once.
    fn note_e_tag(
        &self,
        bucket: &str,
        stored: &str,
        file: &File,
        metadata: &Metadata,
        mut record: Record,
    ) -> S3Result<String> {
        let e_tag = md5(file).map_err(failed)?;
        record.e_tag = Some(e_tag.clone());
        let record = record.of(metadata);
        let draft = Draft::with(&self.root, &text(&record)).map_err(failed)?;
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        // Only if the object is still the one that was read.
        let now = open(&self.root.join(bucket).join(stored)).map_err(failed)?;
        if now.is_some_and(|(_, now)| record.is_of(&now)) {
            draft.move_to(&self.root.join(names::record(bucket, stored))).map_err(failed)?;
        }
        Ok(e_tag)
    }
}

/// The file of an object; `None` when there is none, or a folder.
fn open(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    match File::open(path) {
        Ok(file) => {
            let metadata = file.metadata()?;
            Ok(metadata.is_file().then_some((file, metadata)))
        }
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absence(&error) => Err(error),
        _ => Ok(()),
    }
}

/// What the file says; nothing when it is not there, or damaged: it can only say less than it should.
fn read_json<T: Default + serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Ok(content) => Ok(serde_json::from_slice(&content).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), error = %error, "a record of the object store is damaged");
            T::default()
        })),
        Err(error) if is_absence(&error) => Ok(T::default()),
        Err(error) => Err(error),
    }
}

fn text(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record).expect("a record has only texts and numbers")
}

fn md5(mut file: &File) -> io::Result<String> {
    let mut digest = Md5::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        digest.update(piece);
    }
    io::Seek::rewind(&mut file)?;
    Ok(hex::encode(digest.finalize().as_ref()))
}

/// Makes the folders that an object lies in, and says whether any was missing.
fn make_parents(object: &Path) -> io::Result<bool> {
    let Some(parent) = object.parent().filter(|parent| !parent.is_dir()) else { return Ok(false) };
    private_folder(parent)?;
    Ok(true)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A key cannot be beside another that is a folder of it, or that it is a folder of.
fn in_the_way(error: io::Error) -> s3s::S3Error {
    match error.kind() {
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
            s3_error!(
                OperationAborted,
                "this store cannot keep an object whose key is a folder of another object's key"
            )
        }
        _ => failed(error),
    }
}

/// How an entity tag is given to a client.
pub(super) fn strong(e_tag: String) -> ETag {
    ETag::Strong(e_tag)
}
