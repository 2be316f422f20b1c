//! Records and bundles as DRS and DOS objects.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Error, Indexd,
    authorizations::Authorizations,
    buckets::{Regions, scheme},
    config::DrsForm,
    dates::Timestamp,
    document::{Bundle, Entry, Record},
    drs::{self, Bulk, DrsDocument, checksums},
    guid::Guid,
    query::{Depth, Filter, ListQuery, Window},
    store::bundles,
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
    /// The DRS object of an id; `None` for a record whose bytes have not arrived, in the strict form.
    pub(crate) async fn drs_object(&self, id: &Guid, depth: Depth) -> Result<Option<DrsDocument>, Error> {
        let entry = self.entry(id).await?;
        let regions = self.regions_for(std::slice::from_ref(&entry)).await;
        Ok(DrsDocument::of(&self.config, &regions, &entry, depth))
    }

    /// A page of DRS objects. In the historic form its bundles are without their contents.
    pub(crate) async fn drs_objects(&self, query: &ListQuery) -> Result<Vec<DrsDocument>, Error> {
        let mut entries = self.list(query).await?;
        if self.config.drs_form == DrsForm::Strict {
            self.read_members(&mut entries).await?;
        }
        let regions = self.regions_for(&entries).await;
        let document = |entry: &Entry| DrsDocument::of(&self.config, &regions, entry, Depth::Members);
        Ok(entries.iter().filter_map(document).collect())
    }

    /// Reads the members of the bundles of a list.
    async fn read_members(&self, entries: &mut [Entry]) -> Result<(), Error> {
        let id = |entry: &Entry| match entry {
            Entry::Bundle(bundle) => Some(bundle.id.clone()),
            Entry::Record(_) => None,
        };
        let ids: Vec<Guid> = entries.iter().filter_map(id).collect();
        let whole = bundles::load(&mut *self.pool.acquire().await?, &ids).await?;
        let mut whole: BTreeMap<Guid, Bundle> =
            whole.into_iter().map(|bundle| (bundle.id.clone(), bundle)).collect();
        for entry in entries {
            if let Entry::Bundle(bundle) = entry
                && let Some(read) = whole.remove(&bundle.id)
            {
                *bundle = read;
            }
        }
        Ok(())
    }

    /// DRS objects of many ids. In the historic form an id is a did exactly; in the strict one it stands for
    /// what it stands for alone. At most three statements, whatever their number.
    pub(crate) async fn drs_bulk(&self, ids: &[Guid]) -> Result<Value, Error> {
        let entries: Vec<(Guid, Entry)> = self.asked(ids).await?;
        let regions = self.regions_for(entries.iter().map(|(_, entry)| entry)).await;
        let document = |(id, entry): (Guid, Entry)| {
            Some((id, DrsDocument::of(&self.config, &regions, &entry, Depth::Members)?))
        };
        let found = entries.into_iter().filter_map(document).collect();
        Ok(Bulk::new(ids, found).document(self.config.drs_form))
    }

    /// The entries that `ids` of a bulk request stand for.
    async fn asked(&self, ids: &[Guid]) -> Result<Vec<(Guid, Entry)>, Error> {
        if self.config.drs_form == DrsForm::Gen3 {
            let records = self.records(ids).await?.into_iter();
            return Ok(records.map(|record| (record.did.clone(), Entry::Record(record))).collect());
        }
        let most = self.config.max_bulk_request_length;
        if ids.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            let told = format!("at most {most} objects can be asked for at once");
            return Err(Error::TooMany(told));
        }
        let entries = self.entries(ids).await?;
        Ok(ids.iter().cloned().zip(entries).filter_map(|(id, entry)| Some((id, entry?))).collect())
    }

    /// What is needed for the bytes of a record. The answer names the object as it was asked for. `None` in
    /// the strict form, when nothing is known of it.
    pub(crate) async fn drs_authorizations(&self, id: &Guid) -> Result<Option<Authorizations>, Error> {
        let is_strict = self.config.drs_form == DrsForm::Strict;
        match self.entry(id).await? {
            Entry::Record(record) => {
                let found = self.config.authorizations.of(id, &record.authz);
                Ok(Some(found).filter(|found| !is_strict || !found.supported_types.is_empty()))
            }
            Entry::Bundle(_) if is_strict => Ok(None),
            Entry::Bundle(_) => Err(Error::bad("a bundle has no bytes and so no authorizations of its own")),
        }
    }

    /// What is needed for the bytes of many records.
    pub(crate) async fn drs_bulk_authorizations(&self, ids: &[Guid]) -> Result<Value, Error> {
        let of = |(id, entry): (Guid, Entry)| {
            let Entry::Record(record) = entry else { return None };
            let authorizations = self.config.authorizations.of(&id, &record.authz);
            Some((id, authorizations))
        };
        let found = self.asked(ids).await?.into_iter().filter_map(of).collect();
        Ok(Bulk::new(ids, found).document(self.config.drs_form))
    }

    /// The regions of buckets, if one of these entries has a url whose region they can tell.
    async fn regions_for<'e>(&self, entries: impl IntoIterator<Item = &'e Entry>) -> Arc<Regions> {
        let unknown = |record: &Record| {
            record.urls.iter().any(|url| {
                let facts = record.urls_metadata.get(url);
                matches!(scheme(url).as_str(), "s3" | "gs")
                    && facts.and_then(|facts| drs::fact(facts, "region")).is_none()
            })
        };
        let needed =
            entries.into_iter().any(|entry| matches!(entry, Entry::Record(record) if unknown(record)));
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
        let layout = self.layout().await?;
        let dids: Vec<Guid> = records.iter().map(|record| record.did.clone()).collect();
        let pairs = layout.of_all(&mut *self.pool.acquire().await?, &dids).await?;
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
