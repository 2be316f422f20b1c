//! Records and bundles as DRS and DOS objects.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Error, Indexd,
    authorizations::Authorizations,
    buckets::{Regions, scheme},
    dates::Timestamp,
    document::{Entry, Record},
    drs::{Bulk, DrsObject, bundle_object, checksums, record_object},
    guid::Guid,
    query::{Depth, Filter, ListQuery, Members, Window},
    store::aliases,
};

/// An object of the older Data Object Service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DosObject {
    aliases: Vec<String>,
    checksums: Value,
    created: Option<Timestamp>,
    description: &'static str,
    id: Guid,
    mime_type: &'static str,
    name: Option<String>,
    size: Option<i64>,
    updated: Option<Timestamp>,
    urls: Vec<Value>,
    version: String,
}

impl Indexd {
    /// The DRS object of an id.
    pub(crate) async fn drs_object(&self, id: &Guid, depth: Depth) -> Result<DrsObject, Error> {
        let entry = self.entry(id).await?;
        let regions = self.regions_for(std::slice::from_ref(&entry)).await;
        Ok(self.object(&entry, &regions, depth))
    }

    /// A page of DRS objects.
    pub(crate) async fn drs_objects(&self, query: &ListQuery) -> Result<Vec<DrsObject>, Error> {
        let entries = self.list(query, Members::Included).await?;
        let regions = self.regions_for(&entries).await;
        Ok(entries.iter().map(|entry| self.object(entry, &regions, Depth::Members)).collect())
    }

    /// DRS objects of exactly these dids.
    pub(crate) async fn drs_bulk(&self, ids: &[Guid]) -> Result<Bulk<DrsObject>, Error> {
        let entries: Vec<Entry> = self.records(ids).await?.into_iter().map(Entry::Record).collect();
        let regions = self.regions_for(&entries).await;
        let mut objects = BTreeMap::new();
        for entry in entries {
            let object = self.object(&entry, &regions, Depth::Members);
            if let Entry::Record(record) = entry {
                objects.insert(record.did, object);
            }
        }
        Ok(Bulk::new(ids, objects))
    }

    /// What is needed for the bytes of a record. The answer names the object as it was asked for.
    pub(crate) async fn drs_authorizations(&self, id: &Guid) -> Result<Authorizations, Error> {
        match self.entry(id).await? {
            Entry::Record(record) => Ok(self.config.authorizations.of(id, &record.authz)),
            Entry::Bundle(_) => Err(Error::bad("a bundle has no bytes and so no authorizations of its own")),
        }
    }

    /// What is needed for the bytes of exactly these dids.
    pub(crate) async fn drs_bulk_authorizations(&self, ids: &[Guid]) -> Result<Bulk<Authorizations>, Error> {
        let records = self.records(ids).await?;
        let of = |record: Record| {
            let authorizations = self.config.authorizations.of(&record.did, &record.authz);
            (record.did, authorizations)
        };
        Ok(Bulk::new(ids, records.into_iter().map(of).collect()))
    }

    fn object(&self, entry: &Entry, regions: &Regions, depth: Depth) -> DrsObject {
        match entry {
            Entry::Record(record) => record_object(&self.config, regions, record),
            Entry::Bundle(bundle) => bundle_object(&self.config, bundle, depth),
        }
    }

    /// The regions of buckets, if one of these entries has a url whose region they can tell.
    async fn regions_for(&self, entries: &[Entry]) -> Arc<Regions> {
        let unknown = |record: &Record| {
            record.urls.iter().any(|url| {
                let facts = record.urls_metadata.get(url);
                matches!(scheme(url).as_str(), "s3" | "gs")
                    && !facts.is_some_and(|facts| facts.contains_key("region"))
            })
        };
        let needed = entries.iter().any(|entry| matches!(entry, Entry::Record(record) if unknown(record)));
        if needed { self.regions.get().await } else { Arc::default() }
    }

