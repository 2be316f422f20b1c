//! Versions of objects on the disk, in buckets that keep them.
//!
//! The current version of a key has the record of an object; each other one, and each delete marker, has one
//! beside it, under the name of the version. Where there is no current one the newest is a delete marker.
//! What is moved aside is on the disk before the record of its successor is; whoever is cut off in between
//! leaves a version twice, or a newest one that is not current, and the next start puts that right. Times of
//! the versions of a key rise, whatever the clock does: they say which is the newest.

use std::{fs, io};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use s3s::{S3Error, S3Result, s3_error};

use crate::{
    conditions::{Conditions, Seen},
    disk::{Disk, Found, gone, there},
    draft::{Draft, remove, sync_folder},
    index::{After, Change, Current, VersionsPage, WantedVersions},
    layout::{Kind, Place, read_name},
    record::Record,
    room::failed,
    version::{Meant, Version, Versioning},
};

const VERSION: HeaderName = HeaderName::from_static("x-amz-version-id");
const MARKER: HeaderName = HeaderName::from_static("x-amz-delete-marker");

/// What became of a deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// The version that was deleted, or the delete marker that was made. `None` in a bucket that never kept
    /// versions.
    pub(crate) version: Option<String>,
    /// Whether that is a delete marker.
    pub(crate) is_marker: bool,
}

/// An object that is to be written.
pub(crate) struct Written<'w> {
    pub(crate) bucket: &'w str,
    pub(crate) place: &'w Place,
    pub(crate) record: &'w Record,
    /// Its bytes, unless they are in parts, which are where they belong.
    pub(crate) draft: Option<Draft>,
}

impl Disk {
    /// Whether a bucket keeps versions.
    ///
    /// # Errors
    /// 404 when there is no such bucket, 500 when it cannot be known.
    pub(crate) fn versioning(&self, bucket: &str) -> S3Result<Versioning> {
        self.check_bucket(bucket)?;
        self.layout().versioning(bucket).map_err(failed)
    }

    /// Says whether a bucket keeps versions from now on.
    ///
    /// # Errors
    /// 404 when there is no such bucket.
    pub(crate) fn set_versioning(&self, bucket: &str, versioning: Versioning) -> S3Result<()> {
        self.check_bucket(bucket)?;
        self.layout().set_versioning(bucket, versioning).map_err(gone)
    }

    /// How the version of a record is shown: not at all in a bucket that never kept any.
    pub(crate) fn shown(&self, bucket: &str, record: &Record) -> S3Result<Option<String>> {
        if record.is_versioned || self.layout().versioning(bucket).map_err(failed)? != Versioning::Never {
            return Ok(Some(record.version().shown()));
        }
        Ok(None)
    }

    /// Why there is no current version of a key. Its caller has the gate.
    pub(crate) fn missing(&self, bucket: &str, key: &str, place: &Place) -> S3Error {
        let is_kept =
            self.layout().versioning(bucket).is_ok_and(|versioning| versioning != Versioning::Never);
        let newest = if is_kept { self.newest(bucket, key, place, None) } else { Ok(None) };
        match newest {
            Ok(Some(marker)) if marker.is_marker => deleted(s3_error!(NoSuchKey), &marker),
            Ok(_) => s3_error!(NoSuchKey),
            Err(error) => error,
        }
    }

