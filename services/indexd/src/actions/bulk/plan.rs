//! What each operation means for the records that there are, and whether it is permitted.

use std::collections::HashMap;

use super::{
    outcome::{Answer, Outcome, fail},
    upsert,
};
use crate::{
    Error, Indexd,
    actions::records::check_dates,
    auth::{Decisions, Permitted, RecordChange, Writes},
    document::Record,
    guid::Guid,
    input::{Operation, RecordInput, RecordUpdate, check_url_metadata},
};

/// The answers if everything that is permitted can be written.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) answers: Vec<Answer>,
    pub(super) permitted: Permitted,
}

impl Plan {
    /// What both plans have, this one first.
    pub(super) fn extend(&mut self, more: Self) {
        self.answers.extend(more.answers);
        self.permitted.extend(more.permitted);
    }
}

impl Indexd {
    pub(super) async fn plan(
        &self,
        decisions: &mut Decisions<'_>,
        operations: Vec<Operation>,
    ) -> Result<Plan, Error> {
        let stored = self.stored(&operations).await?;
        let mut writes = Writes::default();
        let mut answers = Vec::with_capacity(operations.len());
        for operation in operations {
            let did = operation.did().cloned();
            answers.push(match self.meaning(operation, &stored, &mut writes) {
                Ok(answer) => answer,
                Err(error) => Answer { did, outcome: Outcome::Failed(error) },
            });
        }
        let mut permitted = decisions.permit(writes).await?;
        fail(&mut answers, std::mem::take(&mut permitted.refused));
        Ok(Plan { answers, permitted })
    }

    /// The records that operations change or may change.
    async fn stored(&self, operations: &[Operation]) -> Result<HashMap<Guid, Record>, Error> {
        let layout = self.layout().await?;
        let existing = operations.iter().filter(|operation| !matches!(operation, Operation::Create(_)));
        let dids: Vec<Guid> = existing.filter_map(Operation::did).cloned().collect();
        if dids.is_empty() {
            return Ok(HashMap::new());
        }
        let records = layout.load(&mut *self.pool.acquire().await?, &dids).await?;
        Ok(records.into_iter().map(|record| (record.did.clone(), record)).collect())
    }

    /// Notes what has to be written for an operation.
    ///
    /// # Errors
    /// What speaks against it, apart from permission.
    fn meaning(
        &self,
        operation: Operation,
        stored: &HashMap<Guid, Record>,
        writes: &mut Writes,
    ) -> Result<Answer, Error> {
        let found = |did: &Guid| stored.get(did).ok_or_else(Error::no_record);
        match operation {
            Operation::Create(input) => self.creation(input, writes),
            Operation::Update { did, rev, update } => {
                let record = found(&did)?;
                must_be_at(record, rev.as_deref())?;
                change(record, update, writes)
            }
            Operation::Delete { did, rev } => {
                let rev = rev.ok_or_else(|| Error::bad("no revision specified"))?;
                let record = found(&did)?;
                must_be_at(record, Some(&rev))?;
                writes.deletes.push(record.clone());
                Ok(Answer { did: Some(did), outcome: Outcome::Deleted })
            }
            Operation::Upsert { rev, input, update } => {
                let record = input.did.as_ref().and_then(|did| stored.get(did));
                let Some(record) = record else { return self.creation(input, writes) };
                if rev.is_some() {
                    must_be_at(record, rev.as_deref())?;
                }
                match upsert::difference(record, &input, update)? {
                    Some(update) => change(record, update, writes),
                    None => {
                        let did = Some(record.did.clone());
                        Ok(Answer { did, outcome: Outcome::Unchanged(record.revision()) })
                    }
                }
            }
        }
    }

    fn creation(&self, input: RecordInput, writes: &mut Writes) -> Result<Answer, Error> {
        input.check_dates()?;
        let did = input.did.clone();
        let record = self.config.index.new_record(input);
        let answer = Answer { did, outcome: Outcome::Created(record.revision()) };
        writes.creates.push(record);
        Ok(answer)
    }
}

fn must_be_at(record: &Record, rev: Option<&str>) -> Result<(), Error> {
    if rev == Some(record.rev.as_str()) { Ok(()) } else { Err(Error::stale()) }
}

fn change(record: &Record, update: RecordUpdate, writes: &mut Writes) -> Result<Answer, Error> {
    check_dates(record, &update)?;
    if let Some(metadata) = &update.urls_metadata {
        check_url_metadata(metadata, update.urls.as_deref().unwrap_or(&record.urls))?;
    }
    let answer = Answer { did: Some(record.did.clone()), outcome: Outcome::Updated(record.revision()) };
    writes.updates.push(RecordChange { record: record.clone(), update });
    Ok(answer)
}
