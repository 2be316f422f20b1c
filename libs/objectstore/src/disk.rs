//! Objects on the disk: found, written, changed and deleted.
//!
//! Bytes are written once, under a name that nothing had before. The record is then put into its place in one
//! step, and with it the object is there; what it replaced is deleted when all of that is on the disk. Who is
//! cut off in between leaves the old object, or the new one.

use std::{
    io,
    sync::{Mutex, PoisonError, RwLock},
};

use s3s::{S3Result, s3_error};
use uuid::Uuid;

use crate::{
    conditions::{Conditions, Seen},
    draft::{Draft, aside, remove, sync_folder},
    index::{Index, Page, Wanted},
    layout::{Layout, Place},
    readers::{Hold, Readers},
    record::Record,
    room::failed,
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

    /// The record of the object with this key, if `data` are its bytes.
    ///
    /// # Errors
    /// When it cannot be known: `InvalidData` for a damaged record.
    pub(crate) fn record_of(&self, bucket: &str, key: &str, data: Uuid) -> io::Result<Option<Record>> {
        let place = self.layout.place(bucket, key);
        let _gate = self.gate(&place).read().unwrap_or_else(PoisonError::into_inner);
        Ok(Record::read(&place.record())?.filter(|record| record.data == data))
    }

    /// The object with this key.
    ///
    /// # Errors
    /// 404 when there is none; 500 when its record is damaged.
    pub(crate) fn find(&self, bucket: &str, key: &str) -> S3Result<Found> {
        let place = self.place(bucket, key)?;
        let _gate = self.gate(&place).read().unwrap_or_else(PoisonError::into_inner);
        let record = Record::read(&place.record()).map_err(failed)?.ok_or_else(|| s3_error!(NoSuchKey))?;
        let hold = self.readers.hold(record.data);
        Ok(Found { record, place: place.clone(), hold })
    }

    /// Puts an object into its place, if `conditions` allow it. `draft` are its bytes, unless they are in
    /// parts, which are where they belong.
    ///
    /// # Errors
    /// 404 and 412 when they do not.
    pub(crate) fn put(
        &self,
        bucket: &str,
        record: &Record,
        draft: Option<Draft>,
        conditions: &Conditions,
    ) -> S3Result<()> {
        let place = self.place(bucket, &record.key)?;
        let text = Draft::with(self.layout.root(), &record.encode()).map_err(failed)?;
        let replaced = {
            let _gate = self.gate(&place).write().unwrap_or_else(PoisonError::into_inner);
            let there = there(&place)?;
            conditions.check_write(there.as_ref().map(Seen::from))?;
            let data = place.data(record.data);
            let is_whole = draft.is_some();
            let moved = self.index.put(bucket, &place.digest, record, || {
                if let Some(draft) = draft {
                    draft.move_to(&data)?;
                }
                text.move_to(&place.record())
            });
            if let Err(error) = moved {
                if is_whole {
                    remove(&data).map_err(failed)?;
                }
                return Err(gone(error));
            }
            there
        };
        sync_folder(&place.folder).map_err(failed)?;
        if let Some(replaced) = replaced.filter(|replaced| replaced.data != record.data) {
            self.discard(&place, replaced.data);
        }
        Ok(())
    }

    /// Changes what is known of an object, and not its bytes.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) fn change(&self, bucket: &str, key: &str, change: impl FnOnce(&mut Record)) -> S3Result<()> {
        let place = self.place(bucket, key)?;
        {
            let _gate = self.gate(&place).write().unwrap_or_else(PoisonError::into_inner);
            let mut record = there(&place)?.ok_or_else(|| s3_error!(NoSuchKey))?;
            change(&mut record);
            let text = Draft::with(self.layout.root(), &record.encode()).map_err(failed)?;
            self.index.put(bucket, &place.digest, &record, || text.move_to(&place.record())).map_err(gone)?;
        }
        sync_folder(&place.folder).map_err(failed)
    }

    /// Deletes an object, if it is there and `conditions` allow it.
    ///
    /// # Errors
    /// 404 for a bucket that is not there; 412.
    pub(crate) fn delete(&self, bucket: &str, key: &str, conditions: &Conditions) -> S3Result<()> {
        let place = self.place(bucket, key)?;
        let deleted = {
            let _gate = self.gate(&place).write().unwrap_or_else(PoisonError::into_inner);
            let there = there(&place)?;
            conditions.check_write(there.as_ref().map(Seen::from))?;
            self.index.remove(bucket, &place.digest, || remove(&place.record())).map_err(gone)?;
            there
        };
        sync_folder(&place.folder).map_err(gone)?;
        if let Some(deleted) = deleted {
            self.discard(&place, deleted.data);
        }
        Ok(())
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
fn there(place: &Place) -> S3Result<Option<Record>> {
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
