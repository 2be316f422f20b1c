//! URLs of many files at once, under exactly the rules of a single download.

use std::collections::{BTreeMap, HashMap, HashSet};

use actix_web::ResponseError as _;
use indexclient::Record;
use serde_json::{Value, json};

use crate::{
    Fence,
    access::{Permitted, permit_downloads},
    caller::Caller,
    downloads::{self, Reader, Wanted},
    error::FenceError,
};

/// The files of a bulk request: read from the index and decided about once, then asked for URLs.
pub(crate) struct Files {
    records: Vec<Record>,
}

/// A URL, or the status that a single download would have had.
pub(crate) type Outcome = Result<String, u16>;

impl Files {
    /// Reads the records of `guids`.
    ///
    /// # Errors
    /// When the index does not answer.
    pub(crate) async fn find(fence: &Fence, guids: &[String]) -> Result<Self, FenceError> {
        let distinct: Vec<String> = guids.iter().collect::<HashSet<_>>().into_iter().cloned().collect();
        Ok(Self { records: fence.index.get_many(&distinct).await? })
    }

    /// The outcome of each `(guid, wanted)`, in the order given.
    ///
    /// # Errors
    /// Only what concerns all files.
    pub(crate) async fn urls(
        &self,
        fence: &Fence,
        caller: &Caller,
        asked: &[(String, Wanted)],
    ) -> Result<Vec<Outcome>, FenceError> {
        let decided = permit_downloads(fence, caller, &self.records).await?;
        let by_guid: HashMap<&str, Result<Permitted<'_>, u16>> =
            self.records.iter().map(|record| record.did.as_str()).zip(decided).collect();
        let reader = Reader::of(fence, caller).await;
        let outcome = |(guid, wanted): &(String, Wanted)| {
            let permitted = by_guid.get(guid.as_str()).copied().unwrap_or(Err(404))?;
            downloads::url(fence, permitted, wanted, &reader).map_err(|error| error.status_code().as_u16())
        };
        Ok(asked.iter().map(outcome).collect())
    }
}

/// Failed files grouped by status: `[{"error_code": 404, "object_ids": [..]}]`, smallest status first.
pub(crate) fn failures<'a>(failed: impl IntoIterator<Item = (&'a str, u16)>) -> Vec<Value> {
    let mut groups: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (guid, status) in failed {
        let group = groups.entry(status).or_default();
        if !group.contains(&guid) {
            group.push(guid);
        }
    }
    groups.into_iter().map(|(status, guids)| json!({ "error_code": status, "object_ids": guids })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_grouped_by_status() {
        let grouped = failures([("b", 404), ("a", 401), ("c", 404), ("b", 404)]);
        assert_eq!(
            Value::from(grouped),
            json!([{ "error_code": 401, "object_ids": ["a"] }, { "error_code": 404, "object_ids": ["b", "c"] }])
        );
    }
}
