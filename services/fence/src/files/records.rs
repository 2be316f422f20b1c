//! The records of files, and which record an object belongs to.

use std::collections::{BTreeSet, HashMap};

use indexclient::{IndexClient, Record};
use uuid::Uuid;

use crate::error::Error;

/// The record of `guid`.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn find(index: &dyn IndexClient, guid: &str) -> Result<Record, Error> {
    index.get(guid).await?.ok_or_else(|| not_found(guid))
}

/// The answer for a GUID without a record.
pub(crate) fn not_found(guid: &str) -> Error {
    Error::NotFound(format!("No indexed document found with id {guid}"))
}

/// The other records that objects of `records` were uploaded for, by GUID.
///
/// Whoever may make a record anywhere can name any object as its location, so the right to a record is not a
/// right to an object that another record's upload has brought: that record's rules hold for it as well.
pub(super) async fn owners(
    index: &dyn IndexClient,
    records: &[Record],
) -> Result<HashMap<String, Record>, Error> {
    let guids: BTreeSet<&str> = records.iter().flat_map(owning_guids).collect();
    if guids.is_empty() {
        return Ok(HashMap::new());
    }
    let guids: Vec<String> = guids.into_iter().map(str::to_owned).collect();
    Ok(index.get_many(&guids).await?.into_iter().map(|record| (record.did.clone(), record)).collect())
}

/// The GUIDs in the keys of a record's objects, without its own.
pub(super) fn owning_guids(record: &Record) -> impl Iterator<Item = &str> {
    let guids =
        record.urls.iter().filter_map(|url| guid_of_key(url.strip_prefix("s3://")?.split_once('/')?.1));
    guids.filter(|guid| *guid != record.did)
}

/// The GUID in an object key: everything up to and including the first segment that is a UUID.
pub(crate) fn guid_of_key(key: &str) -> Option<&str> {
    let mut start = 0;
    for segment in key.split('/') {
        let end = start + segment.len();
        if segment.len() == 36 && Uuid::try_parse(segment).is_ok() && end < key.len() {
            return key.get(..end);
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guid_of_a_key_ends_with_its_first_uuid() {
        let uuid = "0714aee0-0c5e-45c0-845d-8c073174242c";
        assert_eq!(guid_of_key(&format!("{uuid}/a/{uuid}")), Some(uuid));
        assert_eq!(guid_of_key(&format!("dg.1234/{uuid}/f.txt")), Some(&*format!("dg.1234/{uuid}")));
        assert_eq!(guid_of_key("mine/f"), None);
        assert_eq!(guid_of_key(uuid), None, "a key without a file name is not an upload");
    }
}
