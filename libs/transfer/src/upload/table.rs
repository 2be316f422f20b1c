//! Tables: of what was sent, and of the records that files are for. Pure.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use super::{local::LocalFile, run::Sent};
use crate::{error::TransferError, identifiers::Identifier, manifest::Entry};

/// Columns of the table of what was sent.
const COLUMNS: [&str; 5] = ["guid", "md5", "size", "file_name", "sha256"];

/// What was sent as a table with tabs, which `commons download` and the indexing tools of the Gen3 SDK read.
/// Rows of the table `before` stay, unless they are of the same GUID.
///
/// # Errors
/// When `before` is not such a table.
pub fn merged_table(before: &str, sent: &[Sent]) -> Result<String, TransferError> {
    let unusable = |reason: String| TransferError::Unusable(reason);
    let new: HashSet<&str> = sent.iter().map(|one| one.guid.as_str()).collect();
    let mut rows: Vec<csv::StringRecord> = Vec::new();
    let mut earlier =
        csv::ReaderBuilder::new().delimiter(b'\t').has_headers(false).from_reader(before.as_bytes());
    for (number, row) in earlier.records().enumerate() {
        let row = row.map_err(|error| unusable(format!("it is not a table of uploads: {error}")))?;
        if number == 0 && row.iter().ne(COLUMNS) {
            return Err(unusable("it is there and is not a table of uploads".to_owned()));
        }
        if number > 0 && !new.contains(row.get(0).unwrap_or_default()) {
            rows.push(row);
        }
    }
    rows.extend(sent.iter().map(|one| {
        let size = one.size.to_string();
        csv::StringRecord::from(vec![one.guid.as_str(), &one.md5, &size, &one.name, &one.sha256])
    }));
    let failed = |reason: String| TransferError::Unusable(format!("the table cannot be written: {reason}"));
    let mut table = csv::WriterBuilder::new().delimiter(b'\t').from_writer(Vec::new());
    table.write_record(COLUMNS).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        table.write_record(&row).map_err(|error| failed(error.to_string()))?;
    }
    let text = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(text).map_err(|error| failed(error.to_string()))
}

/// Gives files the GUIDs that a table says, by their names: the bytes are for these records.
///
/// # Errors
/// When a file has no line in the table, a name has two of them, or two files are for one record: then the
/// bytes of one would be lost.
pub fn into_records(files: &mut [LocalFile], entries: &[Entry], table: &Path) -> Result<(), TransferError> {
    let unusable = |reason: String| TransferError::Unusable(format!("{} {reason}", table.display()));
    let mut guids: HashMap<&str, &str> = HashMap::with_capacity(entries.len());
    for entry in entries {
        if let (Identifier::Guid(guid), Some(name)) = (&entry.identifier, entry.name.as_deref())
            && guids.insert(name, guid).is_some()
        {
            return Err(unusable(format!("has {name:?} twice; leave the line that counts")));
        }
    }
    let mut taken: HashMap<&str, PathBuf> = HashMap::with_capacity(files.len());
    for file in files {
        let Some(guid) = guids.get(file.name.as_str()) else {
            return Err(unusable(format!("has no line for {:?}", file.name)));
        };
        if let Some(other) = taken.insert(guid, file.path.clone()) {
            let (other, path) = (other.display(), file.path.display());
            let told = format!("has the one record {guid} for {other} and for {path}; send one of them");
            return Err(unusable(told));
        }
        file.guid = Some((*guid).to_owned());
    }
    Ok(())
}
