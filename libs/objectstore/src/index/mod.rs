//! The keys of a store in their order, so that a page of a list costs what the page has.
//!
//! The records are the truth; the index is made of them and can be made again. It is written without waiting
//! for the disk, and made durable every few seconds. After a stop in good order it is what the records say
//! (the file `clean` says so); after any other, [`reconcile`] compares the two.

mod pages;
mod reconcile;
mod summary;
mod tables;
mod versions;

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{
    Builder, Database, Durability, ReadTransaction, ReadableDatabase as _, TableError, WriteTransaction,
};

pub(crate) use pages::{Entry, Page, Wanted};
pub(crate) use versions::{After, ListedVersion, VersionEntry, VersionsPage, WantedVersions};

use tables::{Table, failure, make_durable, tables};

use crate::{
    draft::{private_folder, sync_folder},
    layout::Layout,
    record::Record,
    version::Version,
};

/// Folder of the index, beside the buckets.
const FOLDER: &str = ".index";
const FILE: &str = "objects.redb";
/// One that is being made in its place.
const FRESH: &str = "mended.redb";
/// Is there while nobody writes and the index is what the records say.
const CLEAN: &str = "clean";
/// Memory for pages of the index.
const CACHE: usize = 32 * 1024 * 1024;

/// Makes the next start compare the index with the records.
pub(crate) fn distrust(layout: &Layout) -> io::Result<()> {
    crate::draft::remove(&layout.root().join(FOLDER).join(CLEAN))
}

/// What happens to the current version of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Current<'r> {
    /// Nothing.
    Stays,
    /// This is it now.
    Is(&'r Record),
    /// There is none any more.
    Goes,
}

/// What happens to the versions of a key.
#[derive(Debug, Clone)]
pub(crate) struct Change<'r> {
    pub(crate) current: Current<'r>,
    /// Versions that are there now beside the current one.
    pub(crate) kept: Vec<&'r Record>,
    /// Versions that are not there any more beside the current one.
    pub(crate) dropped: Vec<&'r Record>,
}

/// The index of a store. Its functions read and write, and hold up their thread.
#[derive(Debug)]
pub(crate) struct Index {
    folder: PathBuf,
    /// `None` after the end.
    database: RwLock<Option<Database>>,
    /// Something was written that is not durable yet.
    is_dirty: AtomicBool,
    /// Something could not be written or read: what the index says is not what the records say.
    is_broken: AtomicBool,
}

