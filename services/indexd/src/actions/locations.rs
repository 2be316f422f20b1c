//! Who has the bytes at a location.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;
use indexclient::ownership::{Owner, Place};

use super::lookup::FEW;
use crate::{Error, Indexd, Layout, document::Record, guid::Guid, store::locations::Named};

/// Who has the bytes at one location, as [`indexclient::Holders`].
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Holders {
    pub(crate) records: Vec<Record>,
    pub(crate) ours: bool,
}

impl From<Holders> for indexclient::Holders {
    fn from(holders: Holders) -> Self {
        Self { records: holders.records.into_iter().map(Into::into).collect(), ours: holders.ours }
    }
}

impl Indexd {
    /// Calls `each` with an owner of records that have the bytes at one of `places`, and one of these
    /// records: for each owner twice at most, however many records are his, so that a place that very many
    /// records name costs no more than one that few do. Then says of each place whether it is in our buckets.
    pub(crate) async fn owners_at(
        &self,
        places: &[Place],
        mut each: impl FnMut(&Place, &Guid, Owner<'_>),
    ) -> Result<Vec<bool>, Error> {
        let layout = self.layout().await?;
        let asked: Vec<(i64, String)> = places.iter().enumerate().flat_map(spelled).collect();
        let owners = layout.place_owners(&mut *self.pool.acquire().await?, &asked).await?;
        for owner in &owners {
            let place = usize::try_from(owner.position).ok().and_then(|position| places.get(position));
            let Some(place) = place.filter(|place| Place::of(&owner.url).as_ref() == Some(*place)) else {
                continue;
            };
            for did in [&owner.first, &owner.last] {
                each(place, did, owner.owner());
            }
        }
        let by_key = |place: &Place| place.guids().into_iter().map(Guid::from).collect::<BTreeSet<_>>();
        let named: Vec<BTreeSet<Guid>> = places.iter().map(by_key).collect();
        let wanted: BTreeSet<Guid> = named.iter().flatten().cloned().collect();
        if !wanted.is_empty() {
            let found = layout.load(&mut *self.pool.acquire().await?, &Vec::from_iter(wanted)).await?;
            let found: HashMap<&Guid, &Record> = found.iter().map(|record| (&record.did, record)).collect();
            for (place, dids) in places.iter().zip(&named) {
                for record in dids.iter().filter_map(|did| found.get(did)) {
                    each(
                        place,
                        &record.did,
                        Owner::new(&record.authz, record.uploader.as_deref(), &record.acl),
                    );
                }
            }
        }
        let regions = self.regions.get().await;
        Ok(places.iter().map(|place| regions.may_have(place)).collect())
    }

    /// The holders of each of `urls`, in their order, without the record `known`. Two statements, whatever
    /// their number; one where nobody else has the bytes.
    pub(crate) async fn holders(&self, urls: &[String], known: Option<&Guid>) -> Result<Vec<Holders>, Error> {
        let places: Vec<Option<Place>> = urls.iter().map(|url| Place::of(url)).collect();
        if places.iter().all(Option::is_none) {
            return Ok(urls.iter().map(|_| Holders::default()).collect());
        }
        let dids = self.dids_at(&places).await?;
        let others = dids.iter().flatten().filter(|did| Some(*did) != known);
        let wanted: BTreeSet<Guid> = others.cloned().collect();
        let found = self.by_dids(&wanted).await?;
        let found: HashMap<&Guid, &Record> = found.iter().map(|record| (&record.did, record)).collect();
        let regions = self.regions.get().await;
        let holders = |(place, dids): (&Option<Place>, &BTreeSet<Guid>)| Holders {
            records: dids.iter().filter_map(|did| found.get(did).copied().cloned()).collect(),
            // Whether fence signs URLs for the place. Where that is not known, it may.
            ours: place.as_ref().is_some_and(|place| regions.may_have(place)),
        };
        Ok(places.iter().zip(&dids).map(holders).collect())
    }

    /// For each place the dids of the records that name it, and those that the key of an upload names.
    async fn dids_at(&self, places: &[Option<Place>]) -> Result<Vec<BTreeSet<Guid>>, Error> {
        let by_key = |place: &Option<Place>| {
            place.iter().flat_map(Place::guids).map(Guid::from).collect::<BTreeSet<_>>()
        };
        let mut dids: Vec<BTreeSet<Guid>> = places.iter().map(by_key).collect();
        let some = || places.iter().enumerate().filter_map(|(at, place)| Some((at, place.as_ref()?)));
        let layout = self.layout().await?;
        // What the database cannot be asked for must not spoil the statement of the others.
        let can_share = |(_, place): (usize, &Place)| !place.to_string().contains('\0');
        if layout == Layout::Multi && some().count() <= FEW && some().all(can_share) {
            let naming = try_join_all(some().map(|(_, place)| self.naming.get(place.clone()))).await?;
            if !naming.iter().any(|named| matches!(named, Some(Named::Unread))) {
                for ((at, _), named) in some().zip(naming) {
                    if let (Some(dids), Some(Named::By(named))) = (dids.get_mut(at), named) {
                        dids.extend(named);
                    }
                }
                return Ok(dids);
            }
        }
        let asked: Vec<(i64, String)> = some().flat_map(spelled).collect();
        let alike = layout.alike(&mut *self.pool.acquire().await?, &asked).await?;
        for (position, did, url) in alike {
            let Ok(position) = usize::try_from(position) else { continue };
            let (Some(place), Some(dids)) = (places.get(position), dids.get_mut(position)) else { continue };
            if Place::of(&url) == *place {
                dids.insert(did);
            }
        }
        Ok(dids)
    }
}

/// The spellings of a place, each with its position.
fn spelled((position, place): (usize, &Place)) -> Vec<(i64, String)> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    place.spellings().into_iter().map(|url| (position, url)).collect()
}
