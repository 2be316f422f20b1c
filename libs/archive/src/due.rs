//! What is over: sources whose grace has ended, retrieved copies whose days have, and what was left half
//! done.

use std::collections::HashMap;

use serde_json::{Value, json};
use workqueue::{Failed, Work};

use crate::{
    archive::Archive,
    catalogue::{Copy, CopyState},
    counts, facts,
    fault::Fault,
    moving::location,
    rights::{Asker, Permitted, ToArchive},
    round::ended_by,
    store::{copies, holds, sets},
};

/// Copies that are looked at together.
const WINDOW: i64 = 200;
/// Days for which long lists of files are kept.
const KEEP_LISTS: i32 = 90;
/// Copies that an error names.
const NAMED: usize = 10;

/// What was done.
#[derive(Debug, Default)]
struct Done {
    deleted: u64,
    passing: Vec<String>,
    for_good: Vec<String>,
}

impl Archive {
    /// Does what is over. Who asked for it first had the right to.
    pub(crate) async fn do_what_is_due(&self, work: &Work) -> Result<Value, Failed> {
        let mut done = Done::default();
        self.each_due(work, &mut done).await.map_err(|fault| Failed::Passing(fault.to_string()))?;
        for tier in self.tiers.iter() {
            if let Err(error) = self.depot.sweep(tier).await {
                work.log(format!("drafts of the tier {} stay: {error}", tier.name));
            }
        }
        let told = |all: &[String]| {
            let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
            format!("{} sources stay: {named}", all.len())
        };
        match (done.passing.is_empty(), done.for_good.is_empty()) {
            (false, _) => Err(Failed::Passing(told(&done.passing))),
            (true, false) => Err(Failed::ForGood(told(&done.for_good))),
            (true, true) => Ok(json!({ "deleted": done.deleted })),
        }
    }

    async fn each_due(&self, work: &Work, done: &mut Done) -> Result<(), Fault> {
        sets::forget(&mut *self.pool.acquire().await?, KEEP_LISTS).await?;
        let mut after = String::new();
        loop {
            let over = copies::over(&mut *self.pool.acquire().await?, &after, WINDOW).await?;
            let Some(last) = over.last() else { return Ok(()) };
            after.clone_from(&last.guid);
            let guids: Vec<String> = over.iter().map(|copy| copy.guid.clone()).collect();
            let taken = holds::take(&mut *self.pool.acquire().await?, work.id(), &guids).await?;
            // They are as they are now that nobody else works on them.
            let now = self.copies_of(&taken).await?;
            let records = self.index.get_many(&taken).await?;
            let (may, _) = self.may::<ToArchive>(&Asker::Operator, records).await?;
            let mut may: HashMap<String, Permitted<ToArchive>> =
                may.into_iter().map(|permitted| (permitted.record().did.clone(), permitted)).collect();
            for copy in over.iter().filter(|copy| now.get(&copy.guid) == Some(copy)) {
                let ended = match may.remove(&copy.guid) {
                    Some(permitted) => self.end_source(&permitted, copy).await,
                    None => Err(Fault::user("its record is gone")),
                };
                self.note(work, copy, ended, done);
            }
            holds::give_back(&mut *self.pool.acquire().await?, work.id()).await?;
            work.progress(done.deleted, None, "deleting sources");
        }
    }

    fn note(&self, work: &Work, copy: &Copy, ended: Result<(), Fault>, done: &mut Done) {
        let size = copy.size.unsigned_abs();
        let Err(fault) = ended else {
            work.log(format!("{}: {} is deleted", copy.guid, copy.source));
            self.counts.count(counts::AWAY, "deleted", size);
            done.deleted += 1;
            return;
        };
        let told = format!("{}: {fault}", copy.guid);
        work.log(&told);
        let is_passing = matches!(fault, Fault::System(_));
        self.counts.count(counts::AWAY, ended_by(fault).0, size);
        if is_passing { done.passing.push(told) } else { done.for_good.push(told) }
    }

    async fn end_source(&self, permitted: &Permitted<ToArchive>, copy: &Copy) -> Result<(), Fault> {
        let tier = self.tier(Some(&copy.tier))?;
        if copy.state != CopyState::Restoring {
            return self.delete_source(permitted, tier, copy).await;
        }
        // A retrieval that nobody has ended.
        let mut connection = self.pool.acquire().await?;
        if facts::names(permitted.record(), &copy.source) {
            copies::set(&mut connection, &copy.guid, CopyState::Restored, None, copy.until).await?;
            return Ok(());
        }
        self.refuse_shared(&copy.guid, &copy.source).await?;
        let deleted = self.depot.delete(&location(&copy.source)?).await;
        deleted.map_err(|error| Fault::store(&copy.source, &error))?;
        copies::set(&mut connection, &copy.guid, CopyState::Deleted, None, None).await?;
        Ok(())
    }
}
