//! Lists of records and bundles.

use std::collections::HashSet;

use crate::{
    Error, Indexd,
    document::{Entry, Record, Totals},
    query::{Filter, Form, ListQuery, Window},
    store::{bundles, filter, records, stats},
};

impl Indexd {
    /// A page of the list; bundles have their members only when `with_members`.
    pub(crate) async fn list(&self, query: &ListQuery, with_members: bool) -> Result<Vec<Entry>, Error> {
        let window = match query.form {
            // Half of each, rounded up, as the original does.
            Form::Both => Window { limit: query.window.limit / 2 + 1, ..query.window.clone() },
            Form::Records | Form::Bundles => query.window.clone(),
        };
        let mut entries = Vec::new();
        if query.form != Form::Records {
            entries.extend(self.list_bundles(&window, with_members).await?.into_iter().map(Entry::Bundle));
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

    async fn list_bundles(
        &self,
        window: &Window,
        with_members: bool,
    ) -> Result<Vec<crate::document::Bundle>, Error> {
        let mut connection = self.pool.acquire().await?;
        let (start, offset) = (window.start.as_deref(), window.offset());
        bundles::list(&mut connection, start, window.limit, offset, with_members).await
    }

    /// `known`, and for the other `ids` the spelling with the prefix toggled.
    fn with_toggled(&self, ids: &[String], mut known: Vec<String>) -> Vec<String> {
        let hits: HashSet<String> = known.iter().cloned().collect();
        let misses = ids.iter().filter(|id| !hits.contains(*id));
        known.extend(misses.filter_map(|id| self.config.index.toggled(id)));
        known
    }

    /// The records of exactly these dids, each once.
    pub(crate) async fn records(&self, dids: &[String]) -> Result<Vec<Record>, Error> {
        let mut seen = HashSet::new();
        let dids: Vec<String> = dids.iter().filter(|did| seen.insert(did.as_str())).cloned().collect();
        records::load(&mut *self.pool.acquire().await?, &dids).await
    }

    /// The counters at the end of a month, or of the current one.
    pub(crate) async fn totals(&self, month: Option<(i32, i32)>) -> Result<Totals, Error> {
        let (month, year) = month.unwrap_or_else(stats::this_month);
        stats::totals(&mut *self.pool.acquire().await?, month, year).await
    }
}
