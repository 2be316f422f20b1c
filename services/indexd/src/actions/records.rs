//! Creating, changing and deleting records.

use std::collections::BTreeSet;

use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{Record, Revision},
    guid,
    input::{RecordInput, RecordUpdate, check_url_metadata},
    store::{change, insert, insert::NewRow},
};

impl Indexd {
    /// Creates records, all or none.
    pub(crate) async fn create(
        &self,
        who: &Claimant,
        mut inputs: Vec<RecordInput>,
    ) -> Result<Vec<Revision>, Error> {
        let permit = self.permit(who, "create", &guards(&inputs)).await?;
        for input in &mut inputs {
            input.check_dates()?;
        }
        let rows: Vec<NewRow> = inputs.into_iter().map(|input| self.new_row(input)).collect();
        let revisions = rows.iter().map(revision).collect();
        let mut tx = self.pool.begin().await?;
        if let Some(did) = insert::records(&mut tx, &permit, rows).await?.first() {
            return Err(Error::Conflict(format!("did \"{did}\" already exists")));
        }
        tx.commit().await?;
        Ok(revisions)
    }

    /// Creates a new version of the record `guid` (exactly that did).
    pub(crate) async fn create_version(
        &self,
        who: &Claimant,
        guid: &str,
        mut input: RecordInput,
    ) -> Result<Revision, Error> {
        let old = self.record(guid).await?;
        let resources = union(&old.authz, &input.authz);
        let permit = self.permit(who, "update", &resources).await?;
        match input.content_created {
            // The original drops an update date without a creation date here, and refuses it for a new record.
            None => input.content_updated = None,
            Some(_) => input.check_dates()?,
        }
        input.baseid = Some(old.baseid.clone());
        input.uploader = None;
        let row = NewRow { aliases: Vec::new(), ..self.new_row(input) };
        let revision = revision(&row);
        let mut tx = self.pool.begin().await?;
        if let Some(did) = insert::records(&mut tx, &permit, vec![row]).await?.first() {
            return Err(Error::Conflict(format!("{did} already exists")));
        }
        tx.commit().await?;
        Ok(revision)
    }

    /// Replaces fields of the record `guid`.
    pub(crate) async fn update(
        &self,
        who: &Claimant,
        guid: &str,
        rev: Option<&str>,
        update: RecordUpdate,
    ) -> Result<Revision, Error> {
        let record = self.record(guid).await?;
        check_dates(&record, &update)?;
        if rev != Some(&record.rev) {
            return Err(Error::stale());
        }
        let resources = union(&record.authz, update.authz.as_deref().unwrap_or_default());
        let permit = self.permit(who, "update", &resources).await?;
        if let Some(metadata) = &update.urls_metadata {
            check_url_metadata(metadata, update.urls.as_deref().unwrap_or(&record.urls))?;
        }
        let mut tx = self.pool.begin().await?;
        let revision = change::update(&mut tx, &permit, &record, &update).await?.ok_or_else(Error::stale)?;
        tx.commit().await?;
        Ok(revision)
    }

    /// Deletes the record `guid`.
    pub(crate) async fn delete(&self, who: &Claimant, guid: &str, rev: Option<&str>) -> Result<(), Error> {
        let rev = rev.filter(|rev| !rev.is_empty()).ok_or_else(|| Error::bad("no revision specified"))?;
        let record = self.record(guid).await?;
        if rev != record.rev {
            return Err(Error::stale());
        }
        let permit = self.permit(who, "delete", &record.authz).await?;
        let mut tx = self.pool.begin().await?;
        if !change::delete(&mut tx, &permit, &record.revision()).await? {
            return Err(Error::stale());
        }
        tx.commit().await?;
        Ok(())
    }

    fn new_row(&self, input: RecordInput) -> NewRow {
        let did = input.did.unwrap_or_else(|| self.config.index.new_guid());
        let alias = (self.config.index.add_prefix_alias && !self.config.index.default_prefix.is_empty())
            .then(|| format!("{}{did}", self.config.index.default_prefix));
        NewRow {
            baseid: input.baseid.unwrap_or_else(guid::new_baseid),
            rev: guid::new_rev(),
            form: Some(input.form),
            size: Some(input.size),
            file_name: input.file_name,
            version: input.version,
            uploader: input.uploader,
            description: input.description,
            content_created: input.content_created,
            content_updated: input.content_updated,
            urls: input.urls,
            urls_metadata: input.urls_metadata,
            acl: input.acl,
            authz: input.authz,
            hashes: input.hashes,
            metadata: input.metadata,
            aliases: alias.into_iter().collect(),
            did,
        }
    }
}

fn revision(row: &NewRow) -> Revision {
    Revision { baseid: row.baseid.clone(), did: row.did.clone(), rev: row.rev.clone() }
}

/// What guards all of these records; empty when one of them is guarded by nothing, because then only
/// administrators count.
fn guards(inputs: &[RecordInput]) -> Vec<String> {
    if inputs.iter().any(|input| input.authz.is_empty()) {
        return Vec::new();
    }
    inputs.iter().flat_map(|input| &input.authz).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn union(a: &[String], b: &[String]) -> Vec<String> {
    a.iter().chain(b).cloned().collect::<BTreeSet<_>>().into_iter().collect()
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
