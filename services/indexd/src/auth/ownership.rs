//! Whether somebody may name a place of bytes, or join a family of versions.
//!
//! The rule itself is [`indexclient::ownership`]; here it is asked of arborist.

use std::collections::BTreeSet;

use indexclient::{
    Holders,
    ownership::{Naming, Owner, Place},
};

use super::{Claimant, rights::Update};
use crate::{Error, Indexd, document::Record, guid::Guid};

impl Record {
    /// Whose the record is.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner::new(&self.authz, self.uploader.as_deref(), &self.acl)
    }
}

/// Whether the key of an upload makes its object that of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnUploads {
    /// The record is blank and has its name from us: nobody else's bytes can lie under it.
    Count,
    /// Clients choose names of records, among others those of records that are gone and whose bytes are not.
    DoNotCount,
}

impl Indexd {
    /// Refuses locations, as pairs of the record that is to name it and the url, of which the claimant may
    /// not dispose: those of other records that they may not update, and those in our buckets that no record
    /// has.
    pub(super) async fn must_dispose_of(
        &self,
        who: &Claimant,
        named: &[(&Guid, &String)],
        uploads: OwnUploads,
    ) -> Result<(), Error> {
        if !who.is_asked_about() || named.is_empty() {
            // Whoever is believed without a token has every right.
            return Ok(());
        }
        let urls: Vec<String> = named.iter().map(|(_, url)| (*url).clone()).collect();
        let mut holders: Vec<Holders> =
            self.holders(&urls, None).await?.into_iter().map(Into::into).collect();
        let mut needs = Needs::default();
        for ((did, _), holders) in named.iter().zip(&mut holders) {
            if uploads == OwnUploads::DoNotCount {
                holders.records.retain(|record| record.did != did.as_str());
            }
            needs.add_naming(did, holders);
        }
        self.must_meet(who, needs).await
    }

    /// Refuses families of versions of which the claimant may not update every member.
    pub(super) async fn must_belong_to(&self, who: &Claimant, baseids: &[&Guid]) -> Result<(), Error> {
        let layout = self.layout().await?;
        if !who.is_asked_about() || baseids.is_empty() {
            return Ok(());
        }
        let owners = layout.family_owners(&mut *self.pool.acquire().await?, baseids).await?;
        let mut needs = Needs::default();
        owners.iter().for_each(|owners| needs.add(owners.owner()));
        self.must_meet(who, needs).await
    }

    async fn must_meet(&self, who: &Claimant, mut needs: Needs) -> Result<(), Error> {
        for uploader in &needs.uploaders {
            needs.administrator = needs.administrator || !self.is_user(who, uploader).await?;
        }
        if needs.administrator {
            self.right::<Update>(who, &[]).await?;
        } else if !needs.guards.is_empty() {
            self.right::<Update>(who, &Vec::from_iter(needs.guards)).await?;
        }
        Ok(())
    }
}

/// Locations of `urls` that `kept` does not name yet, in any spelling.
pub(super) fn new_places<'u>(urls: &'u [String], kept: &[String]) -> Vec<&'u String> {
    let places: BTreeSet<Place> = kept.iter().filter_map(|url| Place::of(url)).collect();
    urls.iter().filter(|url| Place::of(url).is_some_and(|place| !places.contains(&place))).collect()
}

/// What it needs to update some records.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) guards: BTreeSet<String>,
    pub(super) uploaders: BTreeSet<String>,
    pub(super) administrator: bool,
}

impl Needs {
    /// What the record `did` needs to name the place that has these holders.
    pub(super) fn add_naming(&mut self, did: &Guid, holders: &Holders) {
        match Naming::of(did.as_str(), holders) {
            Naming::Free => {}
            Naming::Rights(owners) => owners.into_iter().for_each(|owner| self.add(owner)),
            Naming::Administrator => self.administrator = true,
        }
    }

    pub(super) fn add(&mut self, owner: Owner<'_>) {
        match owner {
            Owner::Guards(guards) => self.guards.extend(guards.iter().cloned()),
            Owner::Uploader(uploader) => {
                self.uploaders.insert(uploader.to_owned());
            }
            Owner::AccessList | Owner::Nobody => self.administrator = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_kept_is_not_new_in_another_spelling() {
        let urls = ["s3://b/a", "s3://b//k", "S3://B/k", "https://example.org/x"].map(String::from);
        let kept = ["s3://b/k".to_owned()];
        assert_eq!(new_places(&urls, &kept), ["s3://b/a"]);
        assert_eq!(new_places(&urls, &[]).len(), 3);
    }
}
