//! Lists of records and bundles.

use std::collections::HashSet;

use crate::{
    Error, Indexd,
    document::{Bundle, Entry, Record, Totals},
    guid::Guid,
    query::{Filter, Form, ListQuery, Members, Window},
    store::{
        bundles, filter, records,
        stats::{self, Month},
    },
};

impl Indexd {
    /// A page of the list. `members` says whether its bundles have their members.
    pub(crate) async fn list(&self, query: &ListQuery, members: Members) -> Result<Vec<Entry>, Error> {
        let window = match query.form {
            // More than half of each, as the original does.
            Form::Both => Window { limit: query.window.limit / 2 + 1, ..query.window.clone() },
            Form::Records | Form::Bundles => query.window.clone(),
        };
        let mut entries = Vec::new();
        if query.form != Form::Records {
            entries.extend(self.list_bundles(&window, members).await?.into_iter().map(Entry::Bundle));
        }
        if query.form != Form::Bundles {
            entries.extend(self.list_records(&query.filter, &window).await?.into_iter().map(Entry::Record));
        }
        if query.form == Form::Both {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.created()));
        }
        Ok(entries)
    }

    /// A page of records.
    pub(crate) async fn list_records(&self, filter: &Filter, window: &Window) -> Result<Vec<Record>, Error> {
        let mut connection = self.pool.acquire().await?;
        let resolved = match &filter.ids {
            None => None,
            Some(ids) => {
                let known = records::existing(&mut connection, ids).await?;
                Some(Filter { ids: Some(self.with_toggled(ids, known)), ..filter.clone() })
            }
        };
        let dids = filter::dids(&mut connection, resolved.as_ref().unwrap_or(filter), window).await?;
        records::load(&mut connection, &dids).await
    }

    async fn list_bundles(&self, window: &Window, members: Members) -> Result<Vec<Bundle>, Error> {
        bundles::list(&mut *self.pool.acquire().await?, window, members).await
    }

    /// `known`, and for the other `ids` the spelling with the prefix toggled.
    fn with_toggled(&self, ids: &[Guid], mut known: Vec<Guid>) -> Vec<Guid> {
        let hits: HashSet<Guid> = known.iter().cloned().collect();
        let misses = ids.iter().filter(|id| !hits.contains(*id));
        known.extend(misses.filter_map(|id| self.config.index.toggled(id)));
        known
    }

    /// The records of exactly these dids, each once.
    pub(crate) async fn records(&self, dids: &[Guid]) -> Result<Vec<Record>, Error> {
        let mut seen = HashSet::new();
        let dids: Vec<Guid> = dids.iter().filter(|did| seen.insert(*did)).cloned().collect();
        records::load(&mut *self.pool.acquire().await?, &dids).await
    }

    /// The counters at the end of a month, or of the current one.
    pub(crate) async fn totals(&self, month: Option<Month>) -> Result<Totals, Error> {
        stats::totals(&mut *self.pool.acquire().await?, month.unwrap_or_else(Month::current)).await
    }
}