    /// A version of an object. Its caller has the gate.
    ///
    /// # Errors
    /// 404 when there is none, 405 for a delete marker.
    pub(crate) fn find_version(&self, place: Place, version: Version) -> S3Result<Found> {
        let current = match Record::read(&place.record()) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => None,
            read => read.map_err(failed)?.filter(|current| current.version() == version),
        };
        let record = match current {
            Some(current) => current,
            None => Record::read(&place.version(version))
                .map_err(failed)?
                .ok_or_else(|| s3_error!(NoSuchVersion))?,
        };
        if record.is_marker {
            return Err(is_marker(&record));
        }
        Ok(self.held(record, place))
    }

    /// The newest version of a key beside the current one, but `except`. Its caller has the gate.
    fn newest(
        &self,
        bucket: &str,
        key: &str,
        place: &Place,
        except: Option<Version>,
    ) -> S3Result<Option<Record>> {
        match self.index().newest(bucket, key, except) {
            Ok(None) => return Ok(None),
            Ok(Some(version)) => {
                if let Ok(Some(record)) = Record::read(&place.version(version)) {
                    return Ok(Some(record));
                }
            }
            // The index is being mended. The records are the truth.
            Err(_) => {}
        }
        let mut newest: Option<Record> = None;
        for entry in fs::read_dir(&place.folder).map_err(gone)? {
            let name = entry.map_err(failed)?.file_name();
            let Some((digest, Kind::Version(version))) = name.to_str().and_then(read_name) else { continue };
            if digest != place.digest || Some(version) == except {
                continue;
            }
            let Some(record) = readable(place, version)? else { continue };
            if newest.as_ref().is_none_or(|newest| newest.modified < record.modified) {
                newest = Some(record);
            }
        }
        Ok(newest)
    }

    /// Puts an object into its place in a bucket that keeps versions, or did, if `conditions` allow it. Its
    /// caller has the gate.
    ///
    /// # Errors
    /// 404 and 412 when they do not.
    pub(crate) fn put_version(
        &self,
        written: Written<'_>,
        versioning: Versioning,
        conditions: &Conditions,
    ) -> S3Result<Version> {
        let Written { bucket, place, record, draft } = written;
        let there = there(place)?;
        conditions.check_write(there.as_ref().map(Seen::from))?;
        let mut record = record.clone();
        record.is_versioned = versioning == Versioning::Enabled;
        let aside = self.aside(bucket, place, &mut record, there)?;
        let text = Draft::with(self.layout().root(), &record.encode()).map_err(failed)?;
        let change = aside.change(Current::Is(&record), None);
        let (data, is_whole) = (place.data(record.data), draft.is_some());
        let moved = self.index().change(bucket, &place.digest, &change, || {
            self.move_aside(place, &aside)?;
            if let Some(draft) = draft {
                draft.move_to(&data)?;
            }
            text.move_to(&place.record())?;
            aside.replaced_beside.iter().try_for_each(|_| remove(&place.version(Version::Null)))
        });
        if let Err(error) = moved {
            if is_whole {
                remove(&data).map_err(failed)?;
            }
            return Err(gone(error));
        }
        sync_folder(&place.folder).map_err(failed)?;
        self.discard_replaced(place, &aside, record.data);
        Ok(record.version())
    }

    /// Deletes the current version of a key: a delete marker takes its place. Its caller has the gate.
    ///
    /// # Errors
    /// 404 and 412 when `conditions` do not hold.
    pub(crate) fn mark_deleted(
        &self,
        (bucket, key): (&str, &str),
        place: &Place,
        versioning: Versioning,
        conditions: &Conditions,
    ) -> S3Result<Deleted> {
        let there = there(place)?;
        conditions.check_write(there.as_ref().map(Seen::from))?;
        let mut marker = Record::of_marker(key);
        marker.is_versioned = versioning == Versioning::Enabled;
        let aside = self.aside(bucket, place, &mut marker, there)?;
        let text = Draft::with(self.layout().root(), &marker.encode()).map_err(failed)?;
        let change = aside.change(Current::Goes, Some(&marker));
        self.index()
            .change(bucket, &place.digest, &change, || {
                self.move_aside(place, &aside)?;
                text.move_to(&place.version(marker.version()))?;
                sync_folder(&place.folder)?;
                remove(&place.record())
            })
            .map_err(gone)?;
        sync_folder(&place.folder).map_err(gone)?;
        self.discard_replaced(place, &aside, marker.data);
        Ok(Deleted { version: Some(marker.version().shown()), is_marker: true })
    }

    /// Deletes a version for good. Without a current version, the newest that is left becomes it, unless it
    /// is a delete marker. Its caller has the gate.
    ///
    /// # Errors
    /// 412 when `conditions` do not hold.
    pub(crate) fn delete_version(
        &self,
        (bucket, key): (&str, &str),
        place: &Place,
        version: Version,
        conditions: &Conditions,
    ) -> S3Result<Deleted> {
        let shown = Some(version.shown());
        // Nothing takes the place of a damaged one.
        let (there, is_damaged) = match Record::read(&place.record()) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => (None, true),
            read => (read.map_err(failed)?, false),
        };
        let is_current = there.as_ref().is_some_and(|there| there.version() == version);
        let has_current = (there.is_some() || is_damaged) && !is_current;
        let deleted = match there.filter(|_| is_current) {
            Some(current) => current,
            None => match Record::read(&place.version(version)) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    remove(&place.version(version)).map_err(failed)?;
                    self.index().doubt();
                    return Ok(Deleted { version: shown, is_marker: false });
                }
                read => match read.map_err(failed)? {
                    Some(record) => record,
                    None => return Ok(Deleted { version: shown, is_marker: false }),
                },
            },
        };
        conditions.check_write(Some(Seen::from(&deleted)))?;
        let next = if has_current { None } else { self.newest(bucket, key, place, Some(version))? };
        let next = next.filter(|next| !next.is_marker);
        let mut change = Change { current: Current::Stays, kept: Vec::new(), dropped: Vec::new() };
        if is_current {
            change.current = Current::Goes;
        } else {
            change.dropped.push(&deleted);
        }
        if let Some(next) = &next {
            change.current = Current::Is(next);
            change.dropped.push(next);
        }
        let done = self.index().change(bucket, &place.digest, &change, || {
            match &next {
                Some(next) => fs::rename(place.version(next.version()), place.record())?,
                None if is_current => remove(&place.record())?,
                None => {}
            }
            // Of one that was moved aside by whoever was cut off, too.
            remove(&place.version(version))
        });
        done.map_err(gone)?;
        sync_folder(&place.folder).map_err(gone)?;
        if !deleted.is_marker {
            self.discard(place, deleted.data);
        }
        Ok(Deleted { version: shown, is_marker: deleted.is_marker })
    }

    /// Changes what is known of a version, and not its bytes. Its caller has the gate.
    ///
    /// # Errors
    /// 404 when there is none, 405 for a delete marker.
    pub(crate) fn change_version(
        &self,
        bucket: &str,
        place: &Place,
        version: Version,
        change: impl FnOnce(&mut Record),
    ) -> S3Result<()> {
        let mut record = match there(place)?.filter(|there| there.version() == version) {
            Some(current) => current,
            None => Record::read(&place.version(version))
                .map_err(failed)?
                .ok_or_else(|| s3_error!(NoSuchVersion))?,
        };
        if record.is_marker {
            return Err(is_marker(&record));
        }
        let is_current = !place.version(version).exists();
        change(&mut record);
        let path = if is_current { place.record() } else { place.version(version) };
        let text = Draft::with(self.layout().root(), &record.encode()).map_err(failed)?;
        let nothing = Change { current: Current::Stays, kept: Vec::new(), dropped: Vec::new() };
        self.index().change(bucket, &place.digest, &nothing, || text.move_to(&path)).map_err(gone)
    }

    /// A page of the versions of a bucket, after the key `after`, or after a version of it. If that was
    /// deleted meanwhile, the page begins with what is left of the key.
    ///
    /// # Errors
    /// 404 for a bucket that is not there.
    pub(crate) fn versions(
        &self,
        bucket: &str,
        wanted: &WantedVersions,
        after: Option<(&str, Meant)>,
    ) -> S3Result<VersionsPage> {
        let mut wanted = wanted.clone();
        if let Some((key, meant)) = after {
            wanted.after = self.after(bucket, key, meant)?;
        }
        self.check_bucket(bucket)?;
        self.index().versions(bucket, &wanted).map_err(failed)
    }

    fn after(&self, bucket: &str, key: &str, meant: Meant) -> S3Result<Option<After>> {
        let version = match meant {
            Meant::Current => return Ok(Some(After::Key(key.to_owned()))),
            Meant::This(version) => Some(version),
            Meant::Unknown => None,
        };
        let place = self.place(bucket, key)?;
        let gate = self.gate_to_read(&place);
        let is_current = |record: &Record| Some(record.version()) == version;
        let current = Record::read(&place.record()).ok().flatten();
        if current.as_ref().is_some_and(is_current) {
            return Ok(Some(After::Current(key.to_owned())));
        }
        let beside = version.map_or(Ok(None), |version| readable(&place, version))?;
        drop(gate);
        Ok(Some(match (beside, current) {
            (Some(record), _) => After::Version(key.to_owned(), record.modified, record.version()),
            (None, Some(_)) => After::Current(key.to_owned()),
            (None, None) => After::Version(key.to_owned(), u64::MAX, Version::Null),
        }))
    }

    /// Whether a bucket has versions of any object, or delete markers.
    ///
    /// # Errors
    /// 404 for a bucket that is not there.
    pub(crate) fn has_versions(&self, bucket: &str) -> S3Result<bool> {
        let wanted = WantedVersions { prefix: String::new(), delimiter: None, after: None, most: 1 };
        Ok(!self.versions(bucket, &wanted, None)?.entries.is_empty())
    }

    /// What has to go aside for `new`, whose time is made later than that of all others.
    fn aside(&self, bucket: &str, place: &Place, new: &mut Record, there: Option<Record>) -> S3Result<Aside> {
        let newest = match &there {
            Some(there) => Some(there.modified),
            None => self.newest(bucket, &new.key, place, None)?.map(|newest| newest.modified),
        };
        new.modified = new.modified.max(newest.map_or(0, |newest| newest.saturating_add(1)));
        let (kept, replaced) = match there {
            Some(there) if new.is_versioned || there.is_versioned => (Some(there), None),
            there => (None, there),
        };
        let takes_null = !new.is_versioned && replaced.is_none();
        let replaced_beside = if takes_null { readable(place, Version::Null)? } else { None };
        Ok(Aside { kept, replaced, replaced_beside })
    }

    /// Writes what was current beside its place.
    fn move_aside(&self, place: &Place, aside: &Aside) -> io::Result<()> {
        let Some(kept) = &aside.kept else { return Ok(()) };
        Draft::with(self.layout().root(), &kept.encode())?.move_to(&place.version(kept.version()))?;
        sync_folder(&place.folder)
    }

    /// Deletes the bytes of the version `null` that was replaced.
    fn discard_replaced(&self, place: &Place, aside: &Aside, data: uuid::Uuid) {
        let replaced = aside.replaced.iter().chain(&aside.replaced_beside);
        for replaced in replaced.filter(|replaced| !replaced.is_marker && replaced.data != data) {
            self.discard(place, replaced.data);
        }
    }
}

