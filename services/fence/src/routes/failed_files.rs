//! The files of a bulk request that could not be had.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use actix_web::{ResponseError as _, http::StatusCode};
use serde_json::{Value, json};

use crate::error::Error;

/// The GUIDs of the files, with their errors.
pub(super) struct FailedFiles<'a>(Vec<(&'a str, Arc<Error>)>);

impl<'a> FailedFiles<'a> {
    /// Collects the failures of a bulk request and logs those that are our fault, one for each status.
    pub(super) fn of(failed: Vec<(&'a str, Arc<Error>)>) -> Self {
        let ours: BTreeMap<StatusCode, &Error> = failed
            .iter()
            .filter(|(_, error)| error.status_code().is_server_error())
            .map(|(_, error)| (error.status_code(), &**error))
            .collect();
        for error in ours.into_values() {
            error.log();
        }
        Self(failed)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Grouped by status: `[{"error_code": 404, "object_ids": [..]}]`, smallest status first.
    pub(super) fn grouped(&self) -> Vec<Value> {
        let mut groups: BTreeMap<StatusCode, Vec<&str>> = BTreeMap::new();
        for (guid, error) in &self.0 {
            let group = groups.entry(error.status_code()).or_default();
            if !group.contains(guid) {
                group.push(guid);
            }
        }
        groups
            .into_iter()
            .map(|(status, guids)| json!({ "error_code": status.as_u16(), "object_ids": guids }))
            .collect()
    }

    /// The status that most files have, the smallest of several.
    pub(super) fn most_frequent_status(&self) -> Option<StatusCode> {
        let mut counts: HashMap<StatusCode, usize> = HashMap::new();
        for (_, error) in &self.0 {
            *counts.entry(error.status_code()).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(status, count)| (*count, u16::MAX - status.as_u16()));
        most.map(|(status, _)| status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(files: &[(&'static str, u16)]) -> FailedFiles<'static> {
        let error = |status| match status {
            401 => Error::please_login(),
            _ => Error::no_such_url(),
        };
        FailedFiles::of(files.iter().map(|(guid, status)| (*guid, Arc::new(error(*status)))).collect())
    }

    #[test]
    fn failures_are_grouped_by_status() {
        assert_eq!(
            Value::from(failed(&[("b", 404), ("a", 401), ("c", 404), ("b", 404)]).grouped()),
            json!([
                { "error_code": 401, "object_ids": ["a"] },
                { "error_code": 404, "object_ids": ["b", "c"] },
            ])
        );
    }

    #[test]
    fn the_most_frequent_status_counts_files_and_prefers_the_smaller() {
        assert_eq!(failed(&[]).most_frequent_status(), None);
        let most = failed(&[("a", 401), ("b", 404), ("c", 404)]).most_frequent_status();
        assert_eq!(most, Some(StatusCode::NOT_FOUND));
        let most = failed(&[("b", 404), ("a", 401)]).most_frequent_status();
        assert_eq!(most, Some(StatusCode::UNAUTHORIZED));
    }
}
