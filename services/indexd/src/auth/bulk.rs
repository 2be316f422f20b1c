//! Who may write which of many records. The rules are those of single writes; what is asked of arborist and
//! of the index is asked once for all records alike.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::Hash,
    time::{Duration, Instant},
};

use actix_web::http::StatusCode;
use authz::Permission;
use indexclient::ownership::{Owner, Place};

use super::{
    Claimant,
    claims::{Claim, Claims},
    ownership::new_places,
    rights::{Create, Delete, Right, Update, guards_of_change},
    rules::{May, RecordChange},
};
use crate::{Error, Indexd, document::Record, guid::Guid, new_record::NewRecord};

/// What is to be written, each with a did of its own.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) creates: Vec<NewRecord>,
    pub(crate) updates: Vec<RecordChange>,
    pub(crate) deletes: Vec<Record>,
}

/// What may be written of it, and why the rest may not.
#[derive(Debug)]
pub(crate) struct Permitted {
    pub(crate) creates: May<Create, Vec<NewRecord>>,
    pub(crate) updates: May<Update, Vec<RecordChange>>,
    pub(crate) deletes: May<Delete, Vec<Record>>,
    pub(crate) refused: Vec<(Guid, Error)>,
}

impl Default for Permitted {
    fn default() -> Self {
        let (creates, updates) = (May::each(Vec::new()), May::each(Vec::new()));
        Self { creates, updates, deletes: May::each(Vec::new()), refused: Vec::new() }
    }
}

impl Permitted {
    /// The dids of records that are changed or deleted.
    pub(crate) fn existing(&self) -> impl Iterator<Item = &Guid> {
        let updated = self.updates.object().iter().map(|change| &change.record.did);
        updated.chain(self.deletes.object().iter().map(|record| &record.did))
    }

    /// What is permitted here and there.
    pub(crate) fn extend(&mut self, more: Self) {
        self.creates.extend(more.creates);
        self.updates.extend(more.updates);
        self.deletes.extend(more.deletes);
        self.refused.extend(more.refused);
    }
}

/// Methods, and the resources on which they are asked for.
type Asked = (&'static [&'static str], Vec<String>);

/// An answer of arborist is taken again for this long.
const LIFE: Duration = Duration::from_secs(60);

/// Who may write what of one request, and what the request has been permitted to claim so far.
pub(crate) struct Decisions<'r> {
    rights: Rights<'r>,
    /// Claims of the writes that were permitted last: in the index they are not yet.
    latest: Claims,
    /// Those of earlier writes that are not in the index either.
    carried: Claims,
}

/// The answers of arborist to one request.
struct Rights<'r> {
    indexd: &'r Indexd,
    who: &'r Claimant,
    known: Known<Asked, Result<Right, Refusal>>,
    users: Known<String, bool>,
}

/// Answers that are not old.
struct Known<Q, A> {
    answers: HashMap<Q, A>,
    since: Instant,
}

/// A "no" that can be given again.
#[derive(Debug, Clone)]
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn error(&self) -> Error {
        match self.status {
            StatusCode::FORBIDDEN => Error::Login(self.text.clone()),
            _ => Error::Denied(self.text.clone()),
        }
    }
}

impl<Q: Hash + Eq, A: Clone> Known<Q, A> {
    fn new(now: Instant) -> Self {
        Self { answers: HashMap::new(), since: now }
    }

    /// Forgets everything when the first of it may be old. Whether it has.
    fn age(&mut self, now: Instant) -> bool {
        let is_old = now.duration_since(self.since) >= LIFE;
        if is_old {
            *self = Self::new(now);
        }
        is_old
    }
}

/// What the index knows of the places and families that some writes name.
#[derive(Default)]
struct Found {
    claims: Claims,
    /// Places in our buckets.
    ours: HashSet<Place>,
}

impl<'r> Decisions<'r> {
    /// For a request of `who`.
    ///
    /// # Errors
    /// When it is known at once that they may write nothing: without a token that arborist believes, or a
    /// right login.
    pub(crate) async fn new(indexd: &'r Indexd, who: &'r Claimant) -> Result<Self, Error> {
        match who {
            Claimant::Token(token) => indexd.must_be_believed(token).await?,
            // A service has said who it is.
            Claimant::User(_) => {}
            who => drop(indexd.right::<Create>(who, &[]).await?),
        }
        let now = Instant::now();
        let rights = Rights { indexd, who, known: Known::new(now), users: Known::new(now) };
        Ok(Self { rights, latest: Claims::default(), carried: Claims::default() })
    }

