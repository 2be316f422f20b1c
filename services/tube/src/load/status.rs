//! What the engine has, and whether it is all there is.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Loader, error::LoadError, full::Reason, target};

/// What the engine has of a mapping.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// By index, in the order of the mapping.
    pub indices: Vec<IndexStatus>,
    /// The time of the newest submission in the graph.
    pub newest: Option<DateTime<Utc>>,
    /// Why a run is needed; `None` if the indices have all there is.
    pub needed: Option<Reason>,
}

/// What the engine has of an index.
#[derive(Debug, Clone, Serialize)]
pub struct IndexStatus {
    /// Its alias.
    pub name: String,
    /// Its type in guppy.
    pub doc_type: String,
    /// The index that is served.
    pub index: Option<String>,
    /// How many documents it has.
    pub documents: u64,
    /// The time of the newest submission in it, to the second.
    pub as_of: Option<DateTime<Utc>>,
    /// When its last full run ended.
    pub built: Option<DateTime<Utc>>,
    /// Other indices of this name: older ones, and what a run that lives or failed has made.
    pub others: Vec<String>,
}

impl Loader {
    /// Looks at the engine and at the newest submission.
    ///
    /// # Errors
    /// The engine or the database fails.
    pub async fn status(&self) -> Result<Status, LoadError> {
        let (found, newest) = (self.survey().await?, self.newest().await?);
        let mut indices = Vec::new();
        for (outline, found) in self.outlines().iter().zip(found) {
            let index = found.served.as_ref().map(|served| served.index.clone());
            let documents = match &index {
                Some(index) => target::count(&**self.engine(), index).await?,
                None => 0,
            };
            let all = found.documents.all.into_iter().map(|(_, other, _)| other);
            indices.push(IndexStatus {
                name: outline.name.clone(),
                doc_type: outline.doc_type.clone(),
                documents,
                as_of: found.served.as_ref().and_then(|served| served.time),
                built: found.served.and_then(|served| served.record).map(|record| record.built),
                others: all.filter(|other| index.as_ref() != Some(other)).collect(),
                index,
            });
        }
        Ok(Status { indices, newest, needed: self.needed().await? })
    }
}
