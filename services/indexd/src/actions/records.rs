//! Creating, changing and deleting records.

use crate::{
    Error, Indexd,
    auth::{Claimant, Create, May},
    document::{Record, Revision},
    guid::Guid,
    input::{RecordInput, RecordUpdate, check_url_metadata},
    new_record::NewRecord,
};

impl Indexd {
    /// Creates records, all or none.
    pub(crate) async fn create(
        &self,
        who: &Claimant,
        inputs: Vec<RecordInput>,
    ) -> Result<Vec<Revision>, Error> {
        let layout = self.layout().await?;
        let records = inputs.into_iter().map(|input| self.config.index.new_record(input)).collect();
        let permit = self.may_create(who, records).await?;
        for record in permit.object() {
            record.input.check_dates()?;
        }
        let revisions: Vec<Revision> = permit.object().iter().map(NewRecord::revision).collect();
        let taken = if revisions.len() == 1 {
            // One statement is a transaction of its own.
            layout.insert_records(&mut *self.pool.acquire().await?, permit).await?
        } else {
            let mut transaction = self.pool.begin().await?;
            let taken = layout.insert_records(&mut transaction, permit).await?;
            if taken.is_empty() {
                transaction.commit().await?;
            }
            taken
        };
        match taken.first() {
            Some(did) => Err(Error::Conflict(format!("did \"{did}\" already exists"))),
            None => {
                self.counted();
                Ok(revisions)
            }
        }
    }

    /// Creates a new version of the record `guid` (exactly that did).
    pub(crate) async fn create_version(
        &self,
        who: &Claimant,
        guid: &Guid,
        input: RecordInput,
    ) -> Result<Revision, Error> {
        let old = self.record(guid).await?;
        let record = self.config.index.new_version(&old, input);
        let permit = self.may_create_version(who, &old, record).await?;
        // The original drops an update date without a creation date here, and refuses it for a new record.
        if permit.object().input.content_created.is_some() {
            permit.object().input.check_dates()?;
        }
        self.insert(permit).await
    }

    pub(super) async fn insert(&self, permit: May<Create, NewRecord>) -> Result<Revision, Error> {
        let layout = self.layout().await?;
        let revision = permit.object().revision();
        match layout.insert_record(&mut *self.pool.acquire().await?, permit).await? {
            Some(did) => Err(Error::Conflict(format!("{did} already exists"))),
            None => {
                self.counted();
                Ok(revision)
            }
        }
    }

    /// Replaces fields of the record `guid`.
    pub(crate) async fn update(
        &self,
        who: &Claimant,
        guid: &Guid,
        rev: Option<&str>,
        update: RecordUpdate,
    ) -> Result<Revision, Error> {
        let layout = self.layout().await?;
        let record = self.record(guid).await?;
        check_dates(&record, &update)?;
        if rev != Some(&record.rev) {
            return Err(Error::stale());
        }
        let permit = self.may_update(who, record, update).await?;
        let change = permit.object();
        if let Some(metadata) = &change.update.urls_metadata {
            check_url_metadata(metadata, change.update.urls.as_deref().unwrap_or(&change.record.urls))?;
        }
        let mut transaction = self.pool.begin().await?;
        let revision = layout.update_record(&mut transaction, &permit).await?.ok_or_else(Error::stale)?;
        transaction.commit().await?;
        Ok(revision)
    }

    /// Deletes the record `guid`.
    pub(crate) async fn delete(&self, who: &Claimant, guid: &Guid, rev: Option<&str>) -> Result<(), Error> {
        let layout = self.layout().await?;
        let rev = rev.ok_or_else(|| Error::bad("no revision specified"))?;
        let record = self.record(guid).await?;
        if rev != record.rev {
            return Err(Error::stale());
        }
        let permit = self.may_delete(who, record).await?;
        let mut transaction = self.pool.begin().await?;
        if !layout.delete_record(&mut transaction, &permit).await? {
            return Err(Error::stale());
        }
        transaction.commit().await?;
        self.counted();
        Ok(())
    }
}

/// An update date needs a creation date, in the request or stored, and must not come before it.
pub(super) fn check_dates(record: &Record, update: &RecordUpdate) -> Result<(), Error> {
    let created = update.content_created.or(record.content_created_date);
    match (created, update.content_updated) {
        (None, Some(_)) => Err(Error::bad("Cannot set content_updated_date without content_created_date")),
        (Some(created), Some(updated)) if updated < created => {
            Err(Error::bad("Cannot set content_updated_date before the content_created_date"))
        }
        _ => Ok(()),
    }
}
