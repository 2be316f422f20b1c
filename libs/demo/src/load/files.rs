//! Uploads files: their bytes go to a signed URL, and the commons indexes them.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::{error::DemoError, work::Work};
use crate::{DemoFile, Record};

/// Uploads at the same time.
const AT_ONCE: usize = 4;
/// How long the commons may take to index an uploaded file.
const INDEXING: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// The part of an index record that is needed here.
#[derive(Deserialize)]
struct Indexed {
    did: String,
    size: Option<u64>,
    #[serde(default)]
    hashes: HashMap<String, String>,
    file_name: Option<String>,
    #[serde(default)]
    urls: Vec<String>,
}

impl Work<'_> {
    /// Uploads the files of some records and gives the records that are to be submitted. In a project that
    /// was there before, these are the missing ones, and files that were uploaded without a record are used.
    pub(super) async fn uploaded(&self, records: &[Record]) -> Result<Vec<Map<String, Value>>, DemoError> {
        let missing = if self.is_new { records.iter().collect() } else { self.missing(records).await? };
        self.progress.advance(2 * (records.len() - missing.len()) as u64);
        let uploads = stream::iter(missing.into_iter().map(|record| self.with_file(record)));
        uploads.buffered(AT_ONCE).try_collect().await
    }

    async fn missing<'r>(&self, records: &'r [Record]) -> Result<Vec<&'r Record>, DemoError> {
        let mut there: HashMap<&str, HashSet<String>> = HashMap::new();
        let mut missing = Vec::new();
        for record in records {
            if !there.contains_key(record.node.as_str()) {
                there.insert(&record.node, self.target.names(self.api, &record.node).await?);
            }
            if !there.get(record.node.as_str()).is_some_and(|names| names.contains(record.submitter_id())) {
                missing.push(record);
            }
        }
        Ok(missing)
    }

    /// The document of a record, once its file is in the index.
    async fn with_file(&self, record: &Record) -> Result<Map<String, Value>, DemoError> {
        let mut document = record.document.clone();
        if let Some(file) = &record.file {
            let known = if self.is_new { None } else { self.known(file).await? };
            let guid = match known {
                Some(guid) => guid,
                None => self.upload(file).await?,
            };
            document.insert(self.study.guid_property(&record.node).to_owned(), json!(guid));
        }
        self.progress.advance(1);
        Ok(document)
    }

    /// The GUID of the same file, if it was uploaded before.
    async fn known(&self, file: &DemoFile) -> Result<Option<String>, DemoError> {
        #[derive(Deserialize)]
        struct List {
            records: Vec<Indexed>,
        }
        let path = format!("/index/index?hash=md5:{}&size={}", file.md5, file.bytes.len());
        let list: List = self.api.get("looking for an uploaded file", &path).await?;
        let same = |found: &Indexed| found.file_name.as_deref() == Some(&file.name) && !found.urls.is_empty();
        Ok(list.records.into_iter().find(same).map(|found| found.did))
    }

    async fn upload(&self, file: &DemoFile) -> Result<String, DemoError> {
        #[derive(Deserialize)]
        struct Ticket {
            guid: String,
            url: String,
        }
        let what = format!("uploading {}", file.name);
        let ticket: Ticket =
            self.api.post(&what, "/user/data/upload", &json!({"file_name": file.name})).await?;
        self.api.put_bytes(&what, &ticket.url, file.bytes.clone()).await?;
        self.indexed(file, &ticket.guid).await?;
        Ok(ticket.guid)
    }

    /// Waits until the index has size and hash of an uploaded file.
    async fn indexed(&self, file: &DemoFile, guid: &str) -> Result<(), DemoError> {
        let end = Instant::now() + INDEXING;
        let problem = |reason: String| DemoError::NotIndexed { file: file.name.clone(), reason };
        loop {
            let found: Indexed =
                self.api.get("waiting for the file index", &format!("/index/index/{guid}")).await?;
            match (found.size, found.hashes.get("md5")) {
                (Some(size), Some(md5)) if size == file.bytes.len() as u64 && *md5 == file.md5 => {
                    return Ok(());
                }
                (Some(_), Some(_)) => return Err(problem("size or MD5 differ".to_owned())),
                _ if Instant::now() > end => {
                    return Err(problem(format!("no size and MD5 after {} seconds", INDEXING.as_secs())));
                }
                _ => sleep(PAUSE).await,
            }
        }
    }
}
