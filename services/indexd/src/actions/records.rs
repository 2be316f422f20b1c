//! Creating, changing and deleting records.

use crate::{
    Error, Indexd,
    auth::{Claimant, Create, May},
    document::{Record, Revision},
    guid::Guid,
    input::{RecordInput, RecordUpdate, check_url_metadata},
    new_record::NewRecord,
    store::{change, insert},
};

impl Indexd {
    /// Creates records, all or none.
    pub(crate) async fn create(
        &self,
        who: &Claimant,
        inputs: Vec<RecordInput>,
    ) -> Result<Vec<Revision>, Error> {
        let records = inputs.into_iter().map(|input| self.config.index.new_record(input)).collect();
        let permit = self.may_create(who, records).await?;
        for record in permit.object() {
            record.input.check_dates()?;
        }
        let revisions = permit.object().iter().map(NewRecord::revision).collect();
        let mut transaction = self.pool.begin().await?;
        if let Some(did) = insert::insert_records(&mut transaction, permit).await?.first() {
            return Err(Error::Conflict(format!("did \"{did}\" already exists")));
        }
        transaction.commit().await?;
        Ok(revisions)
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
        let revision = permit.object().revision();
        let mut transaction = self.pool.begin().await?;
        if let Some(did) = insert::insert_record(&mut transaction, permit).await? {
            return Err(Error::Conflict(format!("{did} already exists")));
        }
        transaction.commit().await?;
        Ok(revision)
    }

    /// Replaces fields of the record `guid`.
    pub(crate) async fn update(
        &self,
        who: &Claimant,
        guid: &Guid,
        rev: Option<&str>,
        update: RecordUpdate,
    ) -> Result<Revision, Error> {
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
        let revision = change::update_record(&mut transaction, &permit).await?.ok_or_else(Error::stale)?;
        transaction.commit().await?;
        Ok(revision)
    }

    /// Deletes the record `guid`.
    pub(crate) async fn delete(&self, who: &Claimant, guid: &Guid, rev: Option<&str>) -> Result<(), Error> {
        let rev = rev.filter(|rev| !rev.is_empty()).ok_or_else(|| Error::bad("no revision specified"))?;
        let record = self.record(guid).await?;
        if rev != record.rev {
            return Err(Error::stale());
        }
        let permit = self.may_delete(who, record).await?;
        let mut transaction = self.pool.begin().await?;
        if !change::delete_record(&mut transaction, &permit).await? {
            return Err(Error::stale());
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// An update date needs a creation date, in the request or stored, and must not come before it.
fn check_dates(record: &Record, update: &RecordUpdate) -> Result<(), Error> {
    let created = update.content_created.or(record.content_created_date);
    match (created, update.content_updated) {
        (None, Some(_)) => Err(Error::bad("Cannot set content_updated_date without content_created_date")),
        (Some(created), Some(updated)) if updated < created => {
            Err(Error::bad("Cannot set content_updated_date before the content_created_date"))
        }
        _ => Ok(()),
    }
}