impl Index {
    /// Opens the index of a store, and makes it what the records say.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(crate) fn open(layout: &Layout) -> io::Result<Self> {
        let folder = layout.root().join(FOLDER);
        private_folder(&folder)?;
        let was_clean = match fs::remove_file(folder.join(CLEAN)) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        sync_folder(&folder)?;
        let (database, was_whole) = database(&folder.join(FILE), was_clean)?;
        let index = Self {
            folder,
            database: RwLock::new(Some(database)),
            is_dirty: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
        };
        let is_believed = was_clean && was_whole;
        if !is_believed && let Err(error) = index.compare(layout) {
            index.break_off(&error);
            index.maintain(layout)?;
        }
        Ok(index)
    }

    fn compare(&self, layout: &Layout) -> io::Result<()> {
        self.with(|database| reconcile::all(layout, database))?;
        self.with(make_durable)
    }

    /// Reads or writes. What damage does, be it a panic, is a failure.
    fn with<T>(&self, work: impl FnOnce(&Database) -> io::Result<T>) -> io::Result<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match &*database {
            Some(database) => caught(|| work(database)),
            None => Err(ended()),
        }
    }

    /// Writes what `work` does into the index together with what is done in `meanwhile` on files: the index
    /// takes it when `meanwhile` has succeeded. A failure of the index itself stops nobody, because the
    /// records are right; [`Self::maintain`] mends it.
    fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
        meanwhile: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = &*database else { return Err(ended()) };
        let is_broken = self.is_broken.load(Ordering::Acquire);
        let transaction = if is_broken { None } else { self.noted(begun(database, work)) };
        let done = meanwhile();
        if let Some(transaction) = transaction {
            let is_done = done.is_ok();
            let end = move || {
                if is_done {
                    transaction.commit().map_err(failure)
                } else {
                    transaction.abort().map_err(failure)
                }
            };
            if self.noted(caught(end)).is_some() && is_done {
                self.is_dirty.store(true, Ordering::Release);
            }
        }
        done
    }

    /// What succeeded; a failure is logged and remembered.
    fn noted<T>(&self, outcome: io::Result<T>) -> Option<T> {
        outcome.map_err(|error| self.break_off(&error)).ok()
    }

    fn break_off(&self, error: &io::Error) {
        tracing::error!(error = %error, "the index of the object store cannot be used, and is mended");
        self.is_broken.store(true, Ordering::Release);
    }

    /// Notes an object, whose record is written by `meanwhile`.
    ///
    /// # Errors
    /// When `meanwhile` fails, or the index cannot be written before.
    pub(crate) fn put<T>(
        &self,
        bucket: &str,
        digest: &[u8; 32],
        record: &Record,
        meanwhile: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.write(|transaction| tables::put(transaction, bucket, digest, record), meanwhile)
    }

    /// Forgets an object, whose record is deleted by `meanwhile`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(crate) fn remove<T>(
        &self,
        bucket: &str,
        digest: &[u8; 32],
        meanwhile: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.write(|transaction| tables::remove(transaction, bucket, digest), meanwhile)
    }

    /// Notes what happens to the versions of a key, whose records are changed by `meanwhile`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(crate) fn change<T>(
        &self,
        bucket: &str,
        digest: &[u8; 32],
        change: &Change<'_>,
        meanwhile: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let work = |transaction: &WriteTransaction| {
            match change.current {
                Current::Stays => {}
                Current::Is(record) => tables::put(transaction, bucket, digest, record)?,
                Current::Goes => tables::remove(transaction, bucket, digest)?,
            }
            for dropped in &change.dropped {
                versions::remove(transaction, bucket, dropped)?;
            }
            for kept in &change.kept {
                versions::put(transaction, bucket, kept)?;
            }
            Ok(())
        };
        self.write(work, meanwhile)
    }

    /// The newest version of a key beside the current one, but `except`.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub(crate) fn newest(
        &self,
        bucket: &str,
        key: &str,
        except: Option<Version>,
    ) -> io::Result<Option<Version>> {
        self.read(|transaction| match opened(transaction, &versions::table(bucket))? {
            Some(rows) => versions::newest(&rows, key, except).map_err(failure),
            None => Ok(None),
        })
    }

    /// A page of the versions of a bucket.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub(crate) fn versions(&self, bucket: &str, wanted: &WantedVersions) -> io::Result<VersionsPage> {
        self.read(|transaction| {
            let keys = opened(transaction, &tables(bucket).0)?;
            let rows = opened(transaction, &versions::table(bucket))?;
            versions::page(keys.as_ref(), rows.as_ref(), wanted).map_err(failure)
        })
    }

    /// Has the index mended: it may have what is not there any more.
    pub(crate) fn doubt(&self) {
        self.is_broken.store(true, Ordering::Release);
    }

    /// A page of the keys of a bucket.
    ///
    /// # Errors
    /// When the index cannot be read, or is known not to be right; [`Self::maintain`] mends it.
    pub(crate) fn page(&self, bucket: &str, wanted: &Wanted) -> io::Result<Page> {
        self.read(|transaction| match opened(transaction, &tables(bucket).0)? {
            Some(keys) => pages::page(&keys, wanted).map_err(failure),
            None => Ok(Page::default()),
        })
    }

    fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> io::Result<T>) -> io::Result<T> {
        if self.is_broken.load(Ordering::Acquire) {
            return Err(io::Error::other("the index of the object store is being mended"));
        }
        let read = self.with(|database| work(&database.begin_read().map_err(failure)?));
        read.inspect_err(|error| self.break_off(error))
    }

    /// Puts on the disk what was written, so that less is to be compared after a crash; mends the index if
    /// it could not be written or read. To be called every few seconds.
    ///
    /// # Errors
    /// When that fails. It is tried again by the next call.
    pub(crate) fn maintain(&self, layout: &Layout) -> io::Result<()> {
        if self.is_broken.load(Ordering::Acquire) {
            self.mend(layout)?;
        }
        if !self.is_dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.with(make_durable).inspect_err(|error| self.break_off(error))
    }

    /// Makes the index anew while nobody writes.
    fn mend(&self, layout: &Layout) -> io::Result<()> {
        let mut place = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            return Err(ended());
        }
        let fresh = self.folder.join(FRESH);
        crate::draft::remove(&fresh)?;
        let (database, _) = database(&fresh, false)?;
        reconcile::all(layout, &database)?;
        fs::rename(&fresh, self.folder.join(FILE))?;
        let damaged = place.replace(database);
        let_go(damaged);
        self.is_dirty.store(true, Ordering::Release);
        self.is_broken.store(false, Ordering::Release);
        tracing::info!("the index of the object store is mended");
        Ok(())
    }

    /// Ends in good order: the next start believes the index.
    pub(crate) fn close(&self) {
        let database = self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(database) = database else { return };
        if self.is_broken.load(Ordering::Acquire) {
            let_go(database);
            return;
        }
        let durable = caught(|| {
            let durable = make_durable(&database);
            drop(database);
            durable
        });
        if let Err(error) = durable.and_then(|()| self.mark_clean()) {
            tracing::warn!(error = %error, "the next start will compare the index of the object store");
        }
    }

    fn mark_clean(&self) -> io::Result<()> {
        new_file(&self.folder.join(CLEAN))?.sync_all()?;
        sync_folder(&self.folder)
    }
}

