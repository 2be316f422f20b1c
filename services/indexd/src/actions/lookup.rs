//! Finding what an id stands for. Which ids a route understands differs by route.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::try_join_all;

use crate::{
    Error, Indexd, Layout,
    document::{Bundle, Entry, FoundDocument, Record},
    guid::Guid,
    store::{bundles, legacy, records::EntryId},
};

/// So many things are looked up together with those of other requests; more have a statement of their own.
pub(super) const FEW: usize = 8;

/// Where the cross lookup looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// In this index only.
    Here,
    /// In this index, and then in the others of the configuration.
    Everywhere,
}

impl Indexd {
    /// A record by did or baseid (its newest version), or a bundle by id; each with the default prefix
    /// toggled when there is nothing under the id as given.
    pub(crate) async fn entry(&self, id: &Guid) -> Result<Entry, Error> {
        self.entry_of(self.config.index.spellings(id)).await?.ok_or_else(Error::no_record)
    }

    /// As [`Self::entry`] for exactly these spellings.
    pub(crate) async fn entry_of(&self, spellings: Vec<Guid>) -> Result<Option<Entry>, Error> {
        // Nearly always it is a did as it stands, and nothing outranks that.
        if let Some(spelling) = spellings.first()
            && let Some(record) = self.by_did(spelling).await?
        {
            return Ok(Some(Entry::Record(record)));
        }
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        let target = layout.resolve(&mut connection, &[spellings]).await?.pop().flatten();
        Ok(match target {
            None => None,
            Some(EntryId::Record(did)) => layout.by_did(&mut connection, &did).await?.map(Entry::Record),
            Some(EntryId::Bundle(id)) => {
                bundles::load(&mut connection, &[id]).await?.pop().map(Entry::Bundle)
            }
        })
    }

    /// The record with exactly this did.
    pub(crate) async fn record(&self, did: &Guid) -> Result<Record, Error> {
        self.by_did(did).await?.ok_or_else(Error::no_record)
    }

    /// The records of `dids`, in their order; a few of them are read together with what others ask for at the
    /// same time.
    pub(super) async fn by_dids(&self, dids: &BTreeSet<Guid>) -> Result<Vec<Record>, Error> {
        let layout = self.layout().await?;
        if dids.len() <= FEW && layout == Layout::Multi {
            let found = try_join_all(dids.iter().map(|did| self.by_did(did))).await?;
            return Ok(found.into_iter().flatten().collect());
        }
        layout.load(&mut *self.pool.acquire().await?, &Vec::from_iter(dids.iter().cloned())).await
    }

    /// Reads a record together with those that others ask for at the same time.
    async fn by_did(&self, did: &Guid) -> Result<Option<Record>, Error> {
        match self.layout().await? {
            // What the database cannot be asked for must not spoil the statement of the others.
            Layout::Multi if !did.as_str().contains('\0') => {
                Ok(self.reader.get(did.clone()).await?.map(Arc::unwrap_or_clone))
            }
            layout => layout.by_did(&mut *self.pool.acquire().await?, did).await,
        }
    }

    /// The record that has the alias `name`.
    pub(crate) async fn record_by_alias(&self, name: &str) -> Result<Option<Record>, Error> {
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        match layout.did_of_alias(&mut connection, name).await? {
            Some(did) => layout.by_did(&mut connection, &did).await,
            None => Ok(None),
        }
    }

    /// The cross lookup: an entry, a record's alias, a legacy alias, and then what other index services have.
    pub(crate) async fn find(&self, id: &Guid, reach: Reach) -> Result<FoundDocument, Error> {
        if let Some(entry) = self.entry_of(self.config.index.spellings(id)).await? {
            return Ok(FoundDocument::Entry(entry));
        }
        if let Some(record) = self.record_by_alias(id.as_str()).await? {
            return Ok(FoundDocument::Entry(Entry::Record(record)));
        }
        if let Some(alias) = legacy::get(&mut *self.pool.acquire().await?, id.as_str()).await? {
            return Ok(FoundDocument::LegacyAlias(alias));
        }
        let remote = match reach {
            Reach::Here => None,
            Reach::Everywhere => self.dist.find(id).await,
        };
        remote.map(FoundDocument::Remote).ok_or_else(Error::no_record)
    }

    /// The entries that many ids stand for, in the order asked.
    pub(crate) async fn entries(&self, ids: &[Guid]) -> Result<Vec<Option<Entry>>, Error> {
        let layout = self.layout().await?;
        let spellings: Vec<Vec<Guid>> = ids.iter().map(|id| self.config.index.spellings(id)).collect();
        let mut connection = self.pool.acquire().await?;
        let targets = layout.resolve(&mut connection, &spellings).await?;
        let (mut dids, mut bundle_ids) = (Vec::new(), Vec::new());
        for target in targets.iter().flatten() {
            match target {
                EntryId::Record(did) => dids.push(did.clone()),
                EntryId::Bundle(id) => bundle_ids.push(id.clone()),
            }
        }
        dids.sort_unstable();
        dids.dedup();
        let records: Vec<Record> = layout.load(&mut connection, &dids).await?;
        let bundles: Vec<Bundle> = bundles::load(&mut connection, &bundle_ids).await?;
        let entry = |target: Option<EntryId>| match target? {
            EntryId::Record(did) => {
                records.iter().find(|record| record.did == did).cloned().map(Entry::Record)
            }
            EntryId::Bundle(id) => bundles.iter().find(|bundle| bundle.id == id).cloned().map(Entry::Bundle),
        };
        Ok(targets.into_iter().map(entry).collect())
    }
}
