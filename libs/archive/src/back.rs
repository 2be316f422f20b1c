//! Back from the archive.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use indexclient::Caller;
use storage::{Readable, StorageError};
use workqueue::Work;

use crate::{
    archive::Archive,
    catalogue::{Copy, CopyState},
    config::Tier,
    counts::{self, Direction},
    facts,
    fault::Fault,
    moving::location,
    rights::{Permitted, ToRestore},
    round::{Step, Taken, ended_by},
    store::{copies, items::Ended},
};

/// A run of `retrieve`.
pub(crate) struct Back {
    pub(crate) days: Option<u16>,
}

impl Back {
    fn until(&self) -> Option<DateTime<Utc>> {
        self.days.map(|days| Utc::now() + TimeDelta::days(days.into()))
    }
}

#[async_trait]
impl Step for Back {
    type Permission = ToRestore;

    const DIRECTION: Direction = counts::OUT;

    /// Where the bytes go is known of each file only.
    async fn fits(&self, _: &Archive, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    /// All are asked for before the first one is waited for.
    async fn window_of(&self, archive: &Archive, work: &Work, files: Vec<Taken<ToRestore>>) -> Vec<Ended> {
        let mut asked: HashMap<String, Result<Readable, String>> = HashMap::new();
        for copy in files.iter().filter_map(|file| file.copy.as_ref()).filter(|copy| is_away(copy)) {
            if !asked.contains_key(&copy.object) {
                let answer = archive.ask_for(copy).await.map_err(|fault| fault.to_string());
                asked.insert(copy.object.clone(), answer);
            }
        }
        let mut ended = Vec::with_capacity(files.len());
        for file in files {
            let answer = file.copy.as_ref().and_then(|copy| asked.get(&copy.object)).cloned();
            ended.push(self.one(archive, &file, answer).await);
            work.progress(ended.len() as u64, None, "retrieving files");
        }
        ended
    }
}

/// Whether the bytes are in the archive only.
fn is_away(copy: &Copy) -> bool {
    matches!(copy.state, CopyState::Deleting | CopyState::Deleted | CopyState::Restoring)
}

impl Back {
    async fn one(
        &self,
        archive: &Archive,
        file: &Taken<ToRestore>,
        asked: Option<Result<Readable, String>>,
    ) -> Ended {
        let mut ended = Ended { guid: file.record().did.clone(), ..Ended::default() };
        let done = match (&file.copy, asked) {
            (None, _) => Err(Fault::user("it is not in the archive")),
            (Some(_), Some(Err(told))) => Err(Fault::System(told)),
            (Some(copy), Some(Ok(Readable::Soon | Readable::OnRequest))) => {
                ended.note = Some("the store is getting it".to_owned());
                archive.say(&file.permitted, copy, "restoring").await.map(|()| "waiting")
            }
            (Some(copy), _) => {
                ended.source = Some(copy.target.clone());
                ended.target = Some(copy.source.clone());
                ended.actual = Some(copy.sha256.clone());
                self.bring(archive, &file.permitted, copy).await
            }
        };
        match done {
            Ok(state) => ended.state = state,
            Err(fault) => {
                let (state, note) = ended_by(fault);
                (ended.state, ended.note) = (state, Some(note));
            }
        }
        ended
    }

    async fn bring(
        &self,
        archive: &Archive,
        permitted: &Permitted<ToRestore>,
        copy: &Copy,
    ) -> Result<&'static str, Fault> {
        match copy.state {
            CopyState::Copied | CopyState::Archived => {
                // The source is there; whoever wants it for so many days has it for as long.
                let due = match (copy.due, self.until()) {
                    (Some(due), Some(until)) => Some(due.max(until)),
                    // For good.
                    (_, None) => None,
                    (None, Some(_)) => None,
                };
                let mut connection = archive.pool.acquire().await?;
                copies::set(&mut connection, &copy.guid, copy.state, due, None).await?;
                Ok("already")
            }
            CopyState::Restored => {
                let until = match (copy.until, self.until()) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
                archive.name_source(permitted, copy, until).await?;
                Ok("already")
            }
            CopyState::Deleting | CopyState::Deleted | CopyState::Restoring => {
                archive.restore(permitted, copy, self.until()).await?;
                Ok("retrieved")
            }
        }
    }
}

