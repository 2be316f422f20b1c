//! Indices that are being filled, and how they come into the place of those that are served.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveTime, Utc};
use search::{AliasChange, Engine, Operation, Query, Search, SearchError};

use super::{
    error::LoadError,
    names::{Generations, array_config, time_alias},
    record::{Record, config_definition, definition},
    survey::Found,
};
use crate::{Built, Outline, aliases::shared_config, sink::Moment};

/// An index that is being filled.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) outline: Outline,
    /// The new index.
    pub(super) index: String,
    /// The new index of its array configuration.
    pub(super) config: String,
    /// What is served now, of both, with its aliases.
    before: Vec<(String, Vec<String>)>,
    config_before: Vec<(String, Vec<String>)>,
}

impl Target {
    /// One that somebody else has made and will put in its place.
    pub(super) fn existing(outline: &Outline, index: &str) -> Self {
        let (index, config) = (index.to_owned(), String::new());
        Self { outline: outline.clone(), index, config, before: Vec::new(), config_before: Vec::new() }
    }
}

/// Makes new indices beside those that are served.
///
/// # Errors
/// The engine fails, or an index has the name of an alias. What was made before is taken away again.
pub(super) async fn make(
    engine: &dyn Engine,
    outlines: &[&Outline],
    found: &[Found],
) -> Result<Vec<Target>, LoadError> {
    let mut targets = Vec::new();
    for (outline, found) in outlines.iter().zip(found) {
        let target = target(outline, found);
        let made = if found.documents.is_concrete {
            Err(LoadError::Concrete(outline.name.clone()))
        } else {
            create(engine, &target).await
        };
        targets.push(target);
        if let Err(error) = made {
            discard(engine, &targets).await;
            return Err(error);
        }
    }
    Ok(targets)
}

fn target(outline: &Outline, found: &Found) -> Target {
    let served = |generations: &Generations| -> Vec<(String, Vec<String>)> {
        generations.served().map(|(_, index, aliases)| (index.clone(), aliases.clone())).collect()
    };
    Target {
        outline: outline.clone(),
        index: found.documents.next(),
        config: found.config.next(),
        before: served(&found.documents),
        config_before: served(&found.config),
    }
}

async fn create(engine: &dyn Engine, target: &Target) -> Result<(), LoadError> {
    let failed = |error: search::MappingError| SearchError::Failed(error.into());
    engine.create(&target.index, &definition(&target.outline).map_err(failed)?).await?;
    Ok(engine.create(&target.config, &config_definition().map_err(failed)?).await?)
}

/// Takes away what a run has made that did not come to its end. What cannot be taken away now is taken away
/// by the next run.
pub(super) async fn discard(engine: &dyn Engine, targets: &[Target]) {
    for index in targets.iter().flat_map(|target| [&target.index, &target.config]) {
        let _ = engine.change_aliases(&[AliasChange::DeleteIndex { index: index.clone() }]).await;
    }
}

/// Makes sure that everything is there, and writes the array configurations.
///
/// # Errors
/// The engine fails, or does not have all documents.
pub(super) async fn complete(
    engine: &dyn Engine,
    targets: &[Target],
    built: &BTreeMap<String, Built>,
    moment: &Moment,
    digest: &str,
) -> Result<(), LoadError> {
    for target in targets {
        let name = &target.outline.name;
        let written = built.get(name).map_or(0, |built| built.documents);
        engine.refresh(&target.index).await?;
        let found = count(engine, &target.index).await?;
        if found != written {
            return Err(LoadError::Incomplete { index: name.clone(), written, found });
        }
        let record = Record {
            digest: digest.to_owned(),
            mark: moment.mark.clone(),
            as_of: moment.as_of,
            documents: written,
            built: Utc::now(),
        };
        put_record(engine, &target.config, &target.outline, &record).await?;
    }
    Ok(())
}

/// How many documents an index has.
pub(super) async fn count(engine: &dyn Engine, index: &str) -> Result<u64, SearchError> {
    Ok(engine.search(index, &Search::counting(Query::All, BTreeMap::new())).await?.total)
}

/// Writes the array configuration of an index.
pub(super) async fn put_record(
    engine: &dyn Engine,
    config: &str,
    outline: &Outline,
    record: &Record,
) -> Result<(), LoadError> {
    let put = Operation::Put { id: Some(outline.name.clone()), body: record.document(outline) };
    let written = engine.write(config, vec![put]).await?;
    if let Some(rejected) = written.rejected.into_iter().next() {
        let (index, id) = (config.to_owned(), outline.name.clone());
        return Err(LoadError::Rejected { index, number: 1, id, reason: rejected.reason });
    }
    Ok(engine.refresh(config).await?)
}

/// The time that an alias tells of a moment; without any submission the original tells yesterday's beginning.
pub(super) fn time(moment: &Moment) -> DateTime<Utc> {
    let yesterday = || (Utc::now() - Duration::days(1)).date_naive().and_time(NaiveTime::MIN).and_utc();
    moment.as_of.unwrap_or_else(yesterday)
}

/// Puts all new indices into the place of the old ones, in one step.
///
/// # Errors
/// The engine fails; then nothing has changed.
pub(super) async fn switch(
    engine: &dyn Engine,
    targets: &[Target],
    moment: &Moment,
) -> Result<(), SearchError> {
    let time = time_alias(time(moment));
    let mut changes = Vec::new();
    for target in targets {
        let name = &target.outline.name;
        let (config, shared) = (array_config(name), shared_config(name));
        let new = [(&target.index, vec![name, &time]), (&target.config, vec![&config, &shared, &time])];
        for (index, aliases) in new {
            let add = |alias: &&String| AliasChange::Add { alias: (**alias).clone(), index: index.clone() };
            changes.extend(aliases.iter().map(add));
        }
        for (index, aliases) in target.before.iter().chain(&target.config_before) {
            let taken = aliases.iter().filter(|alias| [name, &config, &shared].contains(alias));
            changes.extend(
                taken.map(|alias| AliasChange::Remove { alias: alias.clone(), index: index.clone() }),
            );
        }
    }
    engine.change_aliases(&changes).await
}
