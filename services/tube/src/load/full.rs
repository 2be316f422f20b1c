//! A whole run.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use database::Work;
use search::AliasChange;
use serde::{Deserialize, Serialize};
use sqlx::Connection as _;

use super::{
    Loader,
    error::LoadError,
    sink::IndexSink,
    survey::Found,
    target::{self, Target},
};
use crate::{
    Built,
    run::{self, newest},
    sink::Moment,
};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The indices have all there is.
    Nothing,
    /// New indices are served.
    Built {
        /// What was built, by index.
        indices: BTreeMap<String, Built>,
        /// The time of the newest submission in them.
        as_of: Option<DateTime<Utc>>,
    },
}

/// Why a run is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An index is not there.
    Missing(String),
    /// Nothing tells of which time it is.
    Timeless(String),
    /// The indices are of different times.
    Apart,
    /// There are newer submissions.
    Newer,
    /// The mapping, the dictionary or resource paths are others.
    Changed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "there is no index {name}"),
            Self::Timeless(name) => write!(f, "nothing tells of which time the index {name} is"),
            Self::Apart => f.write_str("the indices are of different times"),
            Self::Newer => f.write_str("there are newer submissions"),
            Self::Changed => f.write_str("the mapping or the dictionary is another one"),
        }
    }
}

impl Loader {
    /// Runs the mapping into new indices, and puts them into the place of the old ones. Without `force` only
    /// if there is something new. What earlier runs have left is taken away.
    ///
    /// # Errors
    /// See [`LoadError`]; what was served is still served, and nothing is left.
    pub async fn run(
        &self,
        force: bool,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<Outcome, LoadError> {
        let lock = self.lock().await?;
        let done = self.run_locked(force, progress).await;
        lock.release().await;
        done
    }

    pub(super) async fn run_locked(
        &self,
        force: bool,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<Outcome, LoadError> {
        let mut found = self.survey().await?;
        if self.clear(&found).await? {
            found = self.survey().await?;
        }
        if !force && self.reason(&found).await?.is_none() {
            return Ok(Outcome::Nothing);
        }
        let targets = target::make(&**self.engine(), &self.outlines(), &found).await?;
        match self.fill(&targets, progress).await {
            Ok((indices, moment)) => {
                // What came out of the way now has nobody left; if that fails, the next run does it.
                if let Ok(found) = self.survey().await {
                    let _ = self.clear(&found).await;
                }
                Ok(Outcome::Built { indices, as_of: moment.as_of })
            }
            Err(error) => {
                target::discard(&**self.engine(), &targets).await;
                Err(error)
            }
        }
    }

    async fn fill(
        &self,
        targets: &[Target],
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<(BTreeMap<String, Built>, Moment), LoadError> {
        let (built, moment) = match &self.sharding {
            Some(sharding) => self.fill_sharded(sharding, targets).await?,
            None => {
                let mut sink = IndexSink::new(self.engine().clone(), targets.to_vec());
                let built = self.etl.run(&self.database, self.options.clone(), &mut sink, progress).await?;
                (built, sink.moment)
            }
        };
        target::complete(&**self.engine(), targets, &built, &moment, &self.digest()).await?;
        target::switch(&**self.engine(), targets, &moment).await?;
        Ok((built, moment))
    }

    /// Takes away what failed runs have left, and old generations. Nobody else is at work on these names.
    /// Whether there was any.
    async fn clear(&self, found: &[Found]) -> Result<bool, LoadError> {
        let mut gone = Vec::new();
        for generations in found.iter().flat_map(|found| [&found.documents, &found.config]) {
            gone.extend(generations.left_behind());
            gone.extend(generations.outlived(self.keep));
        }
        for index in &gone {
            self.engine.change_aliases(&[AliasChange::DeleteIndex { index: index.clone() }]).await?;
        }
        Ok(!gone.is_empty())
    }

    /// Why a run is needed: the original's rule, and that the mapping or dictionary has changed.
    ///
    /// # Errors
    /// The engine or the database fails.
    pub async fn needed(&self) -> Result<Option<Reason>, LoadError> {
        let found = self.survey().await?;
        self.reason(&found).await
    }

    async fn reason(&self, found: &[Found]) -> Result<Option<Reason>, LoadError> {
        let (mut times, digest) = (Vec::new(), self.digest());
        for (outline, found) in self.outlines().iter().zip(found) {
            let Some(served) = &found.served else { return Ok(Some(Reason::Missing(outline.name.clone()))) };
            let Some(time) = served.time else { return Ok(Some(Reason::Timeless(outline.name.clone()))) };
            if served.record.as_ref().is_some_and(|record| record.digest != digest) {
                return Ok(Some(Reason::Changed));
            }
            times.push(time);
        }
        let Some(first) = times.first() else { return Ok(None) };
        if times.iter().any(|time| time != first) {
            return Ok(Some(Reason::Apart));
        }
        let newest = target::time(&Moment { as_of: self.newest().await?, ..Moment::default() });
        Ok((first.timestamp() < newest.timestamp()).then_some(Reason::Newer))
    }

    /// The time of the newest submission in the graph.
    pub(super) async fn newest(&self) -> Result<Option<DateTime<Utc>>, run::RunError> {
        let mut connection = database::connect(&self.database, Work::Maintenance).await?;
        let newest = newest(&mut connection).await?;
        // The server notices either way.
        let _ = connection.close().await;
        Ok(newest)
    }
}
