//! The aggregate of other commons' studies.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    access::MayRead, config::Aggregate, document::Document, error::Error, service::Metadata, store::aggregate,
};

/// Most tags of an answer.
const MOST_TAGS: i64 = 10_000;

/// A page of studies.
pub(crate) struct Page {
    pub(crate) studies: Vec<aggregate::Row>,
    /// How many there are in all.
    pub(crate) hits: i64,
}

impl Metadata {
    /// Whether the aggregate is there: it is switched on, or something was brought into it.
    pub(crate) async fn has_aggregate(&self) -> Result<bool, Error> {
        match self.config.aggregate {
            Aggregate::On => Ok(true),
            Aggregate::WhenFilled => Ok(aggregate::is_filled(&mut *self.pool.acquire().await?).await?),
        }
    }

    /// Names of the commons.
    pub(crate) async fn aggregated_commons(&self, permit: &MayRead) -> Result<Vec<String>, Error> {
        Ok(aggregate::commons(&mut *self.pool.acquire().await?, permit).await?)
    }

    /// What is known of a commons, of a DRS prefix, or of the aggregate itself.
    ///
    /// # Errors
    /// 404 with the words `told`.
    pub(crate) async fn aggregate_info(
        &self,
        permit: &MayRead,
        name: &str,
        told: String,
    ) -> Result<Document, Error> {
        let found = aggregate::info(&mut *self.pool.acquire().await?, permit, name).await?;
        found.ok_or(Error::NotAggregated(told))
    }

    /// A page of studies.
    ///
    /// # Errors
    /// 400 when they are too large together.
    pub(crate) async fn aggregated(&self, permit: &MayRead, limit: i64, offset: i64) -> Result<Page, Error> {
        let mut connection = self.pool.acquire().await?;
        let hits = aggregate::count(&mut connection, permit).await?;
        let most = self.config.answer_limit;
        let found = aggregate::page(&mut connection, permit, (limit, offset), most).await?;
        Ok(Page { studies: found.ok_or_else(|| too_large(most))?, hits })
    }

    /// All studies of a commons.
    ///
    /// # Errors
    /// 404 if there are none, 400 when they are too large together.
    pub(crate) async fn aggregated_of(
        &self,
        permit: &MayRead,
        commons: &str,
    ) -> Result<Vec<Document>, Error> {
        let most = self.config.answer_limit;
        let mut connection = self.pool.acquire().await?;
        let found = aggregate::of_commons(&mut connection, permit, commons, most).await?;
        match found.ok_or_else(|| too_large(most))? {
            found if found.is_empty() => {
                Err(Error::NotAggregated(format!("no common exists with the given: {commons}")))
            }
            found => Ok(found),
        }
    }

    /// A study.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn aggregated_study(&self, permit: &MayRead, guid: &str) -> Result<Document, Error> {
        let found = aggregate::find(&mut *self.pool.acquire().await?, permit, guid).await?;
        found.ok_or_else(|| Error::NotAggregated(format!("no entry exists with the given guid: {guid}")))
    }

    /// Tags by category, with how many studies have each.
    ///
    /// # Errors
    /// 404 if there are none.
    pub(crate) async fn aggregated_tags(&self, permit: &MayRead) -> Result<Value, Error> {
        let rows = aggregate::tags(&mut *self.pool.acquire().await?, permit, MOST_TAGS).await?;
        if rows.is_empty() {
            return Err(Error::NotAggregated("error retrieving tags from service".to_owned()));
        }
        let mut categories: IndexMap<String, (i64, Map<String, Value>)> = IndexMap::new();
        for (category, name, count) in rows {
            let (total, names) = categories.entry(category).or_default();
            *total += count;
            names.extend(name.map(|name| (name, json!(count))));
        }
        let shown = categories
            .into_iter()
            .map(|(category, (total, names))| (category, json!({ "total": total, "names": [names] })));
        Ok(Value::Object(shown.collect()))
    }
}

fn too_large(most: usize) -> Error {
    Error::bad(format!("these studies have more than {most} bytes; ask for fewer with a limit"))
}
