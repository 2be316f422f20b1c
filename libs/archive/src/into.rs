//! Into the archive, each file by itself; and the end of sources.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use indexclient::{Caller, Record};
use storage::Location;
use workqueue::Work;

use crate::{
    archive::Archive,
    catalogue::{Copy, CopyState},
    config::Tier,
    counts::{self, Direction},
    facts,
    fault::Fault,
    moving::{comparable, location},
    order::DeleteSource,
    packed,
    rights::{Permitted, ToArchive},
    round::{Step, Taken, ended_by},
    store::{copies, items::Ended},
};

/// Files that are copied at the same time.
const AT_ONCE: usize = 4;

/// A run of `archive`.
pub(crate) struct Into<'t> {
    pub(crate) tier: &'t Tier,
    pub(crate) delete: DeleteSource,
    pub(crate) grace_days: Option<u16>,
}

impl Into<'_> {
    /// When a source may go that is archived now.
    pub(crate) fn due(&self) -> Option<DateTime<Utc>> {
        let days = self.grace_days.unwrap_or(self.tier.config.grace_days);
        (self.delete == DeleteSource::AfterVerification).then(|| Utc::now() + TimeDelta::days(days.into()))
    }
}

#[async_trait]
impl Step for Into<'_> {
    type Permission = ToArchive;

    const DIRECTION: Direction = counts::IN;

    fn window(&self) -> i64 {
        if self.bytes().is_some() { packed::MOST_MEMBERS } else { 200 }
    }

    fn bytes(&self) -> Option<u64> {
        (self.tier.config.mode == crate::config::Mode::Packed).then(|| self.tier.block_size())
    }

    async fn fits(&self, archive: &Archive, bytes: u64) -> Result<(), Fault> {
        match archive.room(self.tier).await? {
            Some(free) if free < bytes => Err(Fault::user(format!(
                "the tier {} has room for {free} bytes, and the files have {bytes}",
                self.tier.name
            ))),
            _ => Ok(()),
        }
    }

    async fn window_of(&self, archive: &Archive, _: &Work, files: Vec<Taken<ToArchive>>) -> Vec<Ended> {
        let is_packed = self.bytes().is_some();
        let (alone, together): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.copy.is_some() || !is_packed);
        let mut ended: Vec<Ended> = stream::iter(alone)
            .map(|file| async move { self.one(archive, &file).await })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        if !together.is_empty() {
            ended.extend(packed::pack(archive, self.tier, self.due(), together).await);
        }
        ended
    }
}

impl Into<'_> {
    async fn one(&self, archive: &Archive, file: &Taken<ToArchive>) -> Ended {
        let mut ended = Ended { guid: file.record().did.clone(), ..Ended::default() };
        let done = match &file.copy {
            None => self.new_copy(archive, &file.permitted, &mut ended).await,
            Some(copy) => {
                ended.source = Some(copy.source.clone());
                ended.target = Some(copy.target.clone());
                self.known_copy(archive, &file.permitted, copy.clone()).await
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

    async fn new_copy(
        &self,
        archive: &Archive,
        permitted: &Permitted<ToArchive>,
        ended: &mut Ended,
    ) -> Result<&'static str, Fault> {
        let record = permitted.record();
        let size = comparable(record)?;
        let source = archive.source_of(record).await?;
        ended.source = Some(source.url());
        let key = format!("{}{}", self.tier.prefix, record.did);
        let target = Location::within(self.tier.bucket.clone(), key)
            .map_err(|error| Fault::store("the name of the copy", &error))?;
        let differs = |summed: &crate::digests::Summed| {
            let told = summed.difference(record.size, &record.hashes)?;
            Some(Fault::User(format!("{} is not what its record says: {told}", source.url())))
        };
        let copied = archive.copy((&source, None), &target, size, &record.hashes, differs).await?;
        ended.target = Some(target.url());
        ended.actual = Some(copied.sha256.clone());
        let back = archive.read_back(&target, None, &record.hashes).await?;
        if back != copied {
            // The source stays, and the wrong copy is of no use to anybody.
            let _ = archive.depot.delete(&target).await;
            return Err(Fault::System(format!("{} was not read back as it was written", target.url())));
        }
        let etag = archive.settled(self.tier, &target).await?;
        let copy = Copy {
            guid: record.did.clone(),
            tier: self.tier.name.clone(),
            target: target.url(),
            object: target.url(),
            first: 0,
            size: record.size.unwrap_or_default(),
            sha256: copied.sha256,
            etag,
            source: source.url(),
            state: CopyState::Copied,
            due: self.due(),
            until: None,
            damage: None,
        };
        copies::insert(&mut *archive.pool.acquire().await?, std::slice::from_ref(&copy)).await?;
        archive.name_copy(permitted, self.tier, copy).await?;
        Ok("archived")
    }

    /// What remains to be done with a file of which there is a copy.
    async fn known_copy(
        &self,
        archive: &Archive,
        permitted: &Permitted<ToArchive>,
        mut copy: Copy,
    ) -> Result<&'static str, Fault> {
        if copy.tier != self.tier.name {
            return Err(Fault::user(format!("it is in the tier {} already", copy.tier)));
        }
        if copy.damage.is_some() {
            // Somebody may have mended it.
            archive.check(&copy).await?;
        }
        let wants_to_delete = self.delete == DeleteSource::AfterVerification;
        let mut is_done = "already";
        if copy.state == CopyState::Copied {
            is_done = "archived";
        }
        match copy.state {
            CopyState::Copied | CopyState::Archived => {
                if wants_to_delete && copy.due.is_none() {
                    copy.due = self.due();
                }
                let is_due = wants_to_delete && copy.due.is_some_and(|due| due <= Utc::now());
                copy = archive.name_copy(permitted, self.tier, copy).await?;
                if !is_due {
                    return Ok(is_done);
                }
            }
            CopyState::Restored if wants_to_delete => {
                let until = [self.due(), copy.until].into_iter().flatten().min();
                let mut connection = archive.pool.acquire().await?;
                copies::set(&mut connection, &copy.guid, copy.state, None, until).await?;
                return Ok(is_done);
            }
            CopyState::Deleting => {}
            CopyState::Deleted | CopyState::Restoring | CopyState::Restored => return Ok(is_done),
        }
        archive.delete_source(permitted, self.tier, &copy).await?;
        Ok("deleted")
    }
}

