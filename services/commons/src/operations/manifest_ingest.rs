//! The operation `manifest-ingest`: records of files from a manifest of a submitter's own.
//!
//! When the manifest is handed in, all of its rows are looked at, and what they may touch is decided. The run
//! has no token: it touches nothing but that, and the index asks of each record whether the user, by name,
//! may write it at that moment.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Seek as _, Write as _},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use fence::files::target::upload_buckets;
use indexclient::{Ending, IndexClient, IndexError, Written};
use operations::manifest::{Form, INGEST, Manifest, Manifests, Order, Unusable, Wanted, WrongRow};
use reqwest::{Client, StatusCode};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use storage::{Location, ObjectStore};
use tokio::task::spawn_blocking;
use url::Url;
use uuid::Uuid;
use web::Failure;
use workqueue::{Failed, Kind, Policy, Readers, Work};

use super::{
    exports::{Exports, digest_of},
    manifest_report::Report,
    params::only,
};
use crate::{
    commands::index::manifest::{Format, Guids, Row, RowError, Rows},
    failure::message,
};

/// Wrong rows that are shown, and the longest reason.
const SHOWN: usize = 20;
const LONGEST_REASON: usize = 500;
/// A list is read as a whole, which takes many times its size.
const LARGEST_LIST: usize = 8 << 20;
/// A line of the index's bulk route has at most 1 MiB.
const LONGEST_RECORD: usize = (1 << 20) - 1_024;
/// Rows that are written together, all of them or none, and bytes of them.
const TOGETHER: usize = 1_000;
const BYTES_TOGETHER: usize = 4 << 20;
/// Refused rows that the log names; the report has all.
const LOGGED: u64 = 100;
/// How long a manifest may take to come from its bucket.
const FETCHING: Duration = Duration::from_secs(60);
/// Letters of a UUID, with which every GUID of an index ends.
const UUID_LENGTH: usize = 36;

/// Where manifests come from, where they are kept, and where their records go.
pub(crate) struct Ingest {
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) uploads: Uploads,
}

/// The buckets of uploads, as signed URLs name them.
#[derive(Clone)]
pub(crate) struct Uploads {
    beginnings: Vec<String>,
    client: Client,
}

impl Uploads {
    /// None.
    pub(crate) fn nowhere(client: Client) -> Self {
        Self { beginnings: Vec::new(), client }
    }

    /// Those of fence's configuration. `store` signs the URLs that users get; `client` follows no redirects.
    pub(crate) fn of(config: &fence::Config, store: &dyn ObjectStore, client: Client) -> Self {
        let beginning = |bucket| {
            let url = store.plain_url(&Location::within(bucket, "x").ok()?).ok()?;
            url.as_str().strip_suffix('x').map(str::to_owned)
        };
        Self { beginnings: upload_buckets(config).into_iter().filter_map(beginning).collect(), client }
    }

