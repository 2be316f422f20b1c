//! One file, from this machine to its record.

use std::{
    fs::{self, File},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    journal::{Known, Sums},
    local::{LocalFile, Stamp, metadata_file},
    put::{Failed, Slice},
    run::{LARGEST_PUT, Sent, Uploads},
};
use crate::{
    blocking::blocking,
    calls::{About, Signed},
    checksums::{Algorithm, Checksums, Hasher, Verify, compare},
    error::TransferError,
    watch::Ended,
};

/// URLs in a row that are asked for because the one before was refused.
const RENEWALS: u32 = 2;
/// How often the record is looked at while the commons reads the bytes.
const PAUSE: Duration = Duration::from_millis(500);
/// Largest file with metadata.
const MAX_METADATA: u64 = 1024 * 1024;

/// A file that was not sent.
pub(super) struct Unsent {
    pub(super) guid: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) error: TransferError,
}

/// A file on its way.
pub(super) struct Way<'a> {
    pub(super) file: &'a LocalFile,
    pub(super) stamp: Stamp,
    pub(super) open: Arc<File>,
    /// The record, as soon as it is known.
    pub(super) guid: Option<String>,
}

impl Way<'_> {
    pub(super) fn slice(&self, begin: u64, length: u64) -> Slice {
        Slice { path: self.file.path.clone(), file: self.open.clone(), begin, length }
    }

    fn what(&self) -> String {
        format!("uploading {}", self.file.name)
    }
}

