//! Uploads that are on their way, and uploads of which a store tells: noted in a table, from which they are
//! indexed.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use dataaccess::HttpUploadProgress;
use storage::Location;
use url::Url;
use web::Failure;

use crate::{
    error::Error,
    files::{access::MayWriteObject, guid_of_key, target::upload_buckets},
    identity::teller::Teller,
    service::Fence,
    store::uploads::{self, LONGEST_URL},
    upload_indexing::{Indexer, QueueSource, UploadIndexing},
};

/// When it is first looked for an object whose URL was signed. Most notices are faster.
const FIRST_LOOK: Duration = Duration::from_secs(15);
/// A transfer may begin when the life of its URL ends, and take so long.
const LONGEST_TRANSFER: Duration = Duration::from_secs(24 * 3_600);
/// When it is looked whether a store has completed an upload although we have not heard of it.
const LOOK_AFTER_COMPLETION: Duration = Duration::from_secs(60);
const CONFIRMATION: Duration = Duration::from_secs(10);

impl Fence {
    /// Fills the records of uploads to stores that do not tell this process of them, together with other
    /// processes on the same database. From now on uploads are noted, and the queues that tell of them are
    /// heard. `None` where the configuration has no
    /// bucket for uploads, or leaves their records to another program.
    pub fn index_uploads(self: &Arc<Self>) -> Option<UploadIndexing> {
        let settings = &self.config.upload_indexing;
        if !settings.enabled.is_on() || upload_buckets(&self.config).is_empty() {
            return None;
        }
        self.notes_uploads.store(true, Ordering::Relaxed);
        let mut indexer =
            Indexer::new(self.index.clone(), self.storage.clone()).reading_at_most(settings.bytes_per_second);
        if let Some(at) = &settings.metadata {
            let (username, password) = (&at.username, at.password.as_str());
            let metadata = HttpUploadProgress::new(at.url.as_str(), username, password, self.http.clone());
            indexer = indexer.telling(Arc::new(metadata));
        }
        let source = QueueSource::new(self.pool.clone());
        let indexing = UploadIndexing::start_at_once(indexer, source, settings.files_at_once);
        let hear = |indexing: UploadIndexing, (url, client): &(Url, aws::Settings)| {
            let queue = aws::Queue::new(url.clone(), client.clone(), self.http.clone());
            indexing.beside(|stopping| self.clone().hear_queue(queue, stopping))
        };
        Some(self.checked.queues.iter().fold(indexing, hear))
    }

    pub(crate) fn notes_uploads(&self) -> bool {
        self.notes_uploads.load(Ordering::Relaxed)
    }

    /// Notes that bytes may come to the object that `proof` is about, during `life` and as long as a transfer
    /// takes. So they are found even if nobody tells of them.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn expect_upload(&self, proof: &MayWriteObject, life: Duration) -> Result<(), Error> {
        self.expect(proof, FIRST_LOOK, life + LONGEST_TRANSFER).await
    }

    /// As [`Self::expect_upload`], for an object that is going to be completed now.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn expect_completion(&self, proof: &MayWriteObject) -> Result<(), Error> {
        self.expect(proof, LOOK_AFTER_COMPLETION, LONGEST_TRANSFER).await
    }

    async fn expect(
        &self,
        proof: &MayWriteObject,
        look_after: Duration,
        wait: Duration,
    ) -> Result<(), Error> {
        if !self.notes_uploads() {
            return Ok(());
        }
        let url = proof.location().url();
        let mut connection = self.pool.acquire().await?;
        Ok(uploads::expect(&mut connection, &url, look_after, wait).await?)
    }

    /// Notes that the object is there that `proof` is about.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn upload_is_complete(&self, proof: &MayWriteObject) -> Result<(), Error> {
        if !self.notes_uploads() {
            return Ok(());
        }
        let mut connection = self.pool.acquire().await?;
        Ok(uploads::tell(&mut connection, &[proof.location().url()]).await?)
    }

    /// Notes that objects are there. Those that cannot be uploads of ours are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn uploads_are_there(&self, _: &Teller, urls: BTreeSet<String>) -> Result<(), Error> {
        let urls: Vec<String> = urls.into_iter().filter(|url| self.is_upload(url)).collect();
        if urls.is_empty() {
            return Ok(());
        }
        let mut connection = self.pool.acquire().await?;
        Ok(uploads::tell(&mut connection, &urls).await?)
    }

    /// Whether an object is in a bucket for uploads, and belongs to a record.
    fn is_upload(&self, url: &str) -> bool {
        if url.len() > LONGEST_URL || url.contains('\0') {
            return false;
        }
        let Some(Ok(location)) = Location::from_url(url) else { return false };
        upload_buckets(&self.config).contains(location.place()) && guid_of_key(location.key()).is_some()
    }

    /// Calls the address with which a subscription of SNS is confirmed.
    ///
    /// # Errors
    /// 500, on which SNS asks again.
    pub(crate) async fn confirm_subscription(&self, _: &Teller, address: Url) -> Result<(), Error> {
        let told = "confirming a subscription of SNS";
        let answer = self.http.get(address).timeout(CONFIRMATION).send().await;
        // The address holds a token.
        let answer = answer.map_err(|error| Failure::internal(told, error.without_url()))?;
        if answer.status().is_success() {
            tracing::info!("a subscription of SNS is confirmed");
            return Ok(());
        }
        Err(Failure::internal(told, format!("SNS answers {}", answer.status().as_u16())).into())
    }
}
