//! Blank records: made before an upload, filled when the bytes are known.

use crate::{
    Error, Indexd,
    auth::Claimant,
    document::Revision,
    guid::Guid,
    input::{BlankFill, BlankInput},
};

impl Indexd {
    /// Creates a blank record.
    pub(crate) async fn create_blank(&self, who: &Claimant, input: BlankInput) -> Result<Revision, Error> {
        let permit = self.may_create_blank(who, self.config.index.new_blank(input)).await?;
        self.insert(permit).await
    }

    /// Creates a blank version of the record `guid`.
    pub(crate) async fn create_blank_version(
        &self,
        who: &Claimant,
        guid: &Guid,
        input: BlankInput,
    ) -> Result<Revision, Error> {
        let permit = self.may_create_blank_version(who, guid, input).await?;
        self.insert(permit).await
    }

    /// Gives the blank record `guid` its size, hashes and urls.
    pub(crate) async fn fill_blank(
        &self,
        who: &Claimant,
        guid: &Guid,
        rev: Option<&str>,
        fill: BlankFill,
    ) -> Result<Revision, Error> {
        let layout = self.layout().await?;
        let record = self.record(guid).await?;
        if record.size.unwrap_or(0) != 0 || !record.hashes.is_empty() {
            return Err(Error::bad("update api is not supported for non-empty record!"));
        }
        if rev != Some(&record.rev) {
            return Err(Error::stale());
        }
        let permit = self.may_fill(who, record, fill).await?;
        let mut transaction = self.pool.begin().await?;
        let revision = layout.fill_blank(&mut transaction, &permit).await?.ok_or_else(Error::stale)?;
        transaction.commit().await?;
        self.counted();
        Ok(revision)
    }
}
