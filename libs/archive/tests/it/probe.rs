//! A store and an index that a test can stop, and a store whose objects must be asked for.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use indexclient::{
    Caller, Ending, Holders, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision, Written,
};
use serde_json::{Map, Value};
use storage::{
    Access, Bucket, ByteStream, Listing, Location, ObjectInfo, ObjectStore, Part, Parts, Readable, Standing,
    StorageError,
};
use testing::MemoryIndex;
use tokio::sync::Notify;

/// Lets so many calls pass; the next one never returns.
#[derive(Default)]
pub(crate) struct Gate {
    left: AtomicI64,
    pub(crate) reached: Notify,
}

impl Gate {
    pub(crate) fn open() -> Arc<Self> {
        Self::after(i64::MAX)
    }

    pub(crate) fn after(calls: i64) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(calls), ..Self::default() })
    }

    async fn pass(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// A store behind a gate. Objects of a class must be asked for, and are there at the third look.
pub(crate) struct Probe {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) gate: Arc<Gate>,
    classes: Mutex<HashMap<String, (String, Option<u32>)>>,
}

impl Probe {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, gate: Arc<Gate>) -> Self {
        Self { store, gate, classes: Mutex::default() }
    }

    pub(crate) fn class(&self, url: &str) -> Option<String> {
        self.classes.lock().unwrap().get(url).map(|(class, _)| class.clone())
    }

    fn readable(&self, location: &Location, looks: bool) -> Readable {
        match self.classes.lock().unwrap().get_mut(&location.url()) {
            None => Readable::Now,
            Some((_, None)) => Readable::OnRequest,
            Some((_, Some(0))) => Readable::Now,
            Some((_, Some(left))) => {
                *left -= u32::from(looks);
                Readable::Soon
            }
        }
    }
}

#[async_trait]
impl ObjectStore for Probe {
    async fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        extra: &[(&str, &str)],
    ) -> Result<url::Url, StorageError> {
        self.gate.pass().await;
        self.store.presign(location, access, life, extra).await
    }

    fn plain_url(&self, location: &Location) -> Result<url::Url, StorageError> {
        self.store.plain_url(location)
    }

    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        self.gate.pass().await;
        self.store.create_multipart(location).await
    }

    async fn parts(&self, at: &Location, id: &str, after: Option<i64>) -> Result<Parts, StorageError> {
        self.store.parts(at, id, after).await
    }

    async fn complete_multipart(&self, at: &Location, id: &str, parts: &[Part]) -> Result<(), StorageError> {
        self.gate.pass().await;
        self.store.complete_multipart(at, id, parts).await
    }

    async fn abort_multipart(&self, at: &Location, id: &str) -> Result<(), StorageError> {
        self.store.abort_multipart(at, id).await
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        self.store.head(location).await
    }

    async fn standing(&self, location: &Location) -> Result<Standing, StorageError> {
        self.gate.pass().await;
        let standing = self.store.standing(location).await?;
        Ok(Standing { readable: self.readable(location, true), ..standing })
    }

    async fn restore(&self, location: &Location, _: u16, _: &str) -> Result<(), StorageError> {
        if let Some((_, left)) = self.classes.lock().unwrap().get_mut(&location.url()) {
            *left = Some(1);
        }
        Ok(())
    }

    async fn reclass(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        self.gate.pass().await;
        self.classes.lock().unwrap().insert(location.url(), (class.to_owned(), None));
        Ok(())
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.gate.pass().await;
        if self.readable(location, false) != Readable::Now {
            return Err(StorageError::Refused { status: 403, code: "InvalidObjectState".to_owned() });
        }
        self.store.read(location, range).await
    }

    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError> {
        self.gate.pass().await;
        self.store.write(location, bytes).await?;
        self.gate.pass().await;
        Ok(())
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        self.gate.pass().await;
        self.store.delete(location).await?;
        self.gate.pass().await;
        Ok(())
    }

    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError> {
        self.store.list(bucket, prefix, next).await
    }
}

/// The index behind a gate: before and after its changes.
pub(crate) struct Gated {
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) gate: Arc<Gate>,
}

#[async_trait]
impl IndexClient for Gated {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        self.index.get(guid).await
    }

    async fn latest(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        self.index.latest(guid).await
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        self.index.get_many(dids).await
    }

    async fn list(
        &self,
        query: &[(String, String)],
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, IndexError> {
        self.index.list(query, after, most).await
    }

    async fn upsert_all(
        &self,
        user: &str,
        records: &[Map<String, Value>],
        ending: Ending,
    ) -> Result<Vec<Written>, IndexError> {
        self.index.upsert_all(user, records, ending).await
    }

    async fn bundle(&self, id: &str) -> Result<Option<Vec<String>>, IndexError> {
        self.index.bundle(id).await
    }

    async fn holders(&self, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        self.index.holders(urls).await
    }

    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        self.index.find_by_md5_and_size(files).await
    }

    async fn mint(&self, count: usize) -> Result<Vec<String>, IndexError> {
        self.index.mint(count).await
    }

    async fn create(&self, caller: &Caller, records: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        self.index.create(caller, records).await
    }

    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        self.index.create_blank(caller, uploader, file_name, authz).await
    }

    async fn create_blank_version(
        &self,
        caller: &Caller,
        did: &str,
        file_name: &str,
        authz: &[String],
    ) -> Result<Revision, IndexError> {
        self.index.create_blank_version(caller, did, file_name, authz).await
    }

    async fn fill_blank(
        &self,
        caller: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError> {
        self.index.fill_blank(caller, revision, size, hashes, urls).await
    }

    async fn update(
        &self,
        caller: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError> {
        self.gate.pass().await;
        let updated = self.index.update(caller, revision, patch).await?;
        self.gate.pass().await;
        Ok(updated)
    }

    async fn add_aliases(&self, caller: &Caller, aliases: &[(String, String)]) -> Result<(), IndexError> {
        self.index.add_aliases(caller, aliases).await
    }

    async fn claim_aliases(&self, caller: &Caller, did: &str, names: &[String]) -> Result<(), IndexError> {
        self.index.claim_aliases(caller, did, names).await
    }

    async fn delete(&self, caller: &Caller, revision: &Revision) -> Result<(), IndexError> {
        self.index.delete(caller, revision).await
    }
}