    /// Asks about each of `writes`. What the writes before them have claimed counts if it was
    /// [carried on](Self::carry_on) or is in the index.
    ///
    /// # Errors
    /// When the failure is ours. Whatever else speaks against a write refuses that write alone.
    pub(crate) async fn permit(&mut self, writes: Writes) -> Result<Permitted, Error> {
        self.latest = Claims::default();
        if self.rights.age(Instant::now()) {
            self.carried.forget();
        }
        let mut found = self.rights.look_up(&writes).await?;
        let (mut creates, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused = Vec::new();
        for record in writes.creates {
            match ours_or(self.may_create(&record, &mut found).await)? {
                Ok(right) => creates.push((right, record)),
                Err(error) => refused.push((record.did, error)),
            }
        }
        for change in writes.updates {
            match ours_or(self.may_update(&change, &mut found).await)? {
                Ok(right) => updates.push((right, change)),
                Err(error) => refused.push((change.record.did, error)),
            }
        }
        for record in writes.deletes {
            match ours_or(self.rights.right::<Delete>(record.authz.clone()).await)? {
                Ok(right) => deletes.push((right, record)),
                Err(error) => refused.push((record.did, error)),
            }
        }
        let (creates, updates, deletes) = (May::each(creates), May::each(updates), May::each(deletes));
        Ok(Permitted { creates, updates, deletes, refused })
    }

    /// The writes that were permitted last count for those that follow, although the index does not have
    /// them: they are in a transaction that has not ended, or in a dry run.
    pub(crate) fn carry_on(&mut self) {
        self.carried.extend(std::mem::take(&mut self.latest));
    }

    /// As [`Indexd::may_create`] for one record.
    async fn may_create(&mut self, record: &NewRecord, found: &mut Found) -> Result<Right, Error> {
        let NewRecord { did, baseid, input, .. } = record;
        let right = self.rights.right::<Create>(input.authz.clone()).await?;
        if !self.rights.are_in_question() {
            return Ok(right);
        }
        let places = places(new_places(&input.urls, &[]));
        let mut claims: Vec<Claim> = places.iter().cloned().map(Claim::Place).collect();
        if let Some(baseid) = &input.baseid {
            // A family can be named by one of its members, too.
            let known = [&found.claims, &self.carried, &self.latest];
            let named = known.into_iter().filter_map(|known| known.family_of(baseid)).chain([baseid]);
            claims.extend(named.collect::<BTreeSet<_>>().into_iter().cloned().map(Claim::Family));
        }
        self.must_own(did, &claims, found).await?;
        let owner = Owner::new(&input.authz, input.uploader.as_deref(), &input.acl);
        self.latest.add_member(baseid, did, owner);
        places.into_iter().for_each(|place| self.latest.add(Claim::Place(place), did, owner));
        Ok(right)
    }

    /// As [`Indexd::may_update`] for one record.
    async fn may_update(&mut self, change: &RecordChange, found: &mut Found) -> Result<Right, Error> {
        let RecordChange { record, update } = change;
        let named = update.authz.as_deref().unwrap_or_default();
        let is_uploader = match record.owner() {
            Owner::Uploader(uploader) if !named.is_empty() => self.rights.is_user(uploader).await?,
            _ => false,
        };
        let guards = guards_of_change(record.owner(), named, is_uploader);
        let right = self.rights.right::<Update>(guards).await?;
        if !self.rights.are_in_question() {
            return Ok(right);
        }
        let places = places(places_of_change(change));
        let claims: Vec<Claim> = places.into_iter().map(Claim::Place).collect();
        self.must_own(&record.did, &claims, found).await?;
        let authz = update.authz.as_ref().unwrap_or(&record.authz);
        let owner = Owner::new(authz, record.uploader.as_deref(), &record.acl);
        claims.into_iter().for_each(|claim| self.latest.add(claim, &record.did, owner));
        Ok(right)
    }

    /// Refuses what belongs to other records than `did` that the caller may not update. The name of a record
    /// is the client's choice and gives no right: see `OwnUploads::DoNotCount`.
    async fn must_own(&mut self, did: &Guid, claims: &[Claim], found: &mut Found) -> Result<(), Error> {
        let Self { rights, latest, carried } = self;
        for claim in claims {
            let mut is_taken = false;
            for known in [&found.claims, &*latest, &*carried] {
                let Some(owners) = known.of(claim).filter(|owners| owners.has_other(did)) else { continue };
                is_taken = true;
                if owners.has_unguarded(did) || rights.is_another(owners.uploaders(did)).await? {
                    return rights.right::<Update>(Vec::new()).await.map(drop);
                }
            }
            if let Claim::Place(place) = claim
                && !is_taken
                && found.ours.contains(place)
            {
                return rights.right::<Update>(Vec::new()).await.map(drop);
            }
        }
        for claim in claims {
            for known in [&mut found.claims, &mut *latest, &mut *carried] {
                let Some(owners) = known.of_mut(claim) else { continue };
                while let Some(guards) = owners.next_guards(did).cloned() {
                    rights.right::<Update>(guards.clone()).await?;
                    owners.show(&guards);
                }
            }
        }
        Ok(())
    }
}

impl Rights<'_> {
    /// Whoever is believed without a token has every right.
    fn are_in_question(&self) -> bool {
        self.who.is_asked_about()
    }

