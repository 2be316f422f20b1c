//! A run over many files: finding them once, then a window of them after another, until none is left.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use authz::Permission;
use indexclient::Record;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use workqueue::{Failed, Work};

use crate::{
    archive::Archive,
    catalogue::Copy,
    counts::Direction,
    digests,
    fault::Fault,
    order::Selector,
    rights::{Asker, Permitted, permitted},
    store::{
        holds,
        items::{self, Ended, Pending},
    },
};

/// Files that an error names.
const NAMED: i64 = 10;
/// A window in which so many fail, and none is done, ends an attempt.
const HOPELESS: usize = 10;

/// What is done with the files of a run.
#[async_trait]
pub(crate) trait Step: Send + Sync {
    /// What one must be permitted.
    type Permission: Permission + 'static;

    /// Which way they go.
    const DIRECTION: Direction;

    /// Files of a window, at most.
    fn window(&self) -> i64 {
        200
    }

    /// Bytes of a window, at most, unless a single file has more.
    fn bytes(&self) -> Option<u64> {
        None
    }

    /// Whether there is room for so many bytes.
    async fn fits(&self, archive: &Archive, bytes: u64) -> Result<(), Fault>;

    /// Does it.
    async fn window_of(
        &self,
        archive: &Archive,
        work: &Work,
        files: Vec<Taken<Self::Permission>>,
    ) -> Vec<Ended>;
}

/// A file that a run may work on, and that no other run has.
pub(crate) struct Taken<P> {
    pub(crate) permitted: Permitted<P>,
    /// What is known of its copy.
    pub(crate) copy: Option<Copy>,
}

impl<P> Taken<P> {
    pub(crate) fn record(&self) -> &Record {
        self.permitted.record()
    }
}

/// How much is selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

fn failed(fault: Fault) -> Failed {
    match fault {
        Fault::User(told) | Fault::Damaged(told) => Failed::ForGood(told),
        Fault::System(told) => Failed::Passing(told),
    }
}

/// How a file ended with which `error`.
pub(crate) fn ended_by(fault: Fault) -> (&'static str, String) {
    match fault {
        Fault::User(told) => ("refused", told),
        Fault::Damaged(told) => ("damaged", told),
        Fault::System(told) => ("failed", told),
    }
}

impl Archive {
    /// Does `step` with the files of `selector`, and returns what came of it.
    pub(crate) async fn round<S: Step>(
        &self,
        work: &Work,
        selector: &Selector,
        step: &S,
    ) -> Result<Value, Failed> {
        let run = work.id();
        let database = |error: sqlx::Error| Failed::passing(error);
        let mut connection = self.pool.acquire().await.map_err(database)?;
        let is_resolved = items::is_resolved(&mut connection, run).await.map_err(database)?;
        if is_resolved {
            items::again(&mut connection, run).await.map_err(database)?;
        }
        drop(connection);
        if !is_resolved {
            let amount = self.resolve::<S::Permission>(work, selector).await.map_err(failed)?;
            step.fits(self, amount.bytes).await.map_err(failed)?;
            items::resolved(&mut *self.pool.acquire().await.map_err(database)?, run)
                .await
                .map_err(database)?;
        }
        self.windows(work, step).await.map_err(failed)?;
        self.ended(run).await
    }