impl Archive {
    fn tier_of(&self, copy: &Copy) -> Result<&Tier, Fault> {
        self.tier(Some(&copy.tier))
    }

    /// Has the store bring an object that cannot be read at once, and returns whether it can be by now.
    async fn ask_for(&self, copy: &Copy) -> Result<Readable, Fault> {
        let (object, tier) = (location(&copy.object)?, self.tier_of(copy)?);
        let told = |error: StorageError| Fault::store(&copy.object, &error);
        let readable = match self.depot.standing(&object).await {
            // What is missing is told when it is read.
            Err(StorageError::NotFound) => return Ok(Readable::Now),
            standing => standing.map_err(told)?.readable,
        };
        if readable == Readable::OnRequest {
            let (days, speed) = (tier.config.restore_days, &tier.config.restore_speed);
            self.depot.restore(&object, days, speed).await.map_err(told)?;
        }
        Ok(readable)
    }

    /// Has the record say how its copy is.
    pub(crate) async fn say<P>(
        &self,
        permitted: &Permitted<P>,
        copy: &Copy,
        state: &str,
    ) -> Result<(), Fault> {
        let (record, tier) = (self.current(permitted).await?, self.tier_of(copy)?);
        let patch = facts::with_copy(&record, tier, copy, state);
        if patch.urls_metadata.as_ref() != Some(&record.urls_metadata) {
            self.index.update(&Caller::Service, &record.revision(), &patch).await?;
        }
        Ok(())
    }

    /// Writes the bytes to where they came from, reads them back, and has the record name the place again.
    async fn restore(
        &self,
        permitted: &Permitted<ToRestore>,
        copy: &Copy,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), Fault> {
        let (object, to, size) = (location(&copy.object)?, location(&copy.source)?, copy.size.unsigned_abs());
        let hashes = &permitted.record().hashes;
        self.refuse_full(&to, size)?;
        let mut connection = self.pool.acquire().await?;
        copies::set(&mut connection, &copy.guid, CopyState::Restoring, None, until).await?;
        drop(connection);
        let is_there = match self.depot.standing(&to).await {
            Ok(_) => true,
            Err(StorageError::NotFound) => false,
            Err(error) => return Err(Fault::store(&copy.source, &error)),
        };
        if !is_there {
            let wrong = |summed: &crate::digests::Summed| {
                let told = (summed.sha256 != copy.sha256).then(|| format!("sha256 {}", summed.sha256));
                let told = told.or_else(|| summed.difference(permitted.record().size, hashes))?;
                Some(Fault::Damaged(format!("the archived copy {} is damaged: {told}", copy.target)))
            };
            let copied = self.copy((&object, copy.range()), &to, size, hashes, wrong).await;
            if let Err(Fault::Damaged(told)) = &copied {
                let mut connection = self.pool.acquire().await?;
                copies::checked(&mut connection, &copy.guid, Some(told)).await?;
                copies::set(&mut connection, &copy.guid, CopyState::Deleted, None, None).await?;
            }
            copied?;
        }
        let back = self.read_back(&to, None, hashes).await?;
        if back.sha256 != copy.sha256 {
            return Err(Fault::user(format!("there is something else at {}", copy.source)));
        }
        self.name_source(permitted, copy, until).await
    }

    fn refuse_full(&self, to: &storage::Location, size: u64) -> Result<(), Fault> {
        let told = |error: std::io::Error| Fault::System(format!("the disk of {}: {error}", to.place()));
        match self.depot.room_of(to.place()).map_err(told)? {
            Some(free) if free < size => {
                Err(Fault::user(format!("{} has room for {free} bytes, and the file has {size}", to.place())))
            }
            _ => Ok(()),
        }
    }

    async fn name_source(
        &self,
        permitted: &Permitted<ToRestore>,
        copy: &Copy,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), Fault> {
        let (record, tier) = (self.current(permitted).await?, self.tier_of(copy)?);
        let patch = facts::with_source(&record, tier, copy, until);
        self.index.update(&Caller::Service, &record.revision(), &patch).await?;
        let mut connection = self.pool.acquire().await?;
        copies::set(&mut connection, &copy.guid, CopyState::Restored, None, until).await?;
        Ok(())
    }
}
