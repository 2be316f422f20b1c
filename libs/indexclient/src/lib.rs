//! How other services use the file index.
//!
//! [`IndexClient`] has two forms: indexd's own (in the same process, set-based SQL) and [`HttpIndex`]
//! (indexd elsewhere). The methods take many records at once because submissions do.

mod http;
mod model;
pub mod ownership;

pub use http::HttpIndex;
pub use model::{
    Caller, Ending, Holders, IndexError, NewRecord, Record, RecordPatch, Revision, Written, archived,
};

use async_trait::async_trait;
use serde_json::{Map, Value};

/// What sheepdog and fence need of indexd. Authorisation is indexd's: each call says who calls.
#[async_trait]
pub trait IndexClient: Send + Sync {
    /// The record of a did, baseid (its newest version), or alias. `None` when there is none.
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError>;

    /// The newest version of the record of a did or baseid. `None` when there is none.
    async fn latest(&self, guid: &str) -> Result<Option<Record>, IndexError>;

    /// The records of exactly these dids, in any order. The answer lacks dids that have no record.
    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError>;

    /// At most `most` records that `query` finds, in the order of their dids, after the one of `after`. The
    /// names in `query` are those of indexd's list (`authz`, `acl`, `hash`, `size`, `file_name`, …).
    async fn list(
        &self,
        query: &[(String, String)],
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, IndexError>;

    /// The dids of the records in a bundle and in the bundles that it has. `None` when there is no such
    /// bundle.
    async fn bundle(&self, id: &str) -> Result<Option<Vec<String>>, IndexError>;

    /// For each of `urls` who has the bytes there, however the location is written. In the order of `urls`.
    async fn holders(&self, urls: &[String]) -> Result<Vec<Holders>, IndexError>;

    /// The same without the record `did`, which the caller knows: it need not be read.
    async fn other_holders(&self, did: &str, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        let mut holders = self.holders(urls).await?;
        for holders in &mut holders {
            holders.records.retain(|record| record.did != did);
        }
        Ok(holders)
    }

    /// For each `(md5, size)` the first record that has both, in the order of `files`.
    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError>;

    /// GUIDs that no record has, with the prefix of the index, for records that are yet to be created.
    async fn mint(&self, count: usize) -> Result<Vec<String>, IndexError>;

    /// Creates records, in the in-process form all of them or none. The answers are in the order of
    /// `records`.
    async fn create(&self, caller: &Caller, records: &[NewRecord]) -> Result<Vec<Revision>, IndexError>;

    /// Writes records as a user may who is known by name only, all of them or none: a record of a did that
    /// there is gets what it lacks. Each is the body of a new record, with a did of its own. The answers are
    /// in the order of `records`.
    ///
    /// # Errors
    /// When none of them was looked at.
    async fn upsert_all(
        &self,
        user: &str,
        records: &[Map<String, Value>],
        ending: Ending,
    ) -> Result<Vec<Written>, IndexError>;

    /// Creates a record that has neither size nor hashes yet. Without `authz`, `uploader` owns it.
    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError>;

    /// Creates a new version, blank, of the record of exactly this did.
    async fn create_blank_version(
        &self,
        caller: &Caller,
        did: &str,
        file_name: &str,
        authz: &[String],
    ) -> Result<Revision, IndexError>;

    /// Fills a blank record once its bytes are known.
    async fn fill_blank(
        &self,
        caller: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError>;

    /// Replaces the fields that `patch` names.
    async fn update(
        &self,
        caller: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError>;

    /// Adds aliases `(did, alias)`. An alias that another record has stays with that record: the file nodes
    /// of two types may share a submitter id, from which sheepdog makes the alias.
    async fn add_aliases(&self, caller: &Caller, aliases: &[(String, String)]) -> Result<(), IndexError>;

    /// Adds all of `names` to the aliases of the record of exactly this did, or none of them.
    ///
    /// # Errors
    /// [`IndexError::Conflict`] when a record has one of them already.
    async fn claim_aliases(&self, caller: &Caller, did: &str, names: &[String]) -> Result<(), IndexError>;

    /// Deletes a record.
    async fn delete(&self, caller: &Caller, revision: &Revision) -> Result<(), IndexError>;
}

/// The ids of what is no bundle itself, in the `contents` of a bundle, each once.
pub fn members(contents: &serde_json::Value) -> Vec<String> {
    let (mut found, mut seen) = (Vec::new(), std::collections::HashSet::new());
    let mut left = vec![contents];
    while let Some(next) = left.pop() {
        for member in next.as_array().into_iter().flatten().rev() {
            match (member["contents"].as_array().filter(|within| !within.is_empty()), member["id"].as_str()) {
                (Some(_), _) => left.push(&member["contents"]),
                (None, Some(id)) if seen.insert(id) => found.push(id.to_owned()),
                _ => {}
            }
        }
    }
    found.sort_unstable();
    found
}
