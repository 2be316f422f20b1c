//! What the engine has of the indices of a mapping.

use chrono::{DateTime, Utc};
use search::{Engine, SearchError};

use super::{
    names::{Generations, array_config, told_time},
    record::Record,
};

/// What the engine has of one index of a mapping.
#[derive(Debug)]
pub(super) struct Found {
    /// Its documents.
    pub(super) documents: Generations,
    /// Its array configurations.
    pub(super) config: Generations,
    /// What is served: the index, and that of its array configuration.
    pub(super) served: Option<Served>,
}

/// What is served under a name.
#[derive(Debug)]
pub(super) struct Served {
    /// The index of the documents.
    pub(super) index: String,
    /// The index of the array configuration.
    pub(super) config: Option<String>,
    /// What its aliases say of its time.
    pub(super) time: Option<DateTime<Utc>>,
    /// What it says of its run. `None` for one of the original's.
    pub(super) record: Option<Record>,
}

/// Looks for the index `name`.
///
/// # Errors
/// The engine fails.
pub(super) async fn survey(engine: &dyn Engine, name: &str) -> Result<Found, SearchError> {
    let listing = engine.aliases(&format!("{name}*")).await?;
    let documents = Generations::of(name, &listing);
    let config = Generations::of(&array_config(name), &listing);
    let config_index = config.served().next_back().map(|(_, index, _)| index.clone());
    let served = match documents.served().next_back() {
        None => None,
        Some((_, index, aliases)) => {
            let document = match &config_index {
                Some(config) => engine.document(config, name).await?,
                None => None,
            };
            let record = document.as_ref().and_then(Record::read);
            Some(Served { index: index.clone(), config: config_index, time: told_time(aliases), record })
        }
    };
    Ok(Found { documents, config, served })
}
