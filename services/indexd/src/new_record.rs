//! Records before they are stored.

use std::collections::HashSet;

use crate::{
    config::IndexConfig,
    document::{Record, Revision},
    guid::{self, Guid},
    input::{BlankInput, RecordInput},
};

/// A record that is to be created: what a request says of it, and the names that it will have.
#[derive(Debug, Clone, Default)]
pub struct NewRecord {
    pub(crate) did: Guid,
    pub(crate) baseid: Guid,
    pub(crate) rev: String,
    pub(crate) alias: Option<String>,
    /// The did in its other spelling, under which it is found too.
    pub(crate) other_spelling: Option<Guid>,
    pub(crate) input: RecordInput,
}

impl NewRecord {
    /// The revision that the next write has to name.
    pub(crate) fn revision(&self) -> Revision {
        Revision { baseid: self.baseid.clone(), did: self.did.clone(), rev: self.rev.clone() }
    }
}

/// The records that can be written together, and the dids of the others: those that lead to a record before
/// them, because it has the same did in one of its spellings, or as its baseid or alias. It is what the
/// database says of records that it has already.
pub(crate) fn apart(records: Vec<NewRecord>) -> (Vec<NewRecord>, Vec<Guid>) {
    let (mut baseids, mut aliases) = (HashSet::<Guid>::new(), HashSet::<String>::new());
    let mut dids = HashSet::<Guid>::new();
    let (mut kept, mut others) = (Vec::with_capacity(records.len()), Vec::new());
    for record in records {
        let NewRecord { did, baseid, alias, other_spelling, .. } = &record;
        let is_family = baseids.contains(did) && baseid != did;
        let mut spellings = std::iter::once(did).chain(other_spelling);
        if is_family || aliases.contains(did.as_str()) || spellings.any(|did| dids.contains(did)) {
            others.push(record.did);
            continue;
        }
        aliases.extend(alias.clone());
        baseids.insert(baseid.clone());
        dids.insert(did.clone());
        kept.push(record);
    }
    (kept, others)
}

impl IndexConfig {
    /// The record that `input` asks for.
    pub(crate) fn new_record(&self, input: RecordInput) -> NewRecord {
        let did = input.did.clone().unwrap_or_else(|| self.new_guid());
        NewRecord {
            baseid: input.baseid.clone().unwrap_or_else(Guid::new_baseid),
            rev: guid::new_rev(),
            alias: self.prefix_alias(&did),
            other_spelling: self.toggled(&did),
            did,
            input,
        }
    }

    /// The version of `old` that `input` asks for. It has no uploader and no alias, whatever `input` and the
    /// configuration say.
    pub(crate) fn new_version(&self, old: &Record, input: RecordInput) -> NewRecord {
        let input = RecordInput { baseid: Some(old.baseid.clone()), uploader: None, ..input };
        NewRecord { alias: None, ..self.new_record(input) }
    }

    /// The blank record that `input` asks for. Its did is ours.
    pub(crate) fn new_blank(&self, input: BlankInput) -> NewRecord {
        NewRecord {
            did: self.new_guid(),
            baseid: Guid::new_baseid(),
            rev: guid::new_rev(),
            alias: None,
            other_spelling: None,
            input: RecordInput {
                uploader: input.uploader,
                file_name: input.file_name,
                authz: input.authz.unwrap_or_default(),
                ..RecordInput::default()
            },
        }
    }

    /// The blank version of `old` that `input` asks for. Without authz of its own it has the guards of the
    /// old record.
    pub(crate) fn new_blank_version(&self, old: Record, input: BlankInput) -> NewRecord {
        let (authz, acl) = match input.authz {
            Some(authz) => (authz, Vec::new()),
            None => (old.authz, old.acl),
        };
        let did = input.did.unwrap_or_else(|| self.new_guid());
        NewRecord {
            baseid: old.baseid,
            rev: guid::new_rev(),
            alias: None,
            other_spelling: self.toggled(&did),
            did,
            input: RecordInput {
                uploader: input.uploader,
                file_name: input.file_name,
                authz,
                acl,
                ..RecordInput::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_records_that_would_be_found_by_the_same_name_the_first_is_kept() {
        let index =
            IndexConfig { default_prefix: "dg.T/".into(), prepend_prefix: true, add_prefix_alias: false };
        let record = |did: &str, baseid: &str, alias: Option<&str>| NewRecord {
            baseid: Guid::from(baseid.to_owned()),
            alias: alias.map(str::to_owned),
            ..index.new_record(RecordInput { did: Some(Guid::from(did.to_owned())), ..Default::default() })
        };
        let (kept, others) = apart(vec![
            record("a", "family", Some("name")),
            record("dg.T/b", "b's", None),
            record("a", "x", None),
            record("b", "x", None),
            record("dg.T/a", "x", None),
            record("family", "x", None),
            record("name", "x", None),
            record("c", "family", None),
            record("own", "own", None),
            record("d", "own", None),
            record("name", "name", None),
        ]);
        let dids =
            |records: &[NewRecord]| records.iter().map(|record| record.did.to_string()).collect::<Vec<_>>();
        assert_eq!(dids(&kept), ["a", "dg.T/b", "c", "own", "d"]);
        let others: Vec<String> = others.into_iter().map(String::from).collect();
        assert_eq!(others, ["a", "b", "dg.T/a", "family", "name", "name"]);
    }
}