/// What a new version has to do with those that are there.
struct Aside {
    /// The current one, which is kept.
    kept: Option<Record>,
    /// The current one, which is not: both are the version `null`.
    replaced: Option<Record>,
    /// The version `null` that was not the current one.
    replaced_beside: Option<Record>,
}

impl Aside {
    fn change<'r>(&'r self, current: Current<'r>, marker: Option<&'r Record>) -> Change<'r> {
        let kept = self.kept.iter().chain(marker).collect();
        Change { current, kept, dropped: self.replaced_beside.iter().collect() }
    }
}

/// The record of a version beside the current one. A damaged one may be replaced.
fn readable(place: &Place, version: Version) -> S3Result<Option<Record>> {
    let path = place.version(version);
    match Record::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            tracing::error!(path = %path.display(), "the record of a version is damaged");
            Ok(None)
        }
        read => read.map_err(failed),
    }
}

/// Refuses to do with a delete marker what only an object can have done to it (Amazon S3).
fn is_marker(marker: &Record) -> S3Error {
    let mut error = deleted(s3_error!(MethodNotAllowed), marker);
    let mut headers = error.headers().cloned().unwrap_or_default();
    headers.insert(header::ALLOW, HeaderValue::from_static("DELETE"));
    error.set_headers(headers);
    error
}

/// Says that the reason is a delete marker.
fn deleted(mut error: S3Error, marker: &Record) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert(MARKER, HeaderValue::from_static("true"));
    if let Ok(version) = HeaderValue::from_str(&marker.version().shown()) {
        headers.insert(VERSION, version);
    }
    error.set_headers(headers);
    error
}

#[cfg(test)]
mod tests;
