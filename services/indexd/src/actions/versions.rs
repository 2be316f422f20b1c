//! All versions of a record at once.

use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{Record, Revision},
    guid::Guid,
    input::VersionsUpdate,
    store::records::{self, Versions},
};

impl Indexd {
    /// All versions of a did or baseid, oldest first. A baseid whose records are all deleted has none.
    pub(crate) async fn versions(&self, guid: &Guid) -> Result<Vec<Record>, Error> {
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        let dids = layout.versions(&mut connection, guid).await?;
        match layout.load(&mut connection, &dids).await? {
            versions if versions.is_empty() && !records::is_base(&mut connection, guid).await? => {
                Err(Error::no_record())
            }
            versions => Ok(versions),
        }
    }

    /// The newest version of a did or baseid, among `versions`.
    pub(crate) async fn latest(&self, guid: &Guid, versions: Versions) -> Result<Record, Error> {
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        let did = layout.latest(&mut connection, guid, versions).await?.ok_or_else(Error::no_record)?;
        layout.by_did(&mut connection, &did).await?.ok_or_else(Error::no_record)
    }

    /// Gives all versions the same acl and authz, where given.
    pub(crate) async fn update_versions(
        &self,
        who: &Claimant,
        guid: &Guid,
        update: VersionsUpdate,
    ) -> Result<Vec<Revision>, Error> {
        let layout = self.layout().await?;
        let permit = self.may_update_versions(who, self.versions(guid).await?, update).await?;
        let mut transaction = self.pool.begin().await?;
        let renewed = layout.update_versions(&mut transaction, &permit).await?;
        transaction.commit().await?;
        Ok(renewed)
    }
}