impl Archive {
    /// Has the record name its copy, and writes down that it does. An unchanged record is left alone.
    pub(crate) async fn name_copy(
        &self,
        permitted: &Permitted<ToArchive>,
        tier: &Tier,
        mut copy: Copy,
    ) -> Result<Copy, Fault> {
        copy.state = CopyState::Archived;
        let record = self.current(permitted).await?;
        let patch = facts::with_copy(&record, tier, &copy, "validated");
        let is_as_it_was = patch.urls.as_ref() == Some(&record.urls)
            && patch.urls_metadata.as_ref() == Some(&record.urls_metadata);
        if !is_as_it_was {
            self.index.update(&Caller::Service, &record.revision(), &patch).await?;
        }
        let mut connection = self.pool.acquire().await?;
        copies::set(&mut connection, &copy.guid, copy.state, copy.due, copy.until).await?;
        Ok(copy)
    }

    /// The record as it is now: copying takes long. What was permitted must still be about it.
    pub(crate) async fn current<P>(&self, permitted: &Permitted<P>) -> Result<Record, Fault> {
        let found = self.index.get_many(std::slice::from_ref(&permitted.record().did)).await?;
        let record = found.into_iter().next().ok_or_else(|| Fault::user("its record is gone"))?;
        let renewed = permitted
            .renewed(record)
            .ok_or_else(|| Fault::System("its record has got another owner meanwhile".to_owned()))?;
        Ok(renewed.record().clone())
    }

    /// Deletes the source of a copy that is in order. The record lets go of it first; whoever finds it half
    /// done ends it.
    ///
    /// # Errors
    /// When others need the source, or the copy is not in order: nothing is deleted then.
    pub(crate) async fn delete_source(
        &self,
        permitted: &Permitted<ToArchive>,
        tier: &Tier,
        copy: &Copy,
    ) -> Result<(), Fault> {
        let source = location(&copy.source)?;
        self.refuse_shared(&copy.guid, &copy.source).await?;
        if let Err(fault) = self.check(copy).await {
            if matches!(fault, Fault::Damaged(_)) {
                self.say(permitted, copy, "damaged").await?;
            }
            return Err(fault);
        }
        let mut connection = self.pool.acquire().await?;
        copies::set(&mut connection, &copy.guid, CopyState::Deleting, copy.due, copy.until).await?;
        drop(connection);
        let record = self.current(permitted).await?;
        if facts::names(&record, &copy.source) {
            let patch = facts::without_source(&record, tier, copy);
            self.index.update(&Caller::Service, &record.revision(), &patch).await?;
        }
        // Somebody may have named it in the meantime.
        self.refuse_shared(&copy.guid, &copy.source).await?;
        self.depot.delete(&source).await.map_err(|error| Fault::store(&copy.source, &error))?;
        let mut connection = self.pool.acquire().await?;
        copies::set(&mut connection, &copy.guid, CopyState::Deleted, None, None).await?;
        Ok(())
    }

    /// # Errors
    /// When other records have the bytes at `url`.
    pub(crate) async fn refuse_shared(&self, guid: &str, url: &str) -> Result<(), Fault> {
        let holders = self.index.holders(&[url.to_owned()]).await?;
        let others = holders.into_iter().flat_map(|holders| holders.records);
        let others: Vec<String> = others.map(|record| record.did).filter(|did| did != guid).take(3).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Fault::user(format!("{url} is not deleted: other records have it, too: {}", others.join(", "))))
    }
}
