//! What each change needs, and the proof that it was there.
//!
//! This is the only place that decides which right, on which resources, permits which change.

use std::{collections::BTreeSet, marker::PhantomData};

use indexclient::ownership::Owner;

use super::{
    Claimant,
    ownership::{OwnUploads, new_places},
    rights::{Create, Delete, FileUpload, Right, Update, union},
};
use crate::{
    Error, Indexd,
    document::Record,
    guid::Guid,
    input::{BlankFill, BlankInput, RecordUpdate, VersionsUpdate},
    new_record::NewRecord,
};

/// Who may upload files at all may make and fill blank records.
const UPLOADS: &str = "/data_file";
/// Guards all bundles.
const BUNDLES: &str = "/services/indexd/bundles";

/// Proof that somebody may do `A` to the object `O` that it holds. Only the rules of this module make one;
/// the functions of [`permits`](crate::permits) take their object from it.
#[derive(Debug)]
pub struct May<A, O> {
    object: O,
    action: PhantomData<fn() -> A>,
}

impl<A, O> May<A, O> {
    fn by(_: Right, object: O) -> Self {
        Self { object, action: PhantomData }
    }

    /// For objects of which each has its own right.
    pub(super) fn each(objects: Vec<(Right, O)>) -> May<A, Vec<O>> {
        May { object: objects.into_iter().map(|(_, object)| object).collect(), action: PhantomData }
    }

    pub(crate) fn object(&self) -> &O {
        &self.object
    }

    pub(crate) fn into_object(self) -> O {
        self.object
    }
}

impl<A, O> May<A, Vec<O>> {
    /// The objects of both proofs.
    pub(crate) fn extend(&mut self, more: Self) {
        self.object.extend(more.object);
    }

    /// The same in parts of at most `most` objects. If there are several of them, they are in the order of
    /// `key`.
    pub(crate) fn parts<K: Ord>(mut self, most: usize, key: impl Fn(&O) -> &K) -> Vec<Self> {
        if self.object.len() <= most {
            return vec![self];
        }
        self.object.sort_by(|a, b| key(a).cmp(key(b)));
        let mut rest = self.object.into_iter().peekable();
        let mut parts = Vec::new();
        while rest.peek().is_some() {
            parts.push(Self { object: rest.by_ref().take(most).collect(), action: PhantomData });
        }
        parts
    }
}

/// A record, and what is to be replaced in it.
#[derive(Debug)]
pub struct RecordChange {
    pub(crate) record: Record,
    pub(crate) update: RecordUpdate,
}

/// A blank record, and what it is to be filled with.
#[derive(Debug)]
pub struct BlankFilling {
    pub(crate) record: Record,
    pub(crate) fill: BlankFill,
}

/// All versions of a record, and the guards that they are to get.
#[derive(Debug)]
pub struct VersionsChange {
    pub(crate) versions: Vec<Record>,
    pub(crate) update: VersionsUpdate,
}

/// A record, and names that it is to get.
#[derive(Debug)]
pub struct RecordAliases {
    pub(crate) record: Record,
    pub(crate) names: Vec<String>,
}

/// Names for many records, as pairs of a did and a name. All of the dids are those of `records`.
#[derive(Debug)]
pub struct NewAliases {
    pub(crate) records: Vec<Record>,
    pub(crate) aliases: Vec<(Guid, String)>,
}

/// The bundles as a whole: they have one guard.
#[derive(Debug)]
pub struct AllBundles;

/// The bundle of this id.
#[derive(Debug)]
pub struct BundleId(pub(crate) Guid);

/// The legacy alias of this name.
#[derive(Debug)]
pub struct LegacyName(pub(crate) String);

/// Records.
impl Indexd {
    /// New records need `create` on everything that guards them; and, beside that, the right to the places
    /// that they name and to the families that they join.
    pub(crate) async fn may_create(
        &self,
        who: &Claimant,
        records: Vec<NewRecord>,
    ) -> Result<May<Create, Vec<NewRecord>>, Error> {
        let guards = guards_of_all(records.iter().map(|record| record.input.authz.as_slice()));
        let right = self.right::<Create>(who, &guards).await?;
        self.must_dispose_of(who, &places(&records), OwnUploads::DoNotCount).await?;
        let families: Vec<&Guid> = records.iter().filter_map(|record| record.input.baseid.as_ref()).collect();
        self.must_belong_to(who, &families).await?;
        Ok(May::by(right, records))
    }

