//! All versions of a record at once.

use std::collections::BTreeSet;

use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{Record, Revision},
    input::VersionsUpdate,
    store::{change, records},
};

impl Indexd {
    /// All versions of a did or baseid, oldest first.
    pub(crate) async fn versions(&self, guid: &str) -> Result<Vec<Record>, Error> {
        let mut connection = self.pool.acquire().await?;
        let dids = records::versions(&mut connection, guid).await?;
        match records::load(&mut connection, &dids).await? {
            versions if versions.is_empty() => Err(Error::no_record()),
            versions => Ok(versions),
        }
    }

    /// The newest version of a did or baseid; with `numbered`, of those that have a version text.
    pub(crate) async fn latest(&self, guid: &str, numbered: bool) -> Result<Record, Error> {
        let mut connection = self.pool.acquire().await?;
        let did = records::latest(&mut connection, guid, numbered).await?.ok_or_else(Error::no_record)?;
        records::by_did(&mut connection, &did).await?.ok_or_else(Error::no_record)
    }

    /// Gives all versions the same acl and authz, where given.
    pub(crate) async fn update_versions(
        &self,
        who: &Claimant,
        guid: &str,
        update: VersionsUpdate,
    ) -> Result<Vec<Revision>, Error> {
        let versions = self.versions(guid).await?;
        let resources: BTreeSet<String> = versions.iter().flat_map(|record| &record.authz).cloned().collect();
        let resources: Vec<String> = resources.into_iter().collect();
        let permit = self.permit(who, "update", &resources).await?;
        let revisions: Vec<Revision> = versions.iter().map(Record::revision).collect();
        let mut tx = self.pool.begin().await?;
        if !records::lock(&mut tx, &revisions).await? {
            return Err(Error::stale());
        }
        let renewed = change::update_versions(&mut tx, &permit, &revisions, &update).await?;
        tx.commit().await?;
        Ok(renewed)
    }
}