    /// Forgets answers that are old. Whether there were some.
    fn age(&mut self, now: Instant) -> bool {
        self.users.age(now);
        self.known.age(now)
    }

    /// Two statements for all places and two for all families, and as many rows as there are owners: however
    /// many records are theirs.
    async fn look_up(&self, writes: &Writes) -> Result<Found, Error> {
        let mut found = Found::default();
        if !self.are_in_question() {
            return Ok(found);
        }
        let created = writes.creates.iter().flat_map(|record| new_places(&record.input.urls, &[]));
        let urls = created.chain(writes.updates.iter().flat_map(places_of_change));
        let places: BTreeSet<Place> = urls.filter_map(|url| Place::of(url)).collect();
        let places = Vec::from_iter(places);
        if !places.is_empty() {
            let claims = &mut found.claims;
            let add = |place: &Place, did: &Guid, owner: Owner<'_>| {
                claims.add(Claim::Place(place.clone()), did, owner);
            };
            let ours = self.indexd.owners_at(&places, add).await?;
            found.ours.extend(places.into_iter().zip(ours).filter(|(_, ours)| *ours).map(|(place, _)| place));
        }
        let families: BTreeSet<&Guid> =
            writes.creates.iter().filter_map(|record| record.input.baseid.as_ref()).collect();
        if families.is_empty() {
            return Ok(found);
        }
        let layout = self.indexd.layout().await?;
        let mut connection = self.indexd.pool.acquire().await?;
        let names = Vec::from_iter(families);
        for owner in layout.family_owners(&mut connection, &names).await? {
            for member in [&owner.first, &owner.last] {
                found.claims.add_member(&owner.baseid, member, owner.owner());
            }
        }
        for (did, baseid) in layout.families_of(&mut connection, &names).await? {
            found.claims.add_name(did, baseid);
        }
        Ok(found)
    }

    async fn right<P: Permission>(&mut self, mut resources: Vec<String>) -> Result<Right, Error> {
        resources.sort_unstable();
        resources.dedup();
        let question = (P::METHODS, resources);
        if let Some(answer) = self.known.answers.get(&question) {
            return answer.clone().map_err(|refusal| refusal.error());
        }
        let answer = self.indexd.right::<P>(self.who, &question.1).await;
        match &answer {
            Ok(right) => drop(self.known.answers.insert(question, Ok(*right))),
            Err(Error::Failed(_)) => {}
            Err(error) => {
                let refusal = Refusal { status: error.status(), text: error.public_text() };
                self.known.answers.insert(question, Err(refusal));
            }
        }
        answer
    }

    async fn is_user(&mut self, name: &str) -> Result<bool, Error> {
        if let Some(answer) = self.users.answers.get(name) {
            return Ok(*answer);
        }
        let answer = self.indexd.is_user(self.who, name).await?;
        self.users.answers.insert(name.to_owned(), answer);
        Ok(answer)
    }

    /// Whether one of these names is not that of the caller.
    async fn is_another(&mut self, names: impl Iterator<Item = &String>) -> Result<bool, Error> {
        for name in names {
            if !self.is_user(name).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn places(urls: Vec<&String>) -> BTreeSet<Place> {
    urls.into_iter().filter_map(|url| Place::of(url)).collect()
}

fn places_of_change(change: &RecordChange) -> Vec<&String> {
    new_places(change.update.urls.as_deref().unwrap_or_default(), &change.record.urls)
}

/// Lets failures of ours end everything, and nothing else.
fn ours_or<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(error @ Error::Failed(_)) => Err(error),
        answer => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_asked_for_again_after_a_minute() {
        let begun = Instant::now();
        let mut known = Known::<u8, bool>::new(begun);
        known.answers.insert(1, true);
        assert!(!known.age(begun + LIFE - Duration::from_secs(1)));
        assert_eq!(known.answers.len(), 1);
        assert!(known.age(begun + LIFE));
        assert_eq!(known.answers.len(), 0);
        assert!(!known.age(begun + LIFE + Duration::from_secs(1)));
    }
}