    /// `urls_metadata` of a record as `GET /index/{guid}` shows it: every url with its cloud and whether it
    /// is available, and those that name a bucket with its region.
    pub(crate) async fn decorate(&self, record: &mut Record) {
        let bucket_named =
            |facts: &BTreeMap<String, Value>| facts.contains_key("bucket") && !facts.contains_key("region");
        let needed = record.urls_metadata.values().any(bucket_named);
        let regions = if needed { self.regions.get().await } else { Arc::default() };
        for (url, facts) in &mut record.urls_metadata {
            if bucket_named(facts) {
                let bucket = facts.get("bucket").and_then(Value::as_str).unwrap_or_default();
                facts.insert("region".into(), regions.of_bucket(&scheme(url), bucket).into());
            }
            facts.insert("cloud".into(), json!(self.config.clouds.of(url)));
            facts.entry("available".into()).or_insert(Value::Bool(true));
        }
    }

    /// The DOS object of a did, baseid or alias, here or at another index service.
    pub(crate) async fn dos_object(&self, id: &Guid) -> Result<Value, Error> {
        let found = match self.entry_of(vec![id.clone()]).await? {
            Some(Entry::Record(record)) => Some(record),
            Some(Entry::Bundle(_)) => return Err(Error::no_record()),
            None => self.record_by_alias(id.as_str()).await?,
        };
        match found {
            Some(record) => Ok(json!(self.dos_of(vec![record]).await?.pop())),
            None => {
                self.dist.find(id).await.map(|document| remote_dos(&document)).ok_or_else(Error::no_record)
            }
        }
    }

    /// A page of DOS objects.
    pub(crate) async fn dos_objects(
        &self,
        filter: &Filter,
        window: &Window,
    ) -> Result<Vec<DosObject>, Error> {
        self.dos_of(self.list_records(filter, window).await?).await
    }

    async fn dos_of(&self, records: Vec<Record>) -> Result<Vec<DosObject>, Error> {
        let dids: Vec<Guid> = records.iter().map(|record| record.did.clone()).collect();
        let pairs = aliases::of_all(&mut *self.pool.acquire().await?, &dids).await?;
        let mut by_did: BTreeMap<Guid, Vec<String>> = BTreeMap::new();
        for (did, name) in pairs {
            by_did.entry(did).or_default().push(name);
        }
        Ok(records
            .into_iter()
            .map(|record| dos(by_did.remove(&record.did).unwrap_or_default(), record))
            .collect())
    }
}

fn dos(aliases: Vec<String>, record: Record) -> DosObject {
    let url = |url: &String| {
        let mut entry = json!({ "url": url });
        if !record.metadata.is_empty() {
            entry["system_metadata"] = json!(record.metadata);
        }
        if let Some(facts) = record.urls_metadata.get(url).filter(|facts| !facts.is_empty()) {
            entry["user_metadata"] = json!(facts);
        }
        entry
    };
    DosObject {
        aliases,
        checksums: checksums(&record),
        created: record.created_date,
        description: "",
        urls: record.urls.iter().map(url).collect(),
        id: record.did,
        mime_type: "",
        name: record.file_name,
        size: record.size,
        updated: record.updated_date,
        version: record.rev,
    }
}

/// A document of another index service as a DOS object, as far as it goes.
fn remote_dos(document: &serde_json::Map<String, Value>) -> Value {
    let get = |key: &str| document.get(key).cloned().unwrap_or(Value::Null);
    let hashes = document.get("hashes").and_then(Value::as_object);
    let checksums: Vec<Value> = hashes
        .into_iter()
        .flatten()
        .map(|(kind, value)| json!({ "checksum": value, "type": kind }))
        .collect();
    let urls = document.get("urls").and_then(Value::as_array);
    let urls: Vec<Value> = urls.into_iter().flatten().map(|url| json!({ "url": url })).collect();
    json!({
        "aliases": document.get("aliases").cloned().unwrap_or_else(|| json!([])),
        "checksums": checksums,
        "created": get("created_date"),
        "description": "",
        "id": get("did"),
        "mime_type": "",
        "name": get("file_name"),
        "size": get("size"),
        "updated": get("updated_date"),
        "urls": urls,
        "version": get("rev"),
    })
}