impl Uploads<'_> {
    /// Sends one file, unless it was sent before.
    pub(super) async fn file(&self, file: &LocalFile) -> Result<(Ended, Sent), Unsent> {
        let opened = Stamp::now(self.commons.address().as_str(), file).and_then(|stamp| {
            Ok((stamp, File::open(&file.path).map_err(|error| TransferError::file(&file.path, error))?))
        });
        let (stamp, open) = opened.map_err(|error| Unsent { guid: file.guid.clone(), size: None, error })?;
        let size = stamp.size;
        let mut way = Way { file, stamp, open: Arc::new(open), guid: file.guid.clone() };
        let sent = self.sent(&mut way).await;
        sent.map_err(|error| Unsent { guid: way.guid, size: Some(size), error })
    }

    async fn sent(&self, way: &mut Way<'_>) -> Result<(Ended, Sent), TransferError> {
        let known = if self.options.again { Known::default() } else { self.journal.known(&way.stamp) };
        let sent = |way: &Way<'_>, guid: String, sums: Sums| Sent {
            guid,
            md5: sums.md5,
            sha256: sums.sha256,
            size: way.stamp.size,
            name: way.file.name.clone(),
        };
        if let Known { guid: Some(guid), sent: Some(sums), .. } = known {
            way.guid = Some(guid.clone());
            self.watch.moved(way.stamp.size);
            self.indexed(&guid, way, &sums).await?;
            return Ok((Ended::Present, sent(way, guid, sums)));
        }
        let (path, open) = (way.file.path.clone(), way.open.clone());
        let hashing = blocking(move || {
            let mut hasher = Hasher::of([Algorithm::Md5, Algorithm::Sha256]);
            hasher.read(&path, &mut open.try_clone().map_err(|error| TransferError::file(&path, error))?)?;
            Ok(hasher.finish())
        });
        let (guid, found) = tokio::try_join!(self.moved(way, known), hashing)?;
        if Stamp::now(self.commons.address().as_str(), way.file)? != way.stamp {
            return Err(TransferError::Changed(way.file.path.display().to_string()));
        }
        let sum = |wanted| found.iter().find(|(one, _)| *one == wanted).map(|(_, sum)| sum.clone());
        let (md5, sha256) = (sum(Algorithm::Md5), sum(Algorithm::Sha256));
        let sums = Sums { md5: md5.unwrap_or_default(), sha256: sha256.unwrap_or_default() };
        self.journal.sent(&way.stamp, &guid, &sums)?;
        self.indexed(&guid, way, &sums).await?;
        Ok((Ended::Moved, sent(way, guid, sums)))
    }

    /// Moves the bytes, and returns the GUID of their record.
    async fn moved(&self, way: &mut Way<'_>, known: Known) -> Result<String, TransferError> {
        if way.guid.is_none() {
            way.guid.clone_from(&known.guid);
        }
        if way.stamp.size > self.options.largest_whole {
            match self.in_parts(way, known).await {
                // fence wants a right for parts that it does not want for a whole file.
                Err(TransferError::Denied { .. }) if way.stamp.size <= LARGEST_PUT => {}
                done => return done,
            }
        }
        self.whole(way).await
    }

    /// What an upload says of the file.
    pub(super) fn about<'a>(&'a self, file: &'a LocalFile) -> About<'a> {
        About { file_name: &file.name, bucket: self.options.bucket.as_deref(), authz: &self.options.authz }
    }

    /// Makes a record for the file, and says where its bytes go.
    pub(super) async fn new_record(&self, way: &mut Way<'_>) -> Result<(String, Signed), TransferError> {
        let (guid, signed) = if self.options.with_metadata {
            self.commons.new_object(&self.object(way.file)?).await?
        } else {
            self.commons.new_upload(self.about(way.file)).await?
        };
        self.journal.record(&way.stamp, &guid)?;
        way.guid = Some(guid.clone());
        Ok((guid, signed))
    }

    /// What the metadata service is told of a file.
    fn object(&self, file: &LocalFile) -> Result<Value, TransferError> {
        let path = metadata_file(&file.path);
        let unusable = |reason: &str| TransferError::Unusable(format!("{}: {reason}", path.display()));
        let beside = match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_METADATA => return Err(unusable("it is larger than 1 MiB")),
            Ok(_) => {
                let text = fs::read(&path).map_err(|error| TransferError::file(&path, error))?;
                serde_json::from_slice(&text).map_err(|error| unusable(&format!("it is no JSON: {error}")))?
            }
            Err(_) => json!({}),
        };
        let paths = beside.get("authz").cloned().unwrap_or_else(|| json!(self.options.authz));
        Ok(json!({
            "file_name": file.name,
            "authz": { "version": "0", "resource_paths": paths },
            "aliases": beside.get("aliases").cloned().unwrap_or_else(|| json!([])),
            "metadata": beside.get("metadata").cloned().unwrap_or_else(|| json!({})),
        }))
    }

    /// Sends the file by one request.
    async fn whole(&self, way: &mut Way<'_>) -> Result<String, TransferError> {
        let _turn = self.turn().await;
        let (guid, mut signed) = self.begin_whole(way).await?;
        let slice = way.slice(0, way.stamp.size);
        let (mut failed, mut renewed) = (0, 0);
        loop {
            match self.sender.put(&way.what(), &signed, &slice).await {
                Ok(_) => return Ok(guid),
                Err(Failed::Refused(error)) if renewed == RENEWALS => return Err(error),
                Err(Failed::Refused(_)) => {
                    renewed += 1;
                    signed = self.commons.upload_url(&guid, self.about(way.file)).await?;
                }
                Err(Failed::Other(error)) => self.again(&mut failed, error).await?,
            }
        }
    }

    /// Waits before another try of what may pass.
    pub(super) async fn again(&self, failed: &mut u32, error: TransferError) -> Result<(), TransferError> {
        let retries = self.commons.retries();
        if !error.is_passing() || *failed == retries.times {
            return Err(error);
        }
        *failed += 1;
        retries.pause(*failed, error.asked_to_wait()).await;
        Ok(())
    }

    async fn begin_whole(&self, way: &mut Way<'_>) -> Result<(String, Signed), TransferError> {
        let Some(guid) = way.guid.clone() else { return self.new_record(way).await };
        match self.commons.upload_url(&guid, self.about(way.file)).await {
            Ok(signed) => Ok((guid, signed)),
            // The record of a run before may be gone; one that the user has named has to be there.
            Err(TransferError::NotFound { .. } | TransferError::Denied { .. }) if way.file.guid.is_none() => {
                self.new_record(way).await
            }
            Err(error) => Err(error),
        }
    }

    /// Waits, if that is wanted, until the commons has read the bytes, and compares what it has found.
    async fn indexed(&self, guid: &str, way: &Way<'_>, sums: &Sums) -> Result<(), TransferError> {
        let Some(wait) = self.options.wait else { return Ok(()) };
        let end = Instant::now() + wait;
        let own = [(Algorithm::Md5, sums.md5.clone()), (Algorithm::Sha256, sums.sha256.clone())];
        loop {
            let record = self.commons.record(guid).await?;
            let checksums: Checksums = record.checksums();
            if let Some(found) = record.size
                && !checksums.is_empty()
            {
                let expected = way.stamp.size;
                if found != expected {
                    return Err(TransferError::Size { expected, found });
                }
                return compare(checksums.chosen(Verify::All), &own);
            }
            if Instant::now() > end {
                let told = format!("after {} s the record has no size and checksums", wait.as_secs());
                return Err(TransferError::NotFound { what: format!("waiting for {guid}"), told });
            }
            sleep(PAUSE).await;
        }
    }
}
