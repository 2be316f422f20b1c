//! Finding what an id stands for. Which ids a route understands differs by route.

use crate::{
    Error, Indexd,
    document::{Bundle, Entry, Found, Record},
    store::{bundles, legacy, records, records::Target},
};

impl Indexd {
    /// A record by did or baseid (its newest version), or a bundle by id; each with the default prefix toggled
    /// when there is nothing under the id as given.
    pub(crate) async fn entry(&self, id: &str) -> Result<Entry, Error> {
        self.entry_of(self.config.index.spellings(id)).await?.ok_or_else(Error::no_record)
    }

    /// As [`Self::entry`] for exactly these spellings.
    pub(crate) async fn entry_of(&self, spellings: Vec<String>) -> Result<Option<Entry>, Error> {
        let mut connection = self.pool.acquire().await?;
        let target = records::resolve(&mut connection, &[spellings]).await?.pop().flatten();
        Ok(match target {
            None => None,
            Some(Target::Record(did)) => records::by_did(&mut connection, &did).await?.map(Entry::Record),
            Some(Target::Bundle(id)) => bundles::load(&mut connection, &[id]).await?.pop().map(Entry::Bundle),
        })
    }

    /// The record with exactly this did.
    pub(crate) async fn record(&self, did: &str) -> Result<Record, Error> {
        records::by_did(&mut *self.pool.acquire().await?, did).await?.ok_or_else(Error::no_record)
    }

    /// The record that has the alias `name`.
    pub(crate) async fn record_by_alias(&self, name: &str) -> Result<Option<Record>, Error> {
        let mut connection = self.pool.acquire().await?;
        match records::did_of_alias(&mut connection, name).await? {
            Some(did) => records::by_did(&mut connection, &did).await,
            None => Ok(None),
        }
    }

    /// The cross lookup: an entry, a record's alias, a legacy alias, and then, with `ask_others`, what other
    /// index services have.
    pub(crate) async fn find(&self, id: &str, ask_others: bool) -> Result<Found, Error> {
        if let Some(entry) = self.entry_of(self.config.index.spellings(id)).await? {
            return Ok(Found::Entry(entry));
        }
        if let Some(record) = self.record_by_alias(id).await? {
            return Ok(Found::Entry(Entry::Record(record)));
        }
        if let Some(alias) = legacy::get(&mut *self.pool.acquire().await?, id).await? {
            return Ok(Found::LegacyAlias(alias));
        }
        match ask_others {
            true => self.dist.find(id).await.map(Found::Remote).ok_or_else(Error::no_record),
            false => Err(Error::no_record()),
        }
    }

    /// The entries that many ids stand for, in the order asked.
    pub(crate) async fn entries(&self, ids: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        let spellings: Vec<Vec<String>> = ids.iter().map(|id| self.config.index.spellings(id)).collect();
        let mut connection = self.pool.acquire().await?;
        let targets = records::resolve(&mut connection, &spellings).await?;
        let (mut dids, mut bundle_ids) = (Vec::new(), Vec::new());
        for target in targets.iter().flatten() {
            match target {
                Target::Record(did) => dids.push(did.clone()),
                Target::Bundle(id) => bundle_ids.push(id.clone()),
            }
        }
        dids.sort_unstable();
        dids.dedup();
        let records: Vec<Record> = records::load(&mut connection, &dids).await?;
        let bundles: Vec<Bundle> = bundles::load(&mut connection, &bundle_ids).await?;
        let entry = |target: Option<Target>| match target? {
            Target::Record(did) => {
                records.iter().find(|record| record.did == did).cloned().map(Entry::Record)
            }
            Target::Bundle(id) => bundles.iter().find(|bundle| bundle.id == id).cloned().map(Entry::Bundle),
        };
        Ok(targets.into_iter().map(entry).collect())
    }
}
