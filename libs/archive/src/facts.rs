//! What a record says of its archived copy. Pure.
//!
//! Records show it; what counts is the catalogue of the archive, which users cannot change.

use chrono::{DateTime, SecondsFormat, Utc};
use indexclient::{Record, RecordPatch, archived};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    catalogue::{Copy, CopyState},
    config::Tier,
};

/// Facts of a location.
type Facts = IndexMap<String, Value>;

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What is said of the archived copy.
fn of_copy(tier: &Tier, copy: &Copy, state: &str) -> Facts {
    let mut facts: Facts = [
        (archived::TYPE, json!(archived::ARCHIVE)),
        (archived::AVAILABLE, json!("false")),
        ("tier", json!(tier.name)),
        ("storage_class", json!(tier.told_class())),
        ("state", json!(state)),
        ("sha256", json!(copy.sha256)),
        ("source", json!(copy.source)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if copy.object != copy.target {
        facts.insert("block".to_owned(), json!(copy.object));
        facts.insert("offset".to_owned(), json!(copy.first.to_string()));
    }
    if let Some(due) = copy.due.filter(|_| copy.state == CopyState::Archived) {
        facts.insert("delete_after".to_owned(), json!(time(due)));
    }
    facts
}

/// Whether the record names this location.
pub(crate) fn names(record: &Record, url: &str) -> bool {
    record.urls.iter().any(|named| named == url)
}

/// The record with its archived copy, whose facts are those of now.
pub(crate) fn with_copy(record: &Record, tier: &Tier, copy: &Copy, state: &str) -> RecordPatch {
    let mut urls = record.urls.clone();
    if !names(record, &copy.target) {
        urls.push(copy.target.clone());
    }
    let mut facts = record.urls_metadata.clone();
    facts.insert(copy.target.clone(), of_copy(tier, copy, state));
    RecordPatch { urls: Some(urls), urls_metadata: Some(facts), ..RecordPatch::default() }
}

/// The record without the location from which the copy was made.
pub(crate) fn without_source(record: &Record, tier: &Tier, copy: &Copy) -> RecordPatch {
    let mut patch = with_copy(record, tier, copy, "archived");
    if let (Some(urls), Some(facts)) = (&mut patch.urls, &mut patch.urls_metadata) {
        urls.retain(|url| *url != copy.source);
        facts.shift_remove(&copy.source);
    }
    patch
}

/// The record with the bytes at their first location again, until then.
pub(crate) fn with_source(
    record: &Record,
    tier: &Tier,
    copy: &Copy,
    until: Option<DateTime<Utc>>,
) -> RecordPatch {
    let mut patch = with_copy(record, tier, copy, "validated");
    if let (Some(urls), Some(facts)) = (&mut patch.urls, &mut patch.urls_metadata) {
        urls.retain(|url| *url != copy.source);
        // Who asks for no kind of location gets the first one.
        urls.insert(0, copy.source.clone());
        let told =
            until.map(|until| [("state", "available-until".to_owned()), ("available_until", time(until))]);
        let told: Facts =
            told.into_iter().flatten().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        facts.insert(copy.source.clone(), told);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tiers;

    #[test]
    fn a_record_goes_from_its_source_to_the_archive_and_back() {
        let tiers = json!({"tiers": {"cold": {"url": "s3://cold/a", "storage_class": "GLACIER"}}});
        let tiers = Tiers::from_document(tiers).unwrap();
        let tier = tiers.get(None).unwrap();
        let mut record = Record { urls: vec!["s3://b/k".into(), "gs://c/k".into()], ..Record::default() };
        record.urls_metadata.insert("gs://c/k".into(), [("x".to_owned(), json!("y"))].into());
        let due: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let copy = Copy {
            guid: "g".into(),
            tier: "cold".into(),
            target: "s3://cold/a/g".into(),
            object: "s3://cold/a/g".into(),
            first: 0,
            size: 3,
            sha256: "ab".into(),
            etag: None,
            source: "s3://b/k".into(),
            state: CopyState::Archived,
            due: Some(due),
            until: None,
            damage: None,
        };
        let apply = |record: &mut Record, patch: RecordPatch| {
            record.urls = patch.urls.unwrap();
            record.urls_metadata = patch.urls_metadata.unwrap();
        };
        let patch = with_copy(&record, tier, &copy, "validated");
        apply(&mut record, patch);
        assert_eq!(record.urls, ["s3://b/k", "gs://c/k", "s3://cold/a/g"]);
        assert_eq!(record.urls_metadata["s3://cold/a/g"]["delete_after"], "2026-01-01T00:00:00Z");
        assert!(record.is_archived("s3://cold/a/g") && !record.is_archived("gs://c/k"));
        let patch = without_source(&record, tier, &copy);
        apply(&mut record, patch);
        assert_eq!(record.urls, ["gs://c/k", "s3://cold/a/g"]);
        assert_eq!(record.urls_metadata["gs://c/k"]["x"], "y");
        let patch = with_source(&record, tier, &copy, Some(due));
        apply(&mut record, patch);
        assert_eq!(record.urls, ["s3://b/k", "gs://c/k", "s3://cold/a/g"]);
        assert_eq!(record.urls_metadata["s3://b/k"]["state"], "available-until");
    }
}
