//! Comparing the index with the records after a stop that was not in good order, and clearing away data that
//! no record names.
//!
//! It goes through one shard of a bucket after the other, so that it needs little memory however many objects
//! there are. A record is read only when the index does not have it or it was written lately; of the others
//! the name is enough. Of a key that has versions all records are read, and the newest becomes the current
//! one if it is not: whoever changed them was cut off.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableError, WriteTransaction};
use uuid::Uuid;

use super::{
    tables::{ABOUT, DURABLE, Table, failure, put, remove, tables},
    versions,
};
use crate::{
    draft,
    layout::{Kind, Layout, read_name},
    record::Record,
    uploads,
    version::Version,
};

/// Clocks and file systems differ by less.
const SLACK: Duration = Duration::from_secs(600);
/// How often it is said how far it is.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// What a shard has under one digest.
#[derive(Debug, Default)]
struct Found {
    has_record: bool,
    versions: Vec<Version>,
    data: Vec<Uuid>,
}

/// Makes the index what the records say, and deletes data that no record and no upload names.
///
/// # Errors
/// When files cannot be read or the index cannot be written.
pub(super) fn all(layout: &Layout, database: &Database) -> io::Result<()> {
    let since = durable(database)?;
    let (begun, mut said, mut objects) = (Instant::now(), Instant::now(), 0_u64);
    let buckets = layout.buckets()?;
    forget_buckets(database, &buckets)?;
    for bucket in &buckets {
        forget_versions(database, bucket)?;
        for first in 0..=u8::MAX {
            // What follows puts all of it on the disk at once.
            let mut transaction = database.begin_write().map_err(failure)?;
            transaction.set_durability(Durability::None).map_err(failure)?;
            let mut work = Work { layout, bucket, transaction: &transaction, since };
            objects += work.shard(first)?;
            transaction.commit().map_err(failure)?;
            if said.elapsed() > SAY_EVERY {
                tracing::info!(bucket, objects, "the index of the object store is compared with its records");
                said = Instant::now();
            }
        }
    }
    if objects > 0 {
        let duration_ms = begun.elapsed().as_millis();
        tracing::info!(objects, duration_ms, "the index of the object store is what its records say");
    }
    Ok(())
}

/// Until when all that was written is in the index.
fn durable(database: &Database) -> io::Result<SystemTime> {
    let transaction = database.begin_read().map_err(failure)?;
    let durable = match transaction.open_table(ABOUT) {
        Ok(about) => about.get(DURABLE).map_err(failure)?.map_or(0, |durable| durable.value()),
        Err(TableError::TableDoesNotExist(_)) => 0,
        Err(error) => return Err(failure(error)),
    };
    let durable = UNIX_EPOCH + Duration::from_nanos(durable);
    Ok(durable.checked_sub(SLACK).unwrap_or(UNIX_EPOCH))
}

/// Forgets buckets that are not there any more.
fn forget_buckets(database: &Database, there: &[String]) -> io::Result<()> {
    let transaction = database.begin_write().map_err(failure)?;
    let known: Vec<_> = transaction.list_tables().map_err(failure)?.collect();
    let of_bucket = |bucket: &String| {
        let (keys, digests) = tables(bucket);
        [keys, digests, versions::table(bucket)]
    };
    let wanted: Vec<String> = there.iter().flat_map(of_bucket).collect();
    for table in known {
        let name = redb::TableHandle::name(&table).to_owned();
        if name != "about" && !wanted.contains(&name) {
            transaction.delete_table(table).map_err(failure)?;
        }
    }
    transaction.commit().map_err(failure)
}

/// Forgets the versions of a bucket: they are all read again.
fn forget_versions(database: &Database, bucket: &str) -> io::Result<()> {
    let mut transaction = database.begin_write().map_err(failure)?;
    transaction.set_durability(Durability::None).map_err(failure)?;
    transaction.delete_table(Table::new(&versions::table(bucket))).map_err(failure)?;
    transaction.commit().map_err(failure)
}

struct Work<'w> {
    layout: &'w Layout,
    bucket: &'w str,
    transaction: &'w WriteTransaction,
    since: SystemTime,
}

