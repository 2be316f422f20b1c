//! Following the graph: only the documents of roots that something has happened to are made again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures_util::TryStreamExt as _;
use search::{AliasChange, Query, Scalar, Source};
use serde::Serialize;

use super::{
    Loader,
    batches::Batches,
    error::LoadError,
    full::Outcome,
    names::time_alias,
    record::Record,
    survey::{Found, Served},
    target,
};
use crate::{
    run::{Again, ROOTS, Workshop},
    sink::{Document, Moment},
};

/// From so many roots on a run from the beginning is considered.
const FEW: usize = 5_000;
/// Hits of a page of ids.
const PAGE: usize = 5_000;

/// What came of following.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Followed {
    /// Nothing has happened.
    Nothing,
    /// The documents of some roots were made again.
    Updated {
        /// How many roots, by index.
        roots: BTreeMap<String, u64>,
        /// How many documents were written.
        documents: u64,
    },
    /// Everything was made anew.
    Rebuilt {
        /// What came of it.
        run: Outcome,
    },
}

impl Loader {
    /// Brings the indices to where the graph is now: the documents of the roots that something has happened
    /// to, or all of them where that cannot be told or the mapping is another one. If the process is killed
    /// in between, the next time does it again.
    ///
    /// `since` is where an earlier call has come to without finding anything; it becomes where this one came
    /// to.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn follow(&self, since: &mut Option<Moment>) -> Result<Followed, LoadError> {
        let lock = self.lock().await?;
        let done = self.follow_locked(since).await;
        lock.release().await;
        done
    }

    pub(super) async fn follow_locked(&self, since: &mut Option<Moment>) -> Result<Followed, LoadError> {
        let found = self.survey().await?;
        let Some(marked) = self.marked(&found) else { return self.rebuild(since).await };
        let database = &marked[0].1.mark.database;
        let stored = marked.iter().map(|(_, record)| record.mark.transaction).min().unwrap_or_default();
        let seen = since.as_ref().filter(|since| since.mark.database == *database);
        let from = seen.map_or(stored, |since| since.mark.transaction.max(stored));
        let shop = Workshop::open(self.etl.program(), &self.database, &self.options).await?;
        if shop.moment().mark.database != *database || shop.moment().mark.transaction < from {
            shop.close().await;
            return self.rebuild(since).await;
        }
        let again = shop.since(from).await?;
        let most = |record: &Record| FEW.max(usize::try_from(record.documents / 2).unwrap_or(usize::MAX));
        let roots = match again {
            Again::Roots(roots) if roots.iter().zip(&marked).all(|(ids, (_, of))| ids.len() <= most(of)) => {
                roots
            }
            Again::Roots(_) | Again::Everything => {
                shop.close().await;
                return self.rebuild(since).await;
            }
        };
        let done = self.update(&shop, &marked, &roots).await;
        let moment = shop.moment().clone();
        shop.close().await;
        let done = done?;
        *since = Some(moment);
        Ok(done)
    }

    async fn rebuild(&self, since: &mut Option<Moment>) -> Result<Followed, LoadError> {
        *since = None;
        Ok(Followed::Rebuilt { run: self.run_locked(true, |_, _, _| {}).await? })
    }

    /// What is served, with what it says of its run, if all of it was made by this mapping from one database.
    fn marked<'f>(&self, found: &'f [Found]) -> Option<Vec<(&'f Served, &'f Record)>> {
        let digest = self.digest();
        let mut all = Vec::new();
        for found in found {
            let served = found.served.as_ref()?;
            served.config.as_ref()?;
            all.push((served, served.record.as_ref().filter(|record| record.digest == digest)?));
        }
        let is_one = all.windows(2).all(|two| two[0].1.mark.database == two[1].1.mark.database);
        (is_one && !all.is_empty()).then_some(all)
    }

    async fn update(
        &self,
        shop: &Workshop,
        marked: &[(&Served, &Record)],
        roots: &[BTreeSet<String>],
    ) -> Result<Followed, LoadError> {
        if roots.iter().all(BTreeSet::is_empty) {
            return Ok(Followed::Nothing);
        }
        let (mut told, mut documents) = (BTreeMap::new(), 0);
        let outlines = self.outlines();
        for (position, (served, _)) in marked.iter().enumerate() {
            let ids: Vec<String> = roots[position].iter().cloned().collect();
            documents += self.replace(shop, position, &served.index, &ids).await?;
            told.insert(outlines[position].name.clone(), ids.len() as u64);
        }
        // Only now does it stand anywhere that they are done.
        self.note(shop.moment(), marked).await?;
        Ok(Followed::Updated { roots: told, documents })
    }

    /// Makes the documents of some roots again, and takes away those that they do not have any more.
    async fn replace(
        &self,
        shop: &Workshop,
        position: usize,
        index: &str,
        ids: &[String],
    ) -> Result<u64, LoadError> {
        let mut batches = Batches::new(index.to_owned());
        for ids in ids.chunks(ROOTS) {
            let documents = shop.documents(position, ids).await?;
            let new: HashSet<String> = documents.iter().map(|Document { id, .. }| id.clone()).collect();
            for old in self.ids_of(index, shop.id_field(position), ids).await? {
                if !new.contains(&old) {
                    batches.remove(old);
                }
            }
            batches.add(&**self.engine(), documents).await?;
        }
        if !ids.is_empty() {
            batches.flush(&**self.engine()).await?;
            self.engine().refresh(batches.index()).await?;
        }
        Ok(batches.written)
    }

    /// The ids of the documents of some roots.
    pub(super) async fn ids_of(
        &self,
        index: &str,
        field: &str,
        roots: &[String],
    ) -> Result<Vec<String>, LoadError> {
        let values = roots.iter().map(|id| Scalar::Text(id.clone())).collect();
        let query = Query::OneOf { field: field.to_owned(), values };
        let mut search = search::Search::new(query.clone());
        (search.size, search.source) = (PAGE as u64, Source::None);
        let found = self.engine().search(index, &search).await?;
        if found.total <= PAGE as u64 {
            return Ok(found.hits.into_iter().map(|hit| hit.id).collect());
        }
        let mut pages = self.engine().pages(index, &query, &[], &Source::None, PAGE).await?;
        let mut ids = Vec::new();
        while let Some(hits) = pages.try_next().await? {
            ids.extend(hits.into_iter().map(|hit| hit.id));
        }
        Ok(ids)
    }

    /// Writes down up to where the indices are.
    async fn note(&self, moment: &Moment, marked: &[(&Served, &Record)]) -> Result<(), LoadError> {
        let (mut changes, time) = (Vec::new(), target::time(moment));
        for (outline, (served, record)) in self.outlines().iter().zip(marked) {
            let Some(config) = &served.config else { continue };
            let record = Record { mark: moment.mark.clone(), as_of: moment.as_of, ..(*record).clone() };
            target::put_record(&**self.engine(), config, outline, &record).await?;
            let Some(before) = served.time.filter(|before| before.timestamp() != time.timestamp()) else {
                continue;
            };
            for index in [&served.index, config] {
                changes.push(AliasChange::Add { alias: time_alias(time), index: index.clone() });
                changes.push(AliasChange::Remove { alias: time_alias(before), index: index.clone() });
            }
        }
        if !changes.is_empty() {
            self.engine().change_aliases(&changes).await?;
        }
        Ok(())
    }
}
