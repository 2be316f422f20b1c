//! A double of indexd.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use indexclient::{
    Caller, Ending, Holders, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision, Written,
    ownership::Place,
};
use serde_json::{Map, Value};

/// An index that keeps records in memory, for tests of the services that use one.
///
/// It checks revisions and nobody's rights. It stands for indexd where a test is about another service; the
/// tests of a whole commons use the real one.
#[derive(Default)]
pub struct MemoryIndex {
    records: Mutex<Vec<Record>>,
    aliases: Mutex<BTreeMap<String, String>>,
    refuses_updates: Mutex<Option<IndexError>>,
    buckets: Mutex<Vec<String>>,
    next: AtomicU64,
}

impl MemoryIndex {
    /// Adds a record, or replaces the one of this GUID.
    pub fn put(&self, record: Record) {
        let mut records = self.records();
        records.retain(|other| other.did != record.did);
        records.push(record);
    }

    /// The record of this GUID.
    pub fn record(&self, guid: &str) -> Option<Record> {
        self.records().iter().find(|record| record.did == guid).cloned()
    }

    /// All records, oldest first.
    pub fn all(&self) -> Vec<Record> {
        self.records().clone()
    }

    /// From now on this is a bucket for which the commons signs URLs.
    ///
    /// # Panics
    /// When another thread panicked with the buckets in hand.
    pub fn own_bucket(&self, name: &str) {
        self.buckets.lock().expect("nobody panicked with the buckets in hand").push(name.to_owned());
    }

    /// From now on every update is answered with a conflict.
    pub fn refuse_updates(&self) {
        self.answer_updates(IndexError::Conflict("refused by the test".into()));
    }

    /// From now on no update is answered.
    pub fn lose_updates(&self) {
        self.answer_updates(IndexError::Unavailable("lost by the test".into()));
    }

    fn answer_updates(&self, error: IndexError) {
        *self.refuses_updates.lock().expect("nobody panicked with the answer in hand") = Some(error);
    }

    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().expect("nobody panicked with the records in hand")
    }

    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn new_guid(&self) -> String {
        format!("11111111-1111-4111-8111-{:012x}", self.next())
    }

    fn change(&self, revision: &Revision, change: impl FnOnce(&mut Record)) -> Result<Revision, IndexError> {
        let mut records = self.records();
        let record = records.iter_mut().find(|record| record.did == revision.did);
        let record = record.ok_or_else(|| IndexError::NotFound("no record found".into()))?;
        if record.rev != revision.rev {
            return Err(IndexError::Conflict("revision mismatch".into()));
        }
        change(record);
        record.rev = self.next().to_string();
        Ok(record.revision())
    }
}