impl Work<'_> {
    /// Goes through a shard; returns how many objects it has.
    fn shard(&mut self, first: u8) -> io::Result<u64> {
        let folder = self.layout.shard(self.bucket, first);
        let found = names(&folder)?;
        let known = self.known(first)?;
        let mut objects = 0;
        for (digest, found) in &found {
            let is_known = known.contains(digest);
            if !found.versions.is_empty() {
                objects += self.settle(&folder, digest, found)?;
                continue;
            }
            if !found.has_record {
                self.clear(&folder, digest, &found.data, &[])?;
                continue;
            }
            objects += 1;
            let path = folder.join(format!("{}.json", hex::encode(digest)));
            let is_settled =
                found.data.len() == 1 && is_known && fs::metadata(&path)?.modified()? < self.since;
            if is_settled {
                continue;
            }
            match Record::read(&path) {
                Ok(Some(record)) => {
                    put(self.transaction, self.bucket, digest, &record).map_err(failure)?;
                    self.clear(&folder, digest, &found.data, &[record.data])?;
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(path = %path.display(), "the record of an object is damaged");
                }
                Err(error) => return Err(error),
            }
        }
        // Of those with versions it is known already.
        let is_there = |found: &Found| found.has_record || !found.versions.is_empty();
        for digest in known.iter().filter(|digest| !found.get(*digest).is_some_and(is_there)) {
            remove(self.transaction, self.bucket, digest).map_err(failure)?;
        }
        Ok(objects)
    }

    /// Makes the newest version of a key the current one, and forgets what stands twice; returns how many
    /// objects there are of it. While a record is damaged, nothing is moved or deleted.
    fn settle(&self, folder: &Path, digest: &[u8; 32], found: &Found) -> io::Result<u64> {
        let name = hex::encode(digest);
        let current = folder.join(format!("{name}.json"));
        let beside = |version: Version| folder.join(format!("{name}.{}.json", version.name()));
        let mut paths: Vec<PathBuf> = found.versions.iter().map(|version| beside(*version)).collect();
        paths.extend(found.has_record.then(|| current.clone()));
        let (mut records, mut is_whole) = (Vec::new(), true);
        for path in paths {
            match Record::read(&path) {
                Ok(record) => records.extend(record.map(|record| (path, record))),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(path = %path.display(), "the record of an object is damaged");
                    is_whole = false;
                }
                Err(error) => return Err(error),
            }
        }
        // The newest first; of what stands twice, the current one.
        records.sort_by_key(|(path, record)| (std::cmp::Reverse(record.modified), *path != current));
        if is_whole {
            let mut seen = BTreeSet::new();
            for (path, _) in records.extract_if(.., |(_, record)| !seen.insert(record.version())) {
                draft::remove(&path)?;
            }
            if let Some((_, old)) = records.iter().skip(1).find(|(path, _)| *path == current) {
                fs::rename(&current, beside(old.version()))?;
            }
            match records.first() {
                Some((path, newest)) if newest.is_marker && *path == current => {
                    fs::rename(path, beside(newest.version()))?;
                }
                Some((path, newest)) if !newest.is_marker && *path != current => fs::rename(path, &current)?,
                _ => {}
            }
            draft::sync_folder(folder)?;
            let named: Vec<Uuid> = records.iter().map(|(_, record)| record.data).collect();
            self.clear(folder, digest, &found.data, &named)?;
        }
        remove(self.transaction, self.bucket, digest).map_err(failure)?;
        let is_current = |path: &Path, is_first: bool, record: &Record| {
            if is_whole { is_first && !record.is_marker } else { path == current }
        };
        for (place, (path, record)) in records.iter().enumerate() {
            if is_current(path, place == 0, record) {
                put(self.transaction, self.bucket, digest, record).map_err(failure)?;
            } else {
                versions::put(self.transaction, self.bucket, record).map_err(failure)?;
            }
        }
        Ok(records.len() as u64)
    }

    /// The digests that the index has in a shard, in their order.
    fn known(&self, first: u8) -> io::Result<Digests> {
        let (_, digests) = tables(self.bucket);
        let table = self.transaction.open_table(Table::new(&digests)).map_err(failure)?;
        let (mut low, mut high) = ([0; 32], [u8::MAX; 32]);
        (low[0], high[0]) = (first, first);
        let mut known = Vec::new();
        for entry in table.range::<&[u8]>(low.as_slice()..=high.as_slice()).map_err(failure)? {
            let (digest, _) = entry.map_err(failure)?;
            known.extend(<[u8; 32]>::try_from(digest.value()).ok());
        }
        Ok(Digests(known))
    }

    /// Deletes data under a digest, but for that which is named and that of uploads that can be ended still.
    fn clear(&self, folder: &Path, digest: &[u8; 32], data: &[Uuid], named: &[Uuid]) -> io::Result<()> {
        for id in data {
            if !named.contains(id) && !may_be_open(self.layout.root(), *id) {
                draft::remove(&folder.join(format!("{}.{}", hex::encode(digest), id.simple())))?;
            }
        }
        Ok(())
    }
}

/// Whether data is that of an upload that can be ended still, as far as that can be known.
fn may_be_open(root: &Path, id: Uuid) -> bool {
    match uploads::read(root, id) {
        Ok(upload) => upload.is_some_and(|upload| upload.ended.is_none()),
        Err(error) => {
            let id = id.simple();
            tracing::error!(error = %error, upload.id = %id, "parts are kept: their upload cannot be read");
            true
        }
    }
}

/// Digests in their order.
struct Digests(Vec<[u8; 32]>);

impl Digests {
    fn contains(&self, digest: &[u8; 32]) -> bool {
        self.0.binary_search(digest).is_ok()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter()
    }
}

fn names(folder: &Path) -> io::Result<BTreeMap<[u8; 32], Found>> {
    let mut names: BTreeMap<[u8; 32], Found> = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        // The bucket is being deleted.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let Some((digest, kind)) = name.to_str().and_then(read_name) else {
            tracing::warn!(folder = %folder.display(), ?name, "a stranger among the objects is left alone");
            continue;
        };
        let found = names.entry(digest).or_default();
        match kind {
            Kind::Record => found.has_record = true,
            Kind::Version(version) => found.versions.push(version),
            Kind::Data(id) => found.data.push(id),
        }
    }
    Ok(names)
}
