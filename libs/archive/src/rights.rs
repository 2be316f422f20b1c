//! Who may archive files, and who may get them back.
//!
//! What touches a file's bytes takes a proof of this module, and its record from the proof.

use std::{collections::HashMap, marker::PhantomData};

use authz::{Authz, AuthzError, Permission, Request, Subject};
use indexclient::{Record, ownership::Owner};

/// arborist's name of the service.
const SERVICE: &str = "gen3-archive";
/// What guards files that no resource guards.
const UNGUARDED: &str = "/services/archive";

/// Copying a file into the archive, and having its source deleted.
pub(crate) struct ToArchive;

impl Permission for ToArchive {
    const SERVICE: &'static str = SERVICE;
    const METHODS: &'static [&'static str] = &["archive"];
}

/// Bringing a file back.
pub(crate) struct ToRestore;

impl Permission for ToRestore {
    const SERVICE: &'static str = SERVICE;
    const METHODS: &'static [&'static str] = &["restore"];
}

/// For whom something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// A user, whose rights count.
    User(String),
    /// The operator, by a schedule: whoever had it done first had the right to.
    Operator,
}

impl Asker {
    /// Who asked for a run.
    pub(crate) fn of(work: &workqueue::Work) -> Self {
        work.requested_by().map_or(Self::Operator, |name| Self::User(name.to_owned()))
    }
}

/// The proof that `P` may be done with a file.
pub(crate) struct Permitted<P> {
    record: Record,
    permission: PhantomData<fn() -> P>,
}

impl<P> Permitted<P> {
    /// The record of the file.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// The same file, as its record is now.
    pub(crate) fn renewed(&self, record: Record) -> Option<Self> {
        let same = record.did == self.record.did && Owner::of(&record) == Owner::of(&self.record);
        same.then_some(Self { record, permission: PhantomData })
    }
}

/// The resources on which one needs a right for a file.
fn guards(record: &Record) -> Vec<String> {
    match Owner::of(record) {
        Owner::Guards(resources) => resources.to_vec(),
        Owner::Uploader(_) | Owner::AccessList | Owner::Nobody => vec![UNGUARDED.to_owned()],
    }
}

/// Those of `records` with which `asker` may do `P`, and those with which not.
///
/// # Errors
/// When arborist gives no answer.
pub(crate) async fn permitted<P: Permission>(
    authz: &dyn Authz,
    asker: &Asker,
    records: Vec<Record>,
) -> Result<(Vec<Permitted<P>>, Vec<Record>), AuthzError> {
    let (mut may, mut may_not) = (Vec::new(), Vec::new());
    // Most files of a run have the same guards.
    let mut answers: HashMap<Vec<String>, bool> = HashMap::new();
    for record in records {
        let guards = guards(&record);
        let is_permitted = match (asker, answers.get(&guards)) {
            (Asker::Operator, _) => true,
            (_, Some(answer)) => *answer,
            (Asker::User(name), None) => {
                let requests: Vec<Request> = guards
                    .iter()
                    .flat_map(|resource| {
                        P::METHODS.iter().map(move |method| Request::new(resource, P::SERVICE, method))
                    })
                    .collect();
                let answer = authz.decide(&Subject::User(name.clone()), &requests).await?;
                answers.insert(guards, answer);
                answer
            }
        };
        if is_permitted {
            may.push(Permitted { record, permission: PhantomData });
        } else {
            may_not.push(record);
        }
    }
    Ok((may, may_not))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_no_resource_guards_are_the_operators() {
        let record = Record { uploader: Some("ada".into()), ..Record::default() };
        assert_eq!(guards(&record), [UNGUARDED]);
        let record = Record { authz: vec!["/a".into(), "/b".into()], ..record };
        assert_eq!(guards(&record), ["/a", "/b"]);
    }
}