    async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, Unusable> {
        let invalid = |told: String| Unusable::Invalid(format!("URL: {told}"));
        let own = own(&self.beginnings, url).ok_or_else(|| {
            invalid(
                "it is none of a bucket of uploads here; upload the manifest, and sign its URL".to_owned(),
            )
        })?;
        let away = |error: reqwest::Error| {
            Unusable::Unavailable(format!("the object store does not answer: {}", error.without_url()))
        };
        let mut answer = self.client.get(own).timeout(FETCHING).send().await.map_err(away)?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_client_error() => {
                return Err(invalid(format!("the object store answers {status}; sign it anew")));
            }
            status => return Err(Unusable::Unavailable(format!("the object store answers {status}"))),
        }
        let mut bytes = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(away)? {
            if bytes.len() + piece.len() > most {
                return Err(invalid(format!("a manifest has at most {most} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }
}

/// The URL, if it is one of these buckets: nothing else is asked by this process for somebody.
fn own(beginnings: &[String], url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    beginnings.iter().any(|beginning| url.as_str().starts_with(beginning)).then_some(url)
}

fn format_of(form: Form) -> Format {
    match form {
        Form::Tsv => Format::Tsv,
        Form::Csv => Format::Csv,
        Form::Json => Format::Json,
        Form::Ndjson => Format::Ndjson,
    }
}

/// What GUIDs of an index begin with.
///
/// # Errors
/// When it does not answer.
pub(super) async fn guid_prefix(index: &dyn IndexClient) -> anyhow::Result<String> {
    let minted = index.mint(1).await?;
    let minted = minted.first().context("the index mints no GUID")?;
    let length = minted.len().saturating_sub(UUID_LENGTH);
    Ok(minted.get(..length).unwrap_or_default().to_owned())
}

/// The resources that guard the record of a row.
fn guards(record: &Map<String, Value>) -> BTreeSet<&str> {
    let named = record.get("authz").and_then(Value::as_array).into_iter().flatten();
    named.filter_map(Value::as_str).collect()
}

/// Looks at all rows.
fn look(manifest: &Manifest) -> Result<Wanted, Unusable> {
    let invalid = |error: anyhow::Error| Unusable::Invalid(format!("the manifest: {}", message(&error)));
    let ours = |error| Failure::internal("writing a temporary file", error);
    let mut file = tempfile::tempfile().map_err(ours)?;
    file.write_all(&manifest.bytes).and_then(|()| file.rewind()).map_err(ours)?;
    let (mut guids, mut shown, mut wrong) = (Guids::default(), Vec::new(), 0);
    let mut wanted = Wanted { rows: 0, guards: BTreeSet::new(), unguarded: None };
    for row in Rows::of(file, format_of(manifest.form), "it").map_err(invalid)? {
        wanted.rows += 1;
        let seen = row.map_err(invalid)?.and_then(|row| guids.note(&row).and_then(|()| short(row)));
        match seen {
            Ok(row) => {
                let guards = guards(&row.record);
                if guards.is_empty() {
                    wanted.unguarded.get_or_insert(row.number);
                }
                wanted.guards.extend(guards.into_iter().map(str::to_owned));
            }
            Err(error) => {
                wrong += 1;
                if shown.len() < SHOWN {
                    shown.push(told(error));
                }
            }
        }
    }
    match (wanted.rows, wrong) {
        (0, _) => Err(Unusable::Invalid("the manifest has no rows".to_owned())),
        (_, 0) => Ok(wanted),
        (rows, wrong) => Err(Unusable::Rows { rows, wrong, shown }),
    }
}

/// The row, if the index takes a record of its length.
fn short(row: Row) -> Result<Row, RowError> {
    if length(&row.record) <= LONGEST_RECORD {
        return Ok(row);
    }
    let reason = format!("it makes a record of more than {LONGEST_RECORD} bytes; shorten its texts");
    Err(RowError { row: row.number, column: None, reason })
}

fn length(record: &Map<String, Value>) -> usize {
    serde_json::to_string(record).map_or(0, |text| text.len())
}

fn told(RowError { row, column, reason }: RowError) -> WrongRow {
    WrongRow { row, column, reason: reason.chars().take(LONGEST_REASON).collect() }
}

#[async_trait]
impl Manifests for Ingest {
    async fn examine(&self, manifest: &Manifest) -> Result<Wanted, Unusable> {
        if manifest.form == Form::Json && manifest.bytes.len() > LARGEST_LIST {
            let told = format!("a list has at most {LARGEST_LIST} bytes; send an object a line (ndjson)");
            return Err(Unusable::Invalid(told));
        }
        let manifest = manifest.clone();
        let looked = spawn_blocking(move || look(&manifest)).await;
        looked.map_err(|error| Failure::internal("reading a manifest", error))?
    }

    async fn keep(&self, manifest: &Manifest) -> Result<Value, Failure> {
        let form = manifest.form.as_str();
        let key = format!("manifests/{}.{form}", Uuid::new_v4());
        let kept = self.exports.keep(&key, manifest.bytes.clone()).await;
        kept.map_err(|error| Failure::internal("keeping a manifest", error))?;
        Ok(json!({ "key": key, "format": form, "sha256": hex(&Sha256::digest(&manifest.bytes)) }))
    }

    async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, Unusable> {
        self.uploads.fetch(url, most).await
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A manifest that is kept.
struct Kept {
    key: String,
    format: Format,
    sha256: String,
}

impl Kept {
    fn read(manifest: &Value) -> Result<Self, String> {
        let text = |name: &str| manifest.get(name).and_then(Value::as_str).map(str::to_owned);
        let format = text("format").and_then(|form| Form::of(&form)).map(format_of);
        match (text("key"), format, text("sha256")) {
            (Some(key), Some(format), Some(sha256)) => Ok(Self { key, format, sha256 }),
            _ => Err("manifest: it is not as this kind has it".to_owned()),
        }
    }
}

/// Rows that are written together.
#[derive(Default)]
struct Block {
    rows: Vec<usize>,
    records: Vec<Map<String, Value>>,
    bytes: usize,
}

impl Block {
    fn push(&mut self, row: Row) {
        self.bytes += length(&row.record);
        self.rows.push(row.number);
        self.records.push(row.record);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= TOGETHER || self.bytes >= BYTES_TOGETHER
    }
}

/// Why the run may not write a record.
fn beyond(order: &Order, record: &Map<String, Value>) -> Option<String> {
    let guards = guards(record);
    if guards.is_empty() && !order.unguarded {
        return Some("authz: the run may not write records that nothing guards".to_owned());
    }
    let other = guards.into_iter().find(|guard| !order.guards.contains(*guard))?;
    Some(format!("authz: the run may not write records that {other} guards"))
}

impl Ingest {
    async fn ingest(&self, work: &Work) -> Result<Value, Failed> {
        let order = Order::read(work.params()).map_err(Failed::ForGood)?;
        let kept = Kept::read(&order.manifest).map_err(Failed::ForGood)?;
        let user = work.requested_by();
        let user = user.ok_or_else(|| Failed::ForGood("a user has to ask for it".to_owned()))?;
        let passing = |error: anyhow::Error| Failed::Passing(message(&error));
        let file = self.read(&kept).await.map_err(passing)?;
        let prefix = guid_prefix(&*self.index).await.map_err(passing)?;
        let rows =
            Rows::of(file, kept.format, "the manifest").map_err(|error| Failed::ForGood(message(&error)))?;
        let mut report = Report::begin().map_err(Failed::passing)?;
        let (mut block, mut done, mut logged) = (Block::default(), 0, 0);
        let mut rows = rows.peekable();
        while let Some(row) = rows.next() {
            let row = row.map_err(|error| Failed::ForGood(message(&error)))?;
            let mut row = row.map_err(Failed::for_good)?;
            row.name(&prefix, &kept.sha256);
            block.push(row);
            if !block.is_full() && rows.peek().is_some() {
                continue;
            }
            let block = std::mem::take(&mut block);
            let written = self.write(user, &order, &block.records).await?;
            done += block.rows.len();
            for ((row, record), written) in block.rows.iter().zip(&block.records).zip(&written) {
                let guid = record.get("did").and_then(Value::as_str).unwrap_or_default();
                report.add(*row, guid, written).map_err(Failed::passing)?;
                if let (Written::Refused { detail, .. }, 0..LOGGED) = (written, logged) {
                    work.log(format!("row {row} ({guid}) is refused: {detail}"));
                    logged += 1;
                }
            }
            work.progress(as_u64(done), Some(as_u64(order.rows)), "writing records");
        }
        self.conclude(work, &order, report).await.map_err(passing)
    }

    async fn conclude(&self, work: &Work, order: &Order, report: Report) -> anyhow::Result<Value> {
        let (file, counts) = report.finish()?;
        let key = format!("{}/report_{}.tsv", work.id(), chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S"));
        let mut result = self.exports.write(&key, file).await?;
        result["dry_run"] = json!(order.dry_run);
        for (name, count) in counts.as_object().into_iter().flatten() {
            result[name] = count.clone();
        }
        Ok(result)
    }

    /// The manifest, if it is the one that was looked at.
    async fn read(&self, kept: &Kept) -> anyhow::Result<File> {
        let mut file = self.exports.read(&kept.key).await.context("the manifest cannot be read")?;
        let is_same = digest_of::<Sha256>(&mut file)? == kept.sha256;
        anyhow::ensure!(is_same, "the manifest was changed; send it again");
        Ok(file)
    }

    /// Writes all records or none.
    async fn write(
        &self,
        user: &str,
        order: &Order,
        records: &[Map<String, Value>],
    ) -> Result<Vec<Written>, Failed> {
        let refused = |status, detail: String| Written::Refused { status, detail };
        let beyond: Vec<Option<String>> = records.iter().map(|record| beyond(order, record)).collect();
        if beyond.iter().any(Option::is_some) {
            let written = |why: Option<String>| why.map_or(Written::Left, |why| refused(403, why));
            return Ok(beyond.into_iter().map(written).collect());
        }
        let ending = if order.dry_run { Ending::Undo } else { Ending::Keep };
        match self.index.upsert_all(user, records, ending).await {
            Ok(written) => Ok(written),
            Err(error @ IndexError::Unavailable(_)) => Err(Failed::passing(error)),
            Err(error) => Ok(records.iter().map(|_| refused(400, error.to_string())).collect()),
        }
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[async_trait]
impl Kind for Ingest {
    fn name(&self) -> &'static str {
        INGEST
    }

    fn purpose(&self) -> &'static str {
        "Write the records of a manifest that was sent to /ops/v1/manifests, as far as its sender may"
    }

    fn policy(&self) -> Policy {
        Policy { at_once: Some(2), readers: Readers::AskerToo, ..Policy::default() }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["action", "dry_run", "guards", "manifest", "rows", "unguarded"])?;
        Kept::read(&Order::read(params)?.manifest).map(drop)
    }

    /// A run that is begun again finds the records that it has written.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        self.ingest(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn manifest(text: &str) -> Manifest {
        Manifest { bytes: Bytes::from(text.to_owned()), form: Form::Tsv }
    }

    #[test]
    fn all_rows_are_looked_at_and_what_they_want_is_known() {
        let head = "guid\tmd5\tsize\turls\tauthz\n";
        let row = |guid: &str, size: &str, authz: &str| format!("{guid}\t{MD5}\t{size}\ts3://b/1\t{authz}\n");
        let rows = [row("", "1", "[/b /a]"), row("", "1", "/a"), row("", "1", "")].concat();
        let wanted = look(&manifest(&format!("{head}{rows}"))).unwrap();
        assert_eq!(wanted.guards, BTreeSet::from(["/a".to_owned(), "/b".to_owned()]));
        assert_eq!((wanted.rows, wanted.unguarded), (3, Some(3)));
        let guid = "00000000-0000-4000-8000-000000000001";
        let rows = [row(guid, "1", "/a"), row("", "x", "/a"), row(guid, "1", "/a")].concat();
        let Err(Unusable::Rows { rows, wrong, shown }) = look(&manifest(&format!("{head}{rows}"))) else {
            panic!("rows are wrong")
        };
        assert_eq!((rows, wrong), (3, 2));
        assert_eq!((shown[0].row, shown[0].column.as_deref()), (2, Some("size")));
        assert!(shown[1].reason.contains("GUID of row 1"), "{shown:?}");
        let long = format!("{head}{}", row("", "1", &format!("/{}", "a".repeat(LONGEST_RECORD))));
        assert!(matches!(look(&manifest(&long)), Err(Unusable::Rows { wrong: 1, .. })));
        for none in ["", head, "guid\tsize\n"] {
            assert!(matches!(look(&manifest(none)), Err(Unusable::Invalid(_))), "{none:?}");
        }
    }

    #[test]
    fn nothing_is_asked_for_but_buckets_of_uploads() {
        let beginnings = vec!["https://store.example/uploads/".to_owned()];
        assert!(own(&beginnings, "https://store.example/uploads/dg.1/m.tsv?X-Amz-Signature=s").is_some());
        for other in [
            "https://store.example/other/m.tsv",
            "https://store.example/uploads/../other/m.tsv",
            "https://store.example/uploads/%2e%2e/other/m.tsv",
            "https://store.example:81/uploads/m.tsv",
            "https://x@store.example/uploads/m.tsv",
            "http://store.example/uploads/m.tsv",
            "https://store.example.net/uploads/m.tsv",
            "m.tsv",
        ] {
            assert!(own(&beginnings, other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_run_writes_nothing_beyond_what_was_permitted() {
        let order = Order {
            manifest: Value::Null,
            rows: 1,
            guards: ["/a".to_owned()].into(),
            unguarded: false,
            dry_run: false,
            action: None,
        };
        let of = |authz: Value| beyond(&order, json!({ "authz": authz }).as_object().unwrap());
        assert_eq!(of(json!(["/a"])), None);
        assert!(of(json!(["/a", "/b"])).unwrap().contains("/b guards"));
        assert!(of(json!([])).unwrap().contains("nothing guards"));
    }
}
