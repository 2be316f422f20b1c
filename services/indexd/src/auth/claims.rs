//! What new records claim beside their own names, and to whom that belongs already.

use std::collections::HashMap;

use indexclient::ownership::{Owner, Place};

use crate::guid::Guid;

/// What a record claims by naming it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Claim {
    /// That its bytes are there.
    Place(Place),
    /// That it belongs to this family of versions.
    Family(Guid),
}

/// Some records, of which one is left out where that one asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Records {
    #[default]
    None,
    One(Guid),
    Several,
}

impl Records {
    fn add(&mut self, did: &Guid) {
        match self {
            Self::None => *self = Self::One(did.clone()),
            Self::One(known) if known != did => *self = Self::Several,
            Self::One(_) | Self::Several => {}
        }
    }

    fn extend(&mut self, more: &Self) {
        match more {
            Self::None => {}
            Self::One(did) => self.add(did),
            Self::Several => *self = Self::Several,
        }
    }

    fn has_other(&self, did: &Guid) -> bool {
        match self {
            Self::None => false,
            Self::One(known) => known != did,
            Self::Several => true,
        }
    }
}

/// The owners of the records that have made one claim, each once whatever the number of its records.
#[derive(Debug, Default)]
pub(super) struct Owners {
    all: Records,
    /// Those with guards for which the caller has not shown the right.
    guarded: HashMap<Vec<String>, Records>,
    /// Those for which the caller has, so that it is not looked at for each line again.
    shown: HashMap<Vec<String>, Records>,
    uploaders: HashMap<String, Records>,
    /// Those of nobody but administrators.
    unguarded: Records,
}

impl Owners {
    pub(super) fn add(&mut self, did: &Guid, owner: Owner<'_>) {
        self.all.add(did);
        match owner {
            Owner::Guards(guards) => match self.shown.get_mut(guards) {
                Some(records) => records.add(did),
                None => self.guarded.entry(guards.to_vec()).or_default().add(did),
            },
            Owner::Uploader(uploader) => self.uploaders.entry(uploader.to_owned()).or_default().add(did),
            Owner::AccessList | Owner::Nobody => self.unguarded.add(did),
        }
    }

    /// Whether a record other than `did` has made the claim.
    pub(super) fn has_other(&self, did: &Guid) -> bool {
        self.all.has_other(did)
    }

    /// Whether one of them is for administrators only.
    pub(super) fn has_unguarded(&self, did: &Guid) -> bool {
        self.unguarded.has_other(did)
    }

    /// The uploaders of the others.
    pub(super) fn uploaders(&self, did: &Guid) -> impl Iterator<Item = &String> {
        self.uploaders.iter().filter(|(_, records)| records.has_other(did)).map(|(uploader, _)| uploader)
    }

    /// Guards of one of the others, for which the right is to be shown.
    pub(super) fn next_guards(&self, did: &Guid) -> Option<&Vec<String>> {
        self.guarded.iter().find(|(_, records)| records.has_other(did)).map(|(guards, _)| guards)
    }

    /// The right has been shown for these guards.
    pub(super) fn show(&mut self, guards: &[String]) {
        if let Some((guards, records)) = self.guarded.remove_entry(guards) {
            self.shown.insert(guards, records);
        }
    }

    /// All rights have to be shown again.
    fn forget(&mut self) {
        self.guarded.extend(self.shown.drain());
    }

    fn extend(&mut self, more: Self) {
        self.all.extend(&more.all);
        self.unguarded.extend(&more.unguarded);
        for (guards, records) in more.guarded.into_iter().chain(more.shown) {
            let known = match self.shown.get_mut(&guards) {
                Some(known) => known,
                None => self.guarded.entry(guards).or_default(),
            };
            known.extend(&records);
        }
        for (uploader, records) in more.uploaders {
            self.uploaders.entry(uploader).or_default().extend(&records);
        }
    }
}

/// The claims that some records have made.
#[derive(Debug, Default)]
pub(super) struct Claims {
    owners: HashMap<Claim, Owners>,
    /// Members of families by their own names.
    baseids: HashMap<Guid, Guid>,
}

impl Claims {
    pub(super) fn add(&mut self, claim: Claim, did: &Guid, owner: Owner<'_>) {
        self.owners.entry(claim).or_default().add(did, owner);
    }

    pub(super) fn add_member(&mut self, baseid: &Guid, did: &Guid, owner: Owner<'_>) {
        self.add(Claim::Family(baseid.clone()), did, owner);
        self.add_name(did.clone(), baseid.clone());
    }

    /// The family can be named by the member `did`.
    pub(super) fn add_name(&mut self, did: Guid, baseid: Guid) {
        self.baseids.insert(did, baseid);
    }

    pub(super) fn of(&self, claim: &Claim) -> Option<&Owners> {
        self.owners.get(claim)
    }

    pub(super) fn of_mut(&mut self, claim: &Claim) -> Option<&mut Owners> {
        self.owners.get_mut(claim)
    }

    /// The family of the member `did`.
    pub(super) fn family_of(&self, did: &Guid) -> Option<&Guid> {
        self.baseids.get(did)
    }

    pub(super) fn extend(&mut self, more: Self) {
        for (claim, owners) in more.owners {
            self.owners.entry(claim).or_default().extend(owners);
        }
        self.baseids.extend(more.baseids);
    }

    /// All rights have to be shown again.
    pub(super) fn forget(&mut self) {
        self.owners.values_mut().for_each(Owners::forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(text: &str) -> Guid {
        Guid::from(text.to_owned())
    }

    #[test]
    fn an_owner_counts_once_whatever_the_number_of_its_records_and_not_for_its_only_record() {
        let mut owners = Owners::default();
        let guards = ["/a".to_owned()];
        for _ in 0..2 {
            owners.add(&guid("1"), Owner::Guards(&guards));
        }
        assert!(!owners.has_other(&guid("1")) && owners.has_other(&guid("2")));
        assert_eq!(
            (owners.next_guards(&guid("1")), owners.next_guards(&guid("2"))),
            (None, Some(&guards.to_vec()))
        );
        for n in 2..1000 {
            owners.add(&guid(&n.to_string()), Owner::Guards(&guards));
        }
        assert_eq!((owners.guarded.len(), owners.next_guards(&guid("1"))), (1, Some(&guards.to_vec())));
        owners.add(&guid("1"), Owner::Nobody);
        owners.add(&guid("1"), Owner::Uploader("me"));
        assert!(!owners.has_unguarded(&guid("1")) && owners.has_unguarded(&guid("2")));
        assert_eq!((owners.uploaders(&guid("1")).count(), owners.uploaders(&guid("2")).count()), (0, 1));
    }

    #[test]
    fn what_was_shown_is_asked_again_only_when_it_is_forgotten() {
        let mut claims = Claims::default();
        let (family, guards) = (Claim::Family(guid("f")), ["/a".to_owned()]);
        claims.add_member(&guid("f"), &guid("1"), Owner::Guards(&guards));
        assert_eq!(claims.family_of(&guid("1")), Some(&guid("f")));
        let next =
            |claims: &Claims| claims.of(&family).and_then(|owners| owners.next_guards(&guid("9")).cloned());
        claims.of_mut(&family).expect("known").show(&guards);
        claims.add_member(&guid("f"), &guid("2"), Owner::Guards(&guards));
        assert_eq!(next(&claims), None);
        claims.forget();
        assert_eq!(next(&claims), Some(guards.to_vec()));
    }
}
