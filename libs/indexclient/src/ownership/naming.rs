//! What it needs to say that a record's bytes are at a place.

use super::Owner;
use crate::Holders;

/// What a record needs so that it may name a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming<'h> {
    /// Nothing more than the right to the record.
    Free,
    /// The right to other records, which have the place already: that of all of these owners.
    Rights(Vec<Owner<'h>>),
    /// The right to administrate: the place is in a bucket of this commons, and no record has it, so that
    /// nobody can say whose bytes these are.
    Administrator,
}

impl<'h> Naming<'h> {
    /// What the record `did` needs to name the place that has these holders.
    pub fn of(did: &str, holders: &'h Holders) -> Self {
        let others: Vec<Owner<'h>> =
            holders.records.iter().filter(|record| record.did != did).map(Owner::of).collect();
        if !others.is_empty() {
            Self::Rights(others)
        } else if holders.records.is_empty() && holders.ours {
            Self::Administrator
        } else {
            Self::Free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    #[test]
    fn a_place_is_free_where_we_sign_nothing_and_otherwise_its_holders_decide() {
        let record = |did: &str, guard: &str| Record {
            did: did.into(),
            authz: vec![guard.to_owned()],
            ..Record::default()
        };
        let holders = |dids: &[&str], ours| Holders {
            records: dids.iter().map(|did| record(did, &format!("/{did}"))).collect(),
            ours,
        };
        assert_eq!(Naming::of("a", &holders(&[], false)), Naming::Free);
        assert_eq!(Naming::of("a", &holders(&[], true)), Naming::Administrator);
        assert_eq!(Naming::of("a", &holders(&["a"], true)), Naming::Free);
        for ours in [true, false] {
            let guards = ["/b".to_owned()];
            let others = vec![Owner::Guards(&guards)];
            assert_eq!(Naming::of("a", &holders(&["b"], ours)), Naming::Rights(others.clone()));
            assert_eq!(Naming::of("a", &holders(&["a", "b"], ours)), Naming::Rights(others));
        }
    }
}