/// A table, if there is one with this name.
fn opened(transaction: &ReadTransaction, name: &str) -> io::Result<Option<versions::Rows>> {
    match transaction.open_table(Table::new(name)) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(failure(error)),
    }
}

/// What `work` does; a panic of the library, which damage of some kinds makes, is a failure.
fn caught<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let broken = |_| Err(io::Error::other("the index of the object store is damaged"));
    // Whoever sees what is half done afterwards sees that it is broken, too.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(broken)
}

/// Drops what may be damaged, and panics if it is. Nothing is lost with it.
fn let_go<T>(damaged: T) {
    drop(caught(|| {
        drop(damaged);
        Ok(())
    }));
}

/// A transaction in which `work` is done, and that does not wait for the disk.
fn begun(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> io::Result<WriteTransaction> {
    let transaction = caught(|| {
        let mut transaction = database.begin_write().map_err(failure)?;
        transaction.set_durability(Durability::None).map_err(failure)?;
        Ok(transaction)
    })?;
    match caught(|| work(&transaction).map_err(failure)) {
        Ok(()) => Ok(transaction),
        Err(error) => {
            let_go(transaction);
            Err(error)
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("the object store has ended")
}

fn new_file(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The database in `file`, and whether it was whole. One that is damaged is made anew.
fn database(file: &Path, was_clean: bool) -> io::Result<(Database, bool)> {
    let was_there = file.exists();
    drop(new_file(file)?);
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE).set_check_integrity_on_open(!was_clean);
    let opened = caught(|| match builder.create(file) {
        Err(redb::DatabaseError::DatabaseAlreadyOpen) => {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "the object store is in use"))
        }
        opened => opened.map_err(failure),
    });
    match opened {
        Ok(database) => return Ok((database, was_there)),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => return Err(error),
        Err(error) => {
            tracing::warn!(error = %error, "the index of the object store is damaged and is made anew");
        }
    }
    fs::remove_file(file)?;
    drop(new_file(file)?);
    Ok((builder.create(file).map_err(failure)?, false))
}

#[cfg(test)]
mod tests;
