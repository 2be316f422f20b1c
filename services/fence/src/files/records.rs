//! The records of files, and which records an object belongs to.

use std::collections::{BTreeSet, HashMap};

use indexclient::{IndexClient, Record, ownership::Place};

use crate::{error::Error, service::Fence};

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

/// Whether a URL to these bytes would be signed with a key of ours.
fn is_signed(url: &str) -> bool {
    ["s3://", "gs://", "az://"].iter().any(|scheme| url.starts_with(scheme))
}

/// The other records that have the bytes of some records, whose rules hold for these bytes as well.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// By GUID.
    pub(super) records: HashMap<String, Record>,
    /// For each record that was asked about, in the order asked.
    pub(super) of: Vec<BTreeSet<String>>,
}

impl Fence {
    /// The other records that have the bytes of `records`: they name a location of theirs, in whatever
    /// spelling, or the bytes were uploaded for them.
    ///
    /// An index may hold several records of one location that were made on purpose. Where an operator says so
    /// (`ALLOW_SHARED_LOCATIONS`), only those count whose upload it was.
    pub(super) async fn others(&self, records: &[Record]) -> Result<Others, Error> {
        let signed = |record: &Record| -> Vec<String> {
            record.urls.iter().filter(|url| is_signed(url)).cloned().collect()
        };
        let urls: BTreeSet<String> = records.iter().flat_map(signed).collect();
        let urls = Vec::from_iter(urls);
        if urls.is_empty() {
            return Ok(Others { of: vec![BTreeSet::new(); records.len()], ..Others::default() });
        }
        let holders = match records {
            [record] => self.index.other_holders(&record.did, &urls).await?,
            _ => self.index.holders(&urls).await?,
        };
        let mut others = Others::default();
        let mut dids: HashMap<&String, Vec<String>> = HashMap::new();
        for (url, holders) in urls.iter().zip(holders) {
            let uploads = Place::of(url).map(|place| place.guids()).unwrap_or_default();
            for record in holders.records {
                if !self.config.allow_shared_locations || uploads.contains(&record.did) {
                    dids.entry(url).or_default().push(record.did.clone());
                    others.records.insert(record.did.clone(), record);
                }
            }
        }
        let of = |record: &Record| {
            let at = |url: String| dids.get(&url).cloned().unwrap_or_default();
            signed(record).into_iter().flat_map(at).filter(|did| *did != record.did).collect()
        };
        others.of = records.iter().map(of).collect();
        Ok(others)
    }
}