    /// Finds the files, and writes them down. Nothing is done with any of them unless all may be worked on.
    async fn resolve<P: Permission>(&self, work: &Work, selector: &Selector) -> Result<Amount, Fault> {
        let (asker, source) = (Asker::of(work), self.source(selector).await?);
        items::begin(&mut *self.pool.acquire().await?, work.id()).await?;
        let (mut amount, mut refused, mut next) = (Amount::default(), Refused::default(), None::<String>);
        loop {
            let page = self.page(&source, next.as_deref()).await?;
            let mut files: Vec<Pending> =
                page.missing.into_iter().map(|guid| Pending { guid, size: None }).collect();
            let (may, may_not) = self.may::<P>(&asker, page.records).await?;
            may_not.iter().for_each(|record| refused.add(&record.did));
            for record in may.iter().map(Permitted::record) {
                files.push(Pending { guid: record.did.clone(), size: record.size });
                amount.bytes += record.size.map_or(0, i64::unsigned_abs);
            }
            amount.files += files.len() as u64;
            if !files.is_empty() {
                items::add(&mut *self.pool.acquire().await?, work.id(), &files).await?;
            }
            work.progress(0, Some(amount.files), "looking for the files");
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        refused.told::<P>()?;
        if amount.files == 0 {
            return Err(Fault::user("the selector finds no file"));
        }
        work.log(format!("{} files with {} bytes are selected", amount.files, amount.bytes));
        Ok(amount)
    }

    pub(crate) async fn may<P: Permission>(
        &self,
        asker: &Asker,
        records: Vec<Record>,
    ) -> Result<(Vec<Permitted<P>>, Vec<Record>), Fault> {
        let answer = permitted(&*self.authz, asker, records).await;
        answer.map_err(|error| Fault::System(format!("the rights cannot be asked for: {error}")))
    }

    async fn windows<S: Step>(&self, work: &Work, step: &S) -> Result<(), Fault> {
        let run = work.id();
        let counts = items::counts(&mut *self.pool.acquire().await?, run).await?;
        let (total, left): (i64, i64) = counts.iter().fold((0, 0), |(total, left), (state, files, _)| {
            (total + files, left + if state == "pending" { *files } else { 0 })
        });
        let (total, mut done) = (total.unsigned_abs(), (total - left).unsigned_abs());
        loop {
            let mut connection = self.pool.acquire().await?;
            let mut files = items::pending(&mut connection, run, step.window()).await?;
            drop(connection);
            if let Some(bytes) = step.bytes() {
                files.truncate(within(&files, bytes));
            }
            if files.is_empty() {
                return Ok(());
            }
            work.progress(done, Some(total), S::DIRECTION);
            let sizes: HashMap<&str, u64> = files
                .iter()
                .map(|file| (file.guid.as_str(), file.size.map_or(0, i64::unsigned_abs)))
                .collect();
            let ended = self.window(work, step, &files).await?;
            for file in &ended {
                let size = sizes.get(file.guid.as_str()).copied().unwrap_or_default();
                self.counts.count(S::DIRECTION, file.state, size);
                if let Some(note) = &file.note {
                    work.log(format!("{}: {}: {note}", file.guid, file.state));
                }
            }
            let mut connection = self.pool.acquire().await?;
            items::end(&mut connection, run, &ended).await?;
            holds::give_back(&mut connection, run).await?;
            done += ended.len() as u64;
            work.progress(done, Some(total), S::DIRECTION);
            let fails = ended.iter().filter(|file| file.state == "failed").count();
            if fails >= HOPELESS && fails == ended.len() {
                let told = ended.first().and_then(|file| file.note.clone()).unwrap_or_default();
                return Err(Fault::System(format!("{fails} files in a row could not be done: {told}")));
            }
        }
    }

    /// Takes the files of a window, and does the step with those that may be worked on.
    async fn window<S: Step>(&self, work: &Work, step: &S, files: &[Pending]) -> Result<Vec<Ended>, Fault> {
        let guids: Vec<String> = files.iter().map(|file| file.guid.clone()).collect();
        let taken = holds::take(&mut *self.pool.acquire().await?, work.id(), &guids).await?;
        let records = self.index.get_many(&taken).await?;
        let mut copies = self.copies_of(&taken).await?;
        let (may, may_not) = self.may::<S::Permission>(&Asker::of(work), records).await?;
        let mut ended: HashMap<String, Ended> = HashMap::new();
        let mut end = |guid: &str, state: &'static str, note: &str| {
            let note = Some(note.to_owned());
            ended.insert(guid.to_owned(), Ended { guid: guid.to_owned(), state, note, ..Ended::default() });
        };
        for guid in &guids {
            if taken.contains(guid) {
                end(guid, "refused", "it has no record");
            } else {
                end(guid, "busy", "another run works on it");
            }
        }
        for record in may_not {
            end(&record.did, "refused", "it may not be worked on by who asked for the run");
        }
        let files: Vec<Taken<S::Permission>> = may
            .into_iter()
            .map(|permitted| Taken { copy: copies.remove(&permitted.record().did), permitted })
            .collect();
        let expected: HashMap<String, Option<String>> = files
            .iter()
            .map(|file| (file.record().did.clone(), digests::shown(&file.record().hashes)))
            .collect();
        for file in &files {
            ended.remove(&file.record().did);
        }
        for mut file in step.window_of(self, work, files).await {
            file.expected = expected.get(&file.guid).cloned().flatten();
            ended.insert(file.guid.clone(), file);
        }
        Ok(ended.into_values().collect())
    }

