//! Records before they are stored.

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
