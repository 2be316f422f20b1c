//! The records of a filter, for work that is done in a user's name when the user is not there any more.

use authz::Subject;
use futures_util::TryStreamExt as _;
use search::{SearchError, Source};
use serde_json::Value;

use crate::{
    access::{Accessibility, Readable},
    filter::{FilterError, Reader, Sets},
    service::Guppy,
};

/// Documents that are in memory at once.
const PAGE: usize = 1_000;

/// Why there is no such cohort.
#[derive(Debug, thiserror::Error)]
pub enum CohortError {
    /// There are no documents of the type.
    #[error("there is no type {0:?} in the explorer")]
    UnknownType(String),
    /// The filter is not understood.
    #[error("filter: {0}")]
    Filter(String),
    /// There are too many.
    #[error("the cohort has more than {0} records; filter more")]
    TooMany(usize),
    /// The engine does not answer.
    #[error("the explorer cannot be searched")]
    Engine(#[from] SearchError),
}

impl From<FilterError> for CohortError {
    fn from(error: FilterError) -> Self {
        Self::Filter(error.to_string())
    }
}

impl Guppy {
    /// The types that are searched, in their order.
    pub fn types(&self) -> Vec<String> {
        self.config.indices.iter().map(|index| index.doc_type.clone()).collect()
    }

    /// The ids of the records whose documents fulfil a filter and may be read by the user of this name, for
    /// whom the caller vouches; at most `most`.
    ///
    /// # Errors
    /// When they cannot be found, or are too many.
    pub async fn cohort(
        &self,
        user: &str,
        doc_type: &str,
        filter: &Value,
        most: usize,
    ) -> Result<Vec<String>, CohortError> {
        let served = self.served();
        let index = served.catalog.indices.iter().find(|index| index.doc_type == doc_type);
        let index = index.ok_or_else(|| CohortError::UnknownType(doc_type.to_owned()))?;
        // Explorers send what they show, which may have conditions that are not of the original.
        let no_sets = Sets::default();
        let reader = Reader::new(index, &self.config.missing, &self.config.analyzed).with_sets(&no_sets);
        let query = reader.read(filter)?;
        let accessible = self.known.of(&*self.authz, &Subject::User(user.to_owned())).await;
        let readable = Readable::new(index, &self.config, &accessible);
        let rows = readable.download(query, Accessibility::Accessible);
        if !index.exists {
            return Ok(Vec::new());
        }
        let field = format!("_{doc_type}_id");
        let source = Source::Fields(vec![field.clone()]);
        let (scope, query) = (rows.shown.index(), rows.shown.query());
        let mut pages = self.engine.pages(scope, query, &[], &source, PAGE).await?;
        let mut ids = Vec::new();
        while let Some(hits) = pages.try_next().await? {
            let id =
                |source: &serde_json::Map<String, Value>| source.get(&field)?.as_str().map(str::to_owned);
            ids.extend(hits.iter().filter_map(|hit| id(&hit.source)));
            if ids.len() > most {
                return Err(CohortError::TooMany(most));
            }
        }
        Ok(ids)
    }
}