    /// What came of a run: its counts, or which files it could not do.
    async fn ended(&self, run: Uuid) -> Result<Value, Failed> {
        let database = |error: sqlx::Error| Failed::passing(error);
        let mut connection = self.pool.acquire().await.map_err(database)?;
        let counts = items::counts(&mut connection, run).await.map_err(database)?;
        let count = |states: &[&str]| -> i64 {
            let these = counts.iter().filter(|(state, ..)| states.contains(&state.as_str()));
            these.map(|(_, files, _)| files).sum()
        };
        for (states, again) in [(&["failed", "busy"][..], true), (&["damaged", "refused"][..], false)] {
            if !again && count(&["waiting"]) > 0 {
                let told = format!("the stores are getting {} files", count(&["waiting"]));
                return Err(Failed::NotYet { told, pause: self.next_look() });
            }
            let count = count(states);
            if count == 0 {
                continue;
            }
            let some = items::some(&mut connection, run, states, NAMED).await.map_err(database)?;
            let named: Vec<String> = some
                .into_iter()
                .map(|(guid, note)| format!("{guid}: {}", note.unwrap_or_default()))
                .collect();
            let told = format!("{count} files were not done: {}", named.join("; "));
            return Err(if again { Failed::Passing(told) } else { Failed::ForGood(told) });
        }
        let (files, bytes) =
            counts.iter().fold((0, 0), |(files, bytes), (_, more, size)| (files + more, bytes + size));
        let states: Map<String, Value> =
            counts.into_iter().map(|(state, files, _)| (state, json!(files))).collect();
        Ok(json!({ "files": files, "bytes": bytes, "states": states }))
    }
}

impl Archive {
    /// After how long it is looked again whether what was asked for can be read.
    fn next_look(&self) -> Duration {
        let seconds = self.tiers.iter().map(|tier| tier.config.restore_poll_seconds).min();
        Duration::from_secs(seconds.unwrap_or(60))
    }
}

/// How many of the first files have at most so many bytes; at least one.
fn within(files: &[Pending], bytes: u64) -> usize {
    let mut sum = 0_u64;
    let fit = files.iter().take_while(|file| {
        sum = sum.saturating_add(file.size.map_or(0, i64::unsigned_abs));
        sum <= bytes
    });
    fit.count().max(1)
}

/// Files that may not be worked on.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) count: u64,
    pub(crate) first: Vec<String>,
}

impl Refused {
    pub(crate) fn add(&mut self, guid: &str) {
        self.count += 1;
        if self.first.len() < 10 {
            self.first.push(guid.to_owned());
        }
    }

    /// # Errors
    /// When there are some.
    pub(crate) fn told<P: Permission>(&self) -> Result<(), Fault> {
        if self.count == 0 {
            return Ok(());
        }
        let (what, names) = (P::METHODS.join(", "), self.first.join(", "));
        Err(Fault::user(format!(
            "{} of the files need {what} of the service {} on what guards them, which is not given: {names}",
            self.count,
            P::SERVICE
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_at_least_a_file_and_at_most_so_many_bytes() {
        let files = |sizes: &[i64]| -> Vec<Pending> {
            sizes.iter().map(|size| Pending { guid: size.to_string(), size: Some(*size) }).collect()
        };
        assert_eq!(within(&files(&[5, 5, 1]), 10), 2);
        assert_eq!(within(&files(&[50, 5]), 10), 1);
        assert_eq!(within(&files(&[1, 2, 3]), 10), 3);
    }
}
