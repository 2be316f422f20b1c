//! Objects on the disk, and who may touch them when.
//!
//! Bytes are written once, under a name that nothing had before. The record is then put into its place in one
//! step, and with it the object is there; what it replaced is deleted when all of that is on the disk. Who is
//! cut off in between leaves the old object, or the new one.

use std::{
    io,
    sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use s3s::{S3Result, s3_error};
use uuid::Uuid;

use crate::{
    draft::aside,
    index::{Index, Page, Wanted},
    layout::{Layout, Place},
    readers::{Hold, Readers},
    record::Record,
    room::failed,
    version::Version,
};

/// Objects whose digests differ in the first bits do not wait for each other.
const GATES: usize = 64;

/// An object that was found, and is kept as it is for as long as this lives.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) record: Record,
    pub(crate) place: Place,
    pub(crate) hold: Hold,
}

/// The objects of a store. Its functions read and write, and hold up their thread.
#[derive(Debug)]
pub(crate) struct Disk {
    layout: Layout,
    index: Index,
    readers: Readers,
    gates: Vec<RwLock<()>>,
    /// Whoever has it is the only one who makes or deletes a bucket.
    buckets: Mutex<()>,
}

impl Disk {
    pub(crate) fn new(layout: Layout, index: Index) -> Self {
        let gates = std::iter::repeat_with(RwLock::default).take(GATES).collect();
        Self { layout, index, readers: Readers::default(), gates, buckets: Mutex::default() }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Deletes data that no record names.
    pub(crate) fn discard(&self, place: &Place, data: Uuid) {
        self.readers.discard(data, &place.data(data), &aside(self.layout.root(), data));
    }

    fn gate(&self, place: &Place) -> &RwLock<()> {
        let index = usize::from(place.digest[0]) % GATES;
        self.gates.get(index).expect("there are as many gates as remainders")
    }

    /// While it is held, nobody changes the object.
    pub(crate) fn gate_to_read(&self, place: &Place) -> RwLockReadGuard<'_, ()> {
        self.gate(place).read().unwrap_or_else(PoisonError::into_inner)
    }

    /// While it is held, nobody else changes the object, or reads its record.
    pub(crate) fn gate_to_write(&self, place: &Place) -> RwLockWriteGuard<'_, ()> {
        self.gate(place).write().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object that is kept as it is. Its caller has the gate.
    pub(crate) fn held(&self, record: Record, place: Place) -> Found {
        let hold = self.readers.hold(record.data);
        Found { record, place, hold }
    }

    /// Where the object is, in a bucket that is there.
    ///
    /// # Errors
    /// 404 when the bucket is not.
    pub(crate) fn place(&self, bucket: &str, key: &str) -> S3Result<Place> {
        self.check_bucket(bucket)?;
        Ok(self.layout.place(bucket, key))
    }

    /// # Errors
    /// 404 when there is no such bucket.
    pub(crate) fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.layout.has_bucket(bucket) { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// 409 when it is there.
    pub(crate) fn make_bucket(&self, bucket: &str) -> S3Result<()> {
        let _alone = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if self.layout.has_bucket(bucket) {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        self.layout.make_bucket(bucket).map_err(failed)
    }

    /// Deletes a bucket.
    ///
    /// # Errors
    /// 404 when it is not there, 409 when it has objects.
    pub(crate) fn remove_bucket(&self, bucket: &str) -> S3Result<()> {
        let _alone = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_bucket(bucket)?;
        let is_removed = self.layout.remove_bucket(bucket).map_err(failed)?;
        if is_removed { Ok(()) } else { Err(s3_error!(BucketNotEmpty)) }
    }

    /// The record of the object with this key, or of a version of it, if `data` are its bytes.
    ///
    /// # Errors
    /// When it cannot be known: `InvalidData` for a damaged record.
    pub(crate) fn record_of(&self, bucket: &str, key: &str, data: Uuid) -> io::Result<Option<Record>> {
        let place = self.layout.place(bucket, key);
        let _gate = self.gate_to_read(&place);
        for path in [place.record(), place.version(Version::Of(data)), place.version(Version::Null)] {
            if let Some(record) = Record::read(&path)?.filter(|record| record.data == data) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// A page of the objects of a bucket.
    ///
    /// # Errors
    /// 404 for a bucket that is not there.
    pub(crate) fn list(&self, bucket: &str, wanted: &Wanted) -> S3Result<Page> {
        self.check_bucket(bucket)?;
        self.index.page(bucket, wanted).map_err(failed)
    }
}

/// What is there now. A damaged record may be replaced and deleted; its data is found at a later start.
pub(crate) fn there(place: &Place) -> S3Result<Option<Record>> {
    match Record::read(&place.record()) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            tracing::error!(path = %place.record().display(), "the damaged record of an object is given up");
            Ok(None)
        }
        read => read.map_err(failed),
    }
}

/// A bucket can be deleted at any moment, as long as it has no objects.
pub(crate) fn gone(error: io::Error) -> s3s::S3Error {
    if error.kind() == io::ErrorKind::NotFound { s3_error!(NoSuchBucket) } else { failed(error) }
}
