//! Lists of records and bundles.

use std::collections::HashSet;

use sqlx::PgConnection;

use crate::{
    Error, Indexd, Layout,
    document::{Bundle, Entry, Record},
    guid::Guid,
    marks::Mark,
    query::{Filter, Form, ListQuery, Window},
    store::{bundles, filter, records},
};

impl Indexd {
    /// A page of the list. Its bundles are without their members.
    pub(crate) async fn list(&self, query: &ListQuery) -> Result<Vec<Entry>, Error> {
        let window = match query.form {
            // More than half of each, as the original does.
            Form::Both => Window { limit: query.window.limit / 2 + 1, ..query.window.clone() },
            Form::Records | Form::Bundles => query.window.clone(),
        };
        let mut entries = Vec::new();
        if query.form != Form::Records {
            entries.extend(self.list_bundles(&window).await?.into_iter().map(Entry::Bundle));
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
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        let resolved = match &filter.ids {
            None => None,
            Some(ids) => {
                let known = layout.existing(&mut connection, ids).await?;
                Some(Filter { ids: Some(self.with_toggled(ids, known)), ..filter.clone() })
            }
        };
        let filter = resolved.as_ref().unwrap_or(filter);
        let is_marked = layout == Layout::Multi && window.start.is_none() && filter.ids.is_none();
        match window.page.filter(|_| is_marked && window.limit > 0) {
            Some(page) => self.page(&mut connection, filter, window, page).await,
            None => {
                let dids = layout.dids(&mut connection, filter, window).await?;
                layout.load(&mut connection, &dids).await
            }
        }
    }

    /// A page by its number, in the multi-table layout; see [`marks`](crate::marks).
    async fn page(
        &self,
        connection: &mut PgConnection,
        filter: &Filter,
        window: &Window,
        page: i64,
    ) -> Result<Vec<Record>, Error> {
        let limit = window.limit;
        let full = usize::try_from(limit).unwrap_or(usize::MAX);
        let near = match self.marks.before(filter, limit, page) {
            Some((first, mark)) => {
                Some(filter::dids_behind(connection, filter, limit, &mark, (page - first) * limit).await?)
            }
            None => None,
        };
        let dids = match near {
            Some(near) if near.len() == full || !filter::has_undated(connection).await? => near,
            // Records without a date stand at the very end, where no mark leads.
            _ => filter::dids(connection, filter, window).await?,
        };
        let records = records::load(connection, &dids).await?;
        if let Some(last) = records.last().filter(|_| records.len() == full)
            && let Some(updated) = last.updated_date
        {
            self.marks.note(filter, limit, page + 1, Mark { updated, did: last.did.clone() });
        }
        Ok(records)
    }

    async fn list_bundles(&self, window: &Window) -> Result<Vec<Bundle>, Error> {
        bundles::list(&mut *self.pool.acquire().await?, window).await
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
        let layout = self.layout().await?;
        let mut seen = HashSet::new();
        let dids: Vec<Guid> = dids.iter().filter(|did| seen.insert(*did)).cloned().collect();
        layout.load(&mut *self.pool.acquire().await?, &dids).await
    }
}