    /// A new version needs `update` on the old record and on its own guards, and the right to the places that
    /// it names and the old record does not.
    pub(crate) async fn may_create_version(
        &self,
        who: &Claimant,
        old: &Record,
        record: NewRecord,
    ) -> Result<May<Create, NewRecord>, Error> {
        let right = self.right_of::<Update>(who, old.owner(), &record.input.authz).await?;
        let named = new_places(&record.input.urls, &old.urls).into_iter().map(|url| (&record.did, url));
        self.must_dispose_of(who, &Vec::from_iter(named), OwnUploads::DoNotCount).await?;
        Ok(May::by(right, record))
    }

    /// A change needs `update` on the record and on the guards that it gets; whoever may write to these can
    /// claim a record of their own uploads, and one of nobody. New places need the right to dispose of them.
    pub(crate) async fn may_update(
        &self,
        who: &Claimant,
        record: Record,
        update: RecordUpdate,
    ) -> Result<May<Update, RecordChange>, Error> {
        let named = update.authz.as_deref().unwrap_or_default();
        let right = self.right_of::<Update>(who, record.owner(), named).await?;
        let urls = update.urls.as_deref().unwrap_or_default();
        let named = new_places(urls, &record.urls).into_iter().map(|url| (&record.did, url));
        self.must_dispose_of(who, &Vec::from_iter(named), OwnUploads::DoNotCount).await?;
        Ok(May::by(right, RecordChange { record, update }))
    }

    /// The versions of a record need `update` on all of them, not on the guards that they get.
    pub(crate) async fn may_update_versions(
        &self,
        who: &Claimant,
        versions: Vec<Record>,
        update: VersionsUpdate,
    ) -> Result<May<Update, VersionsChange>, Error> {
        let guards = guards_of_all(versions.iter().map(|record| record.authz.as_slice()));
        let right = self.right::<Update>(who, &guards).await?;
        Ok(May::by(right, VersionsChange { versions, update }))
    }

    /// A deletion, of a record or of its aliases, needs `delete` on the guards of the record.
    pub(crate) async fn may_delete(
        &self,
        who: &Claimant,
        record: Record,
    ) -> Result<May<Delete, Record>, Error> {
        Ok(May::by(self.right::<Delete>(who, &record.authz).await?, record))
    }
}

/// Blank records.
impl Indexd {
    /// A blank record needs `create` on the guards that it names; without any, or without that right, it
    /// needs the right to upload files.
    pub(crate) async fn may_create_blank(
        &self,
        who: &Claimant,
        record: NewRecord,
    ) -> Result<May<Create, NewRecord>, Error> {
        let guards = &record.input.authz;
        let right = self.right_or_upload::<Create>(who, guards, guards).await?;
        Ok(May::by(right, record))
    }

    /// A blank version needs `create` on the guards that it names, which is asked before the old record is
    /// looked for, and `update` on those of the old record. Only administrators choose its did: the name of a
    /// blank record says whose bytes an upload has brought.
    pub(crate) async fn may_create_blank_version(
        &self,
        who: &Claimant,
        old: &Guid,
        input: BlankInput,
    ) -> Result<May<Create, NewRecord>, Error> {
        if let Some(authz) = &input.authz {
            self.right::<Create>(who, authz).await?;
        }
        if input.did.is_some() {
            self.right::<Create>(who, &[]).await?;
        }
        let old = self.record(old).await?;
        let right = self.right::<Update>(who, &old.authz).await?;
        Ok(May::by(right, self.config.index.new_blank_version(old, input)))
    }

