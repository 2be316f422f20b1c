//! The tables of the index.

use std::{io, time::SystemTime};

use redb::{Database, TableDefinition, WriteTransaction};

use super::summary::Summary;
use crate::record::{Record, nanoseconds};

/// Texts about the index itself.
pub(super) const ABOUT: TableDefinition<'static, &str, u64> = TableDefinition::new("about");
/// Nanoseconds since 1970: what was written before then is on the disk.
pub(super) const DURABLE: &str = "durable";

pub(super) type Table<'t> = TableDefinition<'t, &'static [u8], &'static [u8]>;

/// The names of the tables of a bucket: by key, and by digest.
pub(super) fn tables(bucket: &str) -> (String, String) {
    (format!("keys of {bucket}"), format!("digests of {bucket}"))
}

/// The failure of the index, as one of files.
pub(super) fn failure(error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

/// Puts all that was written on the disk, and notes when.
pub(super) fn make_durable(database: &Database) -> io::Result<()> {
    let transaction = database.begin_write().map_err(failure)?;
    {
        let mut about = transaction.open_table(ABOUT).map_err(failure)?;
        about.insert(DURABLE, nanoseconds(SystemTime::now())).map_err(failure)?;
    }
    transaction.commit().map_err(failure)
}

/// Notes an object.
pub(super) fn put(
    transaction: &WriteTransaction,
    bucket: &str,
    digest: &[u8; 32],
    record: &Record,
) -> Result<(), redb::Error> {
    let (keys, digests) = tables(bucket);
    let (key, summary) = (record.key.as_bytes(), Summary::of(record).encode());
    transaction.open_table(Table::new(&keys))?.insert(key, summary.as_slice())?;
    transaction.open_table(Table::new(&digests))?.insert(digest.as_slice(), key)?;
    Ok(())
}

/// Forgets an object.
pub(super) fn remove(
    transaction: &WriteTransaction,
    bucket: &str,
    digest: &[u8; 32],
) -> Result<(), redb::Error> {
    let (keys, digests) = tables(bucket);
    let mut digests = transaction.open_table(Table::new(&digests))?;
    let key = digests.remove(digest.as_slice())?.map(|key| key.value().to_vec());
    if let Some(key) = key {
        transaction.open_table(Table::new(&keys))?.remove(key.as_slice())?;
    }
    Ok(())
}
