//! Uploads in parts that nobody will end: their record is deleted, or they were begun long ago. Their parts
//! cost as much as objects do, and no list of objects shows them.

use std::{collections::HashSet, error::Error as StdError, time::Duration};

use storage::{Bucket, Location, StorageError};

use crate::{
    error::Error,
    service::Fence,
    store::unfinished::{self, Unfinished},
};

/// Younger ones are left alone: their record may be about to be made.
const SETTLED: Duration = Duration::from_secs(3_600);
/// An upload that was begun so long ago is given up though its record is there.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
/// Uploads that are looked at together, and given up for one record.
const AT_ONCE: i64 = 500;

impl Fence {
    /// Gives up what was begun for a record that is deleted. What a store does not do now is left to
    /// [`Self::give_up_unfinished`].
    pub(super) async fn give_up_of_record(&self, guid: &str) {
        if let Err(error) = self.try_to_give_up_of_record(guid).await {
            let error = &error as &dyn StdError;
            tracing::warn!(file.guid = guid, error, "parts of an unfinished upload are given up later");
        }
    }

    async fn try_to_give_up_of_record(&self, guid: &str) -> Result<(), Error> {
        let uploads = unfinished::of_record(&mut *self.pool.acquire().await?, guid, AT_ONCE).await?;
        self.give_up(uploads).await?;
        Ok(())
    }

    /// Gives up uploads in parts whose record is not there any more, whoever deleted it, and those that were
    /// begun 30 days ago. Returns how many there were.
    ///
    /// # Errors
    /// When the database or the index does not answer; what was given up before stays so.
    pub async fn give_up_unfinished(&self) -> Result<usize, Error> {
        let (mut given_up, mut after) = (0, (String::new(), String::new()));
        loop {
            let place = (after.0.as_str(), after.1.as_str());
            let times = (SETTLED, LONGEST);
            let mut page = unfinished::page(&mut *self.pool.acquire().await?, place, times, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(given_up) };
            after = (last.url.clone(), last.upload_id.clone());
            let guids: HashSet<String> = page.iter().map(|upload| upload.guid.clone()).collect();
            let guids: Vec<String> = guids.into_iter().collect();
            let records = self.index.get_many(&guids).await?;
            let there: HashSet<&str> = records.iter().map(|record| record.did.as_str()).collect();
            page.retain(|upload| upload.is_old || !there.contains(upload.guid.as_str()));
            given_up += self.give_up(page).await?;
        }
    }

    /// Gives up uploads, and forgets those that are not there any more.
    async fn give_up(&self, uploads: Vec<Unfinished>) -> Result<usize, Error> {
        let mut over = Vec::with_capacity(uploads.len());
        for Unfinished { url, upload_id, guid, .. } in uploads {
            match self.abort_at(&url, &upload_id).await {
                // Buckets that are not configured any more are not ours.
                Ok(()) | Err(StorageError::NotFound | StorageError::UnknownBucket(_) | StorageError::Key) => {
                    over.push((url, upload_id));
                }
                Err(error) => {
                    let error = &error as &dyn StdError;
                    tracing::warn!(file.guid = guid, error, "an unfinished upload cannot be given up now");
                }
            }
        }
        if !over.is_empty() {
            unfinished::forget(&mut *self.pool.acquire().await?, &over).await?;
        }
        Ok(over.len())
    }

    async fn abort_at(&self, url: &str, upload_id: &str) -> Result<(), StorageError> {
        let (bucket, key) = Bucket::split(url).ok_or(StorageError::Key)?;
        self.storage.abort_multipart(&Location::within(bucket, key)?, upload_id).await
    }
}
