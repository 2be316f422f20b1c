//! Objects are found, replaced, changed and deleted.

use s3s::{S3Result, s3_error};

use crate::{
    conditions::{Conditions, Seen},
    disk::{Disk, Found, gone, there},
    draft::{Draft, remove, sync_folder},
    history::{Deleted, Written},
    record::Record,
    room::failed,
    version::{Meant, Version, Versioning},
};

impl Disk {
    /// The object with this key, or a version of it.
    ///
    /// # Errors
    /// 404 when there is none, 405 for a delete marker; 500 when its record is damaged.
    pub(crate) fn find(&self, bucket: &str, key: &str, meant: Meant) -> S3Result<Found> {
        let place = self.place(bucket, key)?;
        let _gate = self.gate_to_read(&place);
        match meant {
            Meant::Current => match Record::read(&place.record()).map_err(failed)? {
                Some(record) => Ok(self.held(record, place.clone())),
                None => Err(self.missing(bucket, key, &place)),
            },
            Meant::This(version) => self.find_version(place.clone(), version),
            Meant::Unknown => Err(s3_error!(NoSuchVersion)),
        }
    }

    /// Puts an object into its place, if `conditions` allow it. `draft` are its bytes, unless they are in
    /// parts, which are where they belong. Returns its version, if its bucket keeps any or did.
    ///
    /// # Errors
    /// 404 and 412 when they do not.
    pub(crate) fn put(
        &self,
        bucket: &str,
        record: &Record,
        draft: Option<Draft>,
        conditions: &Conditions,
    ) -> S3Result<Option<Version>> {
        let place = self.place(bucket, &record.key)?;
        // Written before others have to wait for it.
        let text = match self.versioning(bucket)? {
            Versioning::Never => Some(Draft::with(self.layout().root(), &record.encode()).map_err(failed)?),
            _ => None,
        };
        let replaced = {
            let _gate = self.gate_to_write(&place);
            let versioning = self.versioning(bucket)?;
            let Some(text) = text.filter(|_| versioning == Versioning::Never) else {
                let written = Written { bucket, place: &place, record, draft };
                return self.put_version(written, versioning, conditions).map(Some);
            };
            let there = there(&place)?;
            conditions.check_write(there.as_ref().map(Seen::from))?;
            let data = place.data(record.data);
            let is_whole = draft.is_some();
            let moved = self.index().put(bucket, &place.digest, record, || {
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
        Ok(None)
    }

    /// Changes what is known of an object, or of a version of it, and not its bytes.
    ///
    /// # Errors
    /// 404 when there is none, 405 for a delete marker.
    pub(crate) fn change(
        &self,
        (bucket, key): (&str, &str),
        meant: Meant,
        change: impl FnOnce(&mut Record),
    ) -> S3Result<()> {
        let place = self.place(bucket, key)?;
        {
            let _gate = self.gate_to_write(&place);
            match meant {
                Meant::Current => {
                    let record = there(&place)?.ok_or_else(|| self.missing(bucket, key, &place))?;
                    let mut record = record;
                    change(&mut record);
                    let text = Draft::with(self.layout().root(), &record.encode()).map_err(failed)?;
                    let moved = || text.move_to(&place.record());
                    self.index().put(bucket, &place.digest, &record, moved).map_err(gone)?;
                }
                Meant::This(version) => self.change_version(bucket, &place, version, change)?,
                Meant::Unknown => return Err(s3_error!(NoSuchVersion)),
            }
        }
        sync_folder(&place.folder).map_err(failed)
    }

    /// Deletes an object, or a version of it, if it is there and `conditions` allow it.
    ///
    /// # Errors
    /// 404 for a bucket that is not there; 412.
    pub(crate) fn delete(
        &self,
        bucket: &str,
        key: &str,
        meant: Meant,
        conditions: &Conditions,
    ) -> S3Result<Deleted> {
        let place = self.place(bucket, key)?;
        let deleted = {
            let _gate = self.gate_to_write(&place);
            let versioning = self.versioning(bucket)?;
            match meant {
                Meant::Current if versioning != Versioning::Never => {
                    return self.mark_deleted((bucket, key), &place, versioning, conditions);
                }
                Meant::This(version) => {
                    return self.delete_version((bucket, key), &place, version, conditions);
                }
                Meant::Unknown => return Ok(Deleted::default()),
                Meant::Current => {}
            }
            let there = there(&place)?;
            conditions.check_write(there.as_ref().map(Seen::from))?;
            self.index().remove(bucket, &place.digest, || remove(&place.record())).map_err(gone)?;
            there
        };
        sync_folder(&place.folder).map_err(gone)?;
        if let Some(deleted) = deleted {
            self.discard(&place, deleted.data);
        }
        Ok(Deleted::default())
    }
}