#[async_trait]
impl IndexClient for MemoryIndex {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        let named = self.aliases.lock().expect("nobody panicked with the aliases in hand").get(guid).cloned();
        Ok(self.record(named.as_deref().unwrap_or(guid)))
    }

    async fn latest(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        let Some(base) = self.record(guid).map(|record| record.baseid) else { return Ok(None) };
        Ok(self.records().iter().rfind(|record| record.baseid == base).cloned())
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        Ok(self.records().iter().filter(|record| dids.contains(&record.did)).cloned().collect())
    }

    /// Of a query only `authz` is heard, for one resource.
    async fn list(
        &self,
        query: &[(String, String)],
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, IndexError> {
        let authz: Vec<&String> = query.iter().filter(|(name, _)| name == "authz").map(|(_, v)| v).collect();
        let mut records = self.all();
        records.retain(|record| authz.iter().all(|resource| record.authz.contains(resource)));
        records.retain(|record| after.is_none_or(|after| record.did.as_str() > after));
        records.sort_by(|one, other| one.did.cmp(&other.did));
        records.truncate(most);
        Ok(records)
    }

    async fn bundle(&self, _: &str) -> Result<Option<Vec<String>>, IndexError> {
        Ok(None)
    }

    async fn holders(&self, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        let buckets = self.buckets.lock().expect("nobody panicked with the buckets in hand").clone();
        let records = self.all();
        let of = |url: &String| {
            let Some(place) = Place::of(url) else { return Holders::default() };
            let (guids, there) = (place.guids(), Some(&place));
            let has = |record: &&Record| {
                guids.contains(&record.did) || record.urls.iter().any(|url| Place::of(url).as_ref() == there)
            };
            Holders {
                records: records.iter().filter(has).cloned().collect(),
                ours: buckets.iter().any(|bucket| bucket == place.bucket()),
            }
        };
        Ok(urls.iter().map(of).collect())
    }

    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        let records = self.records();
        let find = |(md5, size): &(String, i64)| {
            let fits = |record: &&Record| record.hashes.get("md5") == Some(md5) && record.size == Some(*size);
            records.iter().find(fits).cloned()
        };
        Ok(files.iter().map(find).collect())
    }

    async fn mint(&self, count: usize) -> Result<Vec<String>, IndexError> {
        Ok((0..count).map(|_| self.new_guid()).collect())
    }

    async fn create(&self, _: &Caller, new: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        let is_known = |record: &NewRecord| record.did.as_ref().is_some_and(|did| self.record(did).is_some());
        if new.iter().any(is_known) {
            return Err(IndexError::Conflict("guid already exists".into()));
        }
        let create = |record: &NewRecord| {
            let did = record.did.clone().unwrap_or_else(|| self.new_guid());
            let record = Record {
                rev: self.next().to_string(),
                baseid: record.baseid.clone().unwrap_or_else(|| did.clone()),
                size: Some(record.size),
                urls: record.urls.clone(),
                acl: record.acl.clone(),
                authz: record.authz.clone(),
                hashes: record.hashes.clone(),
                file_name: record.file_name.clone(),
                uploader: record.uploader.clone(),
                did,
                ..Record::default()
            };
            let revision = record.revision();
            self.put(record);
            revision
        };
        Ok(new.iter().map(create).collect())
    }

    /// Nothing is asked of anybody.
    async fn upsert_all(
        &self,
        _: &str,
        records: &[Map<String, Value>],
        ending: Ending,
    ) -> Result<Vec<Written>, IndexError> {
        let mut written = Vec::new();
        for fields in records {
            let record: Record = serde_json::from_value(Value::Object(fields.clone()))
                .map_err(|error| IndexError::BadRequest(error.to_string()))?;
            let is_known = self.record(&record.did).is_some();
            if !is_known && ending == Ending::Keep {
                self.put(record);
            }
            written.push(if is_known { Written::Unchanged } else { Written::Created });
        }
        Ok(written)
    }

    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        // As in indexd: a service makes records that an uploader owns, a user those below resources of
        // theirs.
        if authz.is_some() != matches!(caller, Caller::Bearer(_)) {
            return Err(IndexError::Refused {
                status: 403,
                detail: "this caller makes no such records".into(),
            });
        }
        let record = Record {
            did: self.new_guid(),
            rev: self.next().to_string(),
            uploader: uploader.map(str::to_owned),
            file_name: Some(file_name.to_owned()),
            authz: authz.map(<[String]>::to_vec).unwrap_or_default(),
            ..Record::default()
        };
        let revision = record.revision();
        self.put(record);
        Ok(revision)
    }

    async fn create_blank_version(
        &self,
        _: &Caller,
        did: &str,
        file_name: &str,
        authz: &[String],
    ) -> Result<Revision, IndexError> {
        let old = self.record(did).ok_or_else(|| IndexError::NotFound("no record found".into()))?;
        let record = Record {
            did: self.new_guid(),
            rev: self.next().to_string(),
            baseid: old.baseid,
            file_name: Some(file_name.to_owned()),
            authz: authz.to_vec(),
            ..Record::default()
        };
        let revision = record.revision();
        self.put(record);
        Ok(revision)
    }

    async fn fill_blank(
        &self,
        _: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError> {
        self.change(revision, |record| {
            record.size = Some(size);
            record.hashes = hashes.iter().cloned().collect();
            record.urls = urls.to_vec();
        })
    }

    async fn update(
        &self,
        _: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError> {
        let refusal = self.refuses_updates.lock().expect("nobody panicked with the answer in hand").clone();
        if let Some(error) = refusal {
            return Err(error);
        }
        self.change(revision, |record| {
            record.urls = patch.urls.clone().unwrap_or_else(|| record.urls.clone());
            if let Some(facts) = &patch.urls_metadata {
                record.urls_metadata = facts.clone();
            }
            record.acl = patch.acl.clone().unwrap_or_else(|| record.acl.clone());
            record.authz = patch.authz.clone().unwrap_or_else(|| record.authz.clone());
            record.uploader = patch.uploader.clone().unwrap_or_else(|| record.uploader.clone());
            record.file_name = patch.file_name.clone().unwrap_or_else(|| record.file_name.clone());
        })
    }

    async fn add_aliases(&self, _: &Caller, aliases: &[(String, String)]) -> Result<(), IndexError> {
        let mut known = self.aliases.lock().expect("nobody panicked with the aliases in hand");
        for (did, alias) in aliases {
            known.entry(alias.clone()).or_insert_with(|| did.clone());
        }
        Ok(())
    }

    async fn claim_aliases(&self, _: &Caller, did: &str, names: &[String]) -> Result<(), IndexError> {
        let mut known = self.aliases.lock().expect("nobody panicked with the aliases in hand");
        if names.iter().any(|name| known.contains_key(name)) {
            return Err(IndexError::Conflict("the alias is taken".into()));
        }
        known.extend(names.iter().map(|name| (name.clone(), did.to_owned())));
        Ok(())
    }

    async fn delete(&self, _: &Caller, revision: &Revision) -> Result<(), IndexError> {
        self.records().retain(|record| record.did != revision.did);
        Ok(())
    }
}
