//! Blank records: made before an upload, filled when the bytes are known.

use super::records::union;
use crate::{
    Error, Indexd,
    auth::{Claimant, Permit},
    document::Revision,
    guid,
    input::{BlankFill, BlankInput},
    store::{change, insert, insert::NewRow},
};

/// Who may upload files at all may make and fill blank records.
const UPLOADS: &str = "/data_file";

impl Indexd {
    /// Creates a blank record.
    pub(crate) async fn create_blank(&self, who: &Claimant, input: BlankInput) -> Result<Revision, Error> {
        let authz = input.authz.unwrap_or_default();
        let permit = self.permit_or_upload(who, "create", &authz, !authz.is_empty()).await?;
        let row = NewRow {
            did: self.config.index.new_guid(),
            baseid: guid::new_baseid(),
            rev: guid::new_rev(),
            uploader: input.uploader,
            file_name: input.file_name,
            authz,
            ..NewRow::default()
        };
        self.insert_blank(&permit, row).await
    }

    /// Creates a blank version of the record `guid`. Without authz of its own it has the guards of the old one.
    pub(crate) async fn create_blank_version(
        &self,
        who: &Claimant,
        guid: &str,
        input: BlankInput,
    ) -> Result<Revision, Error> {
        if let Some(authz) = &input.authz {
            self.permit(who, "create", authz).await?;
        }
        let old = self.record(guid).await?;
        let permit = self.permit(who, "update", &old.authz).await?;
        let (authz, acl) = match input.authz {
            Some(authz) => (authz, Vec::new()),
            None => (old.authz, old.acl),
        };
        let row = NewRow {
            did: input.did.unwrap_or_else(|| self.config.index.new_guid()),
            baseid: old.baseid,
            rev: guid::new_rev(),
            uploader: input.uploader,
            file_name: input.file_name,
            authz,
            acl,
            ..NewRow::default()
        };
        self.insert_blank(&permit, row).await
    }

    /// Gives the blank record `guid` its size, hashes and urls.
    pub(crate) async fn fill_blank(
        &self,
        who: &Claimant,
        guid: &str,
        rev: Option<&str>,
        fill: BlankFill,
    ) -> Result<Revision, Error> {
        let record = self.record(guid).await?;
        if record.size.unwrap_or(0) != 0 || !record.hashes.is_empty() {
            return Err(Error::bad("update api is not supported for non-empty record!"));
        }
        if rev != Some(&record.rev) {
            return Err(Error::stale());
        }
        let given = fill.authz.as_deref().unwrap_or_default();
        let resources = union(&record.authz, given);
        let permit = self.permit_or_upload(who, "update", &resources, !given.is_empty()).await?;
        let mut tx = self.pool.begin().await?;
        let revision = change::fill(&mut tx, &permit, &record, &fill).await?.ok_or_else(Error::stale)?;
        tx.commit().await?;
        Ok(revision)
    }

    /// Permission by `resources` when the request names some, else (and when that is denied) by the right to
    /// upload files.
    async fn permit_or_upload(
        &self,
        who: &Claimant,
        method: &str,
        resources: &[String],
        named: bool,
    ) -> Result<Permit, Error> {
        if named && let Ok(permit) = self.permit(who, method, resources).await {
            return Ok(permit);
        }
        self.permit(who, "file_upload", &[UPLOADS.to_owned()]).await
    }

    async fn insert_blank(&self, permit: &Permit, row: NewRow) -> Result<Revision, Error> {
        let revision = Revision { baseid: row.baseid.clone(), did: row.did.clone(), rev: row.rev.clone() };
        let mut tx = self.pool.begin().await?;
        if let Some(did) = insert::records(&mut tx, permit, vec![row]).await?.first() {
            return Err(Error::Conflict(format!("{did} already exists")));
        }
        tx.commit().await?;
        Ok(revision)
    }
}
