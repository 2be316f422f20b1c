//! What an upsert changes in a record that exists.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    Error,
    document::{Record, UrlMetadata},
    input::{FlatMetadata, RecordInput, RecordUpdate},
};

/// What is left of `update` when everything that `record` has already is taken away; `None` when nothing is.
///
/// # Errors
/// When the record differs in what no update can change.
pub(super) fn difference(
    record: &Record,
    input: &RecordInput,
    update: RecordUpdate,
) -> Result<Option<RecordUpdate>, Error> {
    refuse_others(record, input)?;
    let text = |given: Option<Option<String>>, stored: &Option<String>| given.filter(|text| text != stored);
    let list = |given: Option<Vec<String>>, stored: &[String]| given.filter(|list| !is_same(list, stored));
    let urls = list(update.urls, &record.urls);
    let facts = update.urls_metadata.filter(|facts| {
        // New urls lose their metadata unless that is given with them.
        urls.is_some() || flat(facts.iter()) != stored_facts(&record.urls_metadata)
    });
    let left = RecordUpdate {
        file_name: text(update.file_name, &record.file_name),
        version: text(update.version, &record.version),
        uploader: text(update.uploader, &record.uploader),
        description: text(update.description, &record.description),
        urls,
        urls_metadata: facts,
        acl: list(update.acl, &record.acl),
        authz: list(update.authz, &record.authz),
        metadata: update.metadata.filter(|metadata| {
            let given: BTreeMap<&String, Value> =
                metadata.iter().map(|(key, value)| (key, json!(value))).collect();
            given != record.metadata.iter().map(|(key, value)| (key, json!(value))).collect()
        }),
        content_created: update.content_created.filter(|date| Some(*date) != record.content_created_date),
        content_updated: update.content_updated.filter(|date| Some(*date) != record.content_updated_date),
    };
    Ok((left != RecordUpdate::default()).then_some(left))
}

fn refuse_others(record: &Record, input: &RecordInput) -> Result<(), Error> {
    let hashes: BTreeMap<String, Option<String>> =
        input.hashes.iter().map(|(kind, value)| (kind.clone(), Some(value.clone()))).collect();
    let another_baseid = input.baseid.as_ref().is_some_and(|baseid| *baseid != record.baseid);
    let field = match () {
        () if input.size != record.size => "size",
        () if hashes != record.hashes => "hashes",
        () if input.form != record.form => "form",
        () if another_baseid => "baseid",
        () => return Ok(()),
    };
    Err(Error::Conflict(format!(
        "the record has another {field}, which cannot be changed; give the file a new did, or create a new \
         version of the record"
    )))
}

fn is_same(given: &[String], stored: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    sorted(given) == sorted(stored)
}

type Facts = BTreeMap<String, BTreeMap<String, Option<String>>>;

fn flat<'m>(facts: impl Iterator<Item = (&'m String, &'m FlatMetadata)>) -> Facts {
    facts
        .filter(|(_, facts)| !facts.is_empty())
        .map(|(url, facts)| (url.clone(), facts.clone().into_iter().collect()))
        .collect()
}

fn stored_facts(facts: &UrlMetadata) -> Facts {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    facts
        .iter()
        .filter(|(_, facts)| !facts.is_empty())
        .map(|(url, facts)| {
            (url.clone(), facts.iter().map(|(key, value)| (key.clone(), text(value))).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guid::Guid;

    fn record() -> Record {
        Record {
            acl: vec!["a".into(), "b".into()],
            authz: vec![],
            baseid: Guid::from("base".to_owned()),
            content_created_date: None,
            content_updated_date: None,
            created_date: None,
            description: None,
            did: Guid::from("did".to_owned()),
            file_name: Some("f".into()),
            form: Some("object".into()),
            hashes: [("md5".to_owned(), Some("0".repeat(32)))].into(),
            metadata: [("k".to_owned(), json!("v"))].into(),
            rev: "r".into(),
            size: Some(1),
            updated_date: None,
            uploader: None,
            urls: vec!["s3://b/1".into(), "s3://b/2".into()],
            urls_metadata: [("s3://b/1".to_owned(), [("s".to_owned(), json!("x"))].into())].into(),
            version: None,
        }
    }

    fn input() -> RecordInput {
        RecordInput {
            form: Some("object".into()),
            size: Some(1),
            hashes: [("md5".to_owned(), "0".repeat(32))].into(),
            ..RecordInput::default()
        }
    }

    #[test]
    fn what_the_record_has_already_is_no_change_in_any_order() {
        let same = RecordUpdate {
            file_name: Some(Some("f".into())),
            urls: Some(vec!["s3://b/2".into(), "s3://b/1".into()]),
            urls_metadata: Some(
                [
                    ("s3://b/1".to_owned(), [("s".to_owned(), Some("x".to_owned()))].into()),
                    ("s3://b/2".to_owned(), FlatMetadata::new()),
                ]
                .into(),
            ),
            acl: Some(vec!["b".into(), "a".into()]),
            metadata: Some([("k".to_owned(), Some("v".to_owned()))].into()),
            ..RecordUpdate::default()
        };
        assert_eq!(difference(&record(), &input(), same.clone()).expect("alike"), None);
        let other = RecordUpdate { acl: Some(vec!["a".into()]), ..same };
        let left = difference(&record(), &input(), other).expect("changeable").expect("a change");
        assert_eq!(left, RecordUpdate { acl: Some(vec!["a".into()]), ..RecordUpdate::default() });
    }

    #[test]
    fn another_file_is_refused() {
        for (input, field) in [
            (RecordInput { size: Some(2), ..input() }, "size"),
            (RecordInput { form: Some("container".into()), ..input() }, "form"),
            (RecordInput { hashes: [("md5".to_owned(), "1".repeat(32))].into(), ..input() }, "hashes"),
            (RecordInput { baseid: Some(Guid::from("x".to_owned())), ..input() }, "baseid"),
        ] {
            let refused = difference(&record(), &input, RecordUpdate::default()).expect_err(field);
            assert!(refused.to_string().contains(&format!("another {field}")), "{refused}");
        }
    }
}