    /// A blank record is filled by its uploader, who needs the right to upload files, and by whoever has
    /// `update` on its guards, the old and the new ones. One of nobody is filled by whoever may upload files.
    pub(crate) async fn may_fill(
        &self,
        who: &Claimant,
        record: Record,
        fill: BlankFill,
    ) -> Result<May<Update, BlankFilling>, Error> {
        let named = fill.authz.as_deref().unwrap_or_default();
        let is_own = match &record.uploader {
            Some(uploader) => self.is_user(who, uploader).await?,
            None => record.owner() == Owner::Nobody,
        };
        let right = if is_own {
            self.right_or_upload::<Update>(who, named, &union(&record.authz, named)).await?
        } else {
            self.right_of::<Update>(who, record.owner(), named).await?
        };
        let places = new_places(&fill.urls, &record.urls).into_iter().map(|url| (&record.did, url));
        self.must_dispose_of(who, &Vec::from_iter(places), OwnUploads::Count).await?;
        Ok(May::by(right, BlankFilling { record, fill }))
    }

    /// The right to `P` on `guards` when the request names some, else (and when that is denied) the right to
    /// upload files.
    async fn right_or_upload<P: authz::Permission>(
        &self,
        who: &Claimant,
        named: &[String],
        guards: &[String],
    ) -> Result<Right, Error> {
        if !named.is_empty()
            && let Ok(right) = self.right::<P>(who, guards).await
        {
            return Ok(right);
        }
        self.right::<FileUpload>(who, &[UPLOADS.to_owned()]).await
    }
}

/// Aliases and bundles.
impl Indexd {
    /// Aliases of a record need `update` on its guards.
    pub(crate) async fn may_change_aliases(
        &self,
        who: &Claimant,
        record: Record,
        names: Vec<String>,
    ) -> Result<May<Update, RecordAliases>, Error> {
        let right = self.right::<Update>(who, &record.authz).await?;
        Ok(May::by(right, RecordAliases { record, names }))
    }

    /// Aliases of many records need `update` on everything that guards these.
    pub(crate) async fn may_add_aliases(
        &self,
        who: &Claimant,
        aliases: Vec<(Guid, String)>,
    ) -> Result<May<Update, NewAliases>, Error> {
        let dids: BTreeSet<Guid> = aliases.iter().map(|(did, _)| did.clone()).collect();
        let records = self.records_of_all(&Vec::from_iter(dids)).await?;
        let guards = guards_of_all(records.iter().map(|record| record.authz.as_slice()));
        let right = self.right::<Update>(who, &guards).await?;
        Ok(May::by(right, NewAliases { records, aliases }))
    }

    /// A legacy alias names no record that could guard it: only a basic login may write one.
    pub(crate) async fn may_put_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
    ) -> Result<May<Update, LegacyName>, Error> {
        Ok(May::by(self.right_by_login(who).await?, LegacyName(name.to_owned())))
    }

    /// As [`Self::may_put_legacy_alias`].
    pub(crate) async fn may_delete_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
    ) -> Result<May<Delete, LegacyName>, Error> {
        Ok(May::by(self.right_by_login(who).await?, LegacyName(name.to_owned())))
    }

    /// A new bundle needs `create` on the guard of all bundles. Its body is read after that.
    pub(crate) async fn may_create_bundle(&self, who: &Claimant) -> Result<May<Create, AllBundles>, Error> {
        Ok(May::by(self.right::<Create>(who, &[BUNDLES.to_owned()]).await?, AllBundles))
    }

    /// The deletion of a bundle needs `delete` on the guard of all bundles.
    pub(crate) async fn may_delete_bundle(
        &self,
        who: &Claimant,
        id: Guid,
    ) -> Result<May<Delete, BundleId>, Error> {
        Ok(May::by(self.right::<Delete>(who, &[BUNDLES.to_owned()]).await?, BundleId(id)))
    }
}

/// What guards all of many records; empty when one of them is guarded by nothing, because then only
/// administrators count.
fn guards_of_all<'a>(records: impl Iterator<Item = &'a [String]> + Clone) -> Vec<String> {
    if records.clone().any(<[String]>::is_empty) {
        return Vec::new();
    }
    records.flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The locations that new records name, each with its record.
fn places(records: &[NewRecord]) -> Vec<(&Guid, &String)> {
    let mut places = Vec::new();
    for record in records {
        let urls = new_places(&record.input.urls, &[]);
        places.extend(urls.into_iter().map(|url| (&record.did, url)));
    }
    places
}
