//! The index for other services of the same process.

use std::collections::HashMap;

use async_trait::async_trait;
use indexclient::{
    Caller, Ending, Holders, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision, Written,
};
use serde_json::{Map, Value, json};
use web::Params;

use crate::{
    Error, Indexd,
    actions::{self, Answer, Outcome, Reach},
    auth::{Claimant, Decisions},
    document::{Entry, FoundDocument},
    guid::Guid,
    input::{BlankFill, BlankInput, Operation, RecordInput, RecordUpdate},
    query::{Depth, Form, ListQuery},
    store::records::Versions,
};

/// An error leaves this service here as it leaves it over HTTP: with its status, and logged when it is ours.
impl From<Error> for IndexError {
    fn from(error: Error) -> Self {
        error.log();
        let detail = error.public_text();
        match error {
            Error::BadRequest(_) | Error::TooMany(_) | Error::Page(_) => Self::BadRequest(detail),
            Error::Denied(_) | Error::Undecided(_) | Error::Login(_) => {
                Self::Refused { status: error.status().as_u16(), detail }
            }
            Error::NotFound(_) => Self::NotFound(detail),
            Error::Conflict(_) => Self::Conflict(detail),
            Error::Failed(_) => Self::Unavailable(detail),
        }
    }
}

/// Writes go through the same actions as over HTTP, so that each gets its permission by the same rules.
#[async_trait]
impl IndexClient for Indexd {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        match self.find(&Guid::from(guid.replace('\0', "\u{fffd}")), Reach::Everywhere).await {
            Ok(FoundDocument::Entry(Entry::Record(record))) => Ok(Some(record.into())),
            Ok(FoundDocument::Remote(document)) => Ok(serde_json::from_value(document.into()).ok()),
            Ok(FoundDocument::Entry(Entry::Bundle(_)) | FoundDocument::LegacyAlias(_))
            | Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn latest(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        let guid = Guid::from(guid.replace('\0', "\u{fffd}"));
        match Indexd::latest(self, &guid, Versions::All).await {
            Ok(record) => Ok(Some(record.into())),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        let dids: Vec<Guid> = dids.iter().cloned().map(Guid::from).collect();
        Ok(self.records(&dids).await?.into_iter().map(Record::from).collect())
    }

    async fn list(
        &self,
        query: &[(String, String)],
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, IndexError> {
        let query = ListQuery::parse(&Params::parse(&query_of(query, after, most)), Form::Records)?;
        let records = self.list_records(&query.filter, &query.window).await?;
        Ok(records.into_iter().map(Record::from).collect())
    }

    async fn bundle(&self, id: &str) -> Result<Option<Vec<String>>, IndexError> {
        match self.bundle_view(&Guid::from(id.to_owned()), Depth::Everything).await {
            Ok(view) => Ok(Some(view.members())),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn holders(&self, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        Ok(Indexd::holders(self, urls, None).await?.into_iter().map(Into::into).collect())
    }

    async fn other_holders(&self, did: &str, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        let did = Guid::from(did.to_owned());
        Ok(Indexd::holders(self, urls, Some(&did)).await?.into_iter().map(Into::into).collect())
    }

    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await.map_err(Error::from)?;
        let dids = layout.by_md5_and_size(&mut connection, files).await?;
        let mut wanted: Vec<Guid> = dids.iter().flatten().cloned().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found: HashMap<Guid, Record> = layout
            .load(&mut connection, &wanted)
            .await?
            .into_iter()
            .map(|record| (record.did.clone(), record.into()))
            .collect();
        Ok(dids.into_iter().map(|did| found.get(&did?).cloned()).collect())
    }

    async fn mint(&self, count: usize) -> Result<Vec<String>, IndexError> {
        Ok((0..count).map(|_| self.config.index.new_guid().into()).collect())
    }

    async fn create(&self, caller: &Caller, records: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = records.iter().map(RecordInput::from_client).collect::<Result<Vec<_>, _>>()?;
        let revisions = Indexd::create(self, &Claimant::from(caller), inputs).await?;
        Ok(revisions.into_iter().map(Revision::from).collect())
    }

    async fn upsert_all(
        &self,
        user: &str,
        records: &[Map<String, Value>],
        ending: Ending,
    ) -> Result<Vec<Written>, IndexError> {
        let _place = self.bulk_places.whole().await?;
        let who = Claimant::User(user.to_owned());
        let mut decisions = Decisions::new(self, &who).await?;
        let lines = records.iter().map(|record| json!({ "op": "upsert", "record": record }).to_string());
        let read: Vec<_> = lines.map(|line| Operation::parse(line.as_bytes())).collect();
        if read.iter().any(Result::is_err) {
            return Ok(read.into_iter().map(|line| line.map_or_else(refused, |_| Written::Left)).collect());
        }
        let operations = read.into_iter().flatten().collect();
        let ending = match ending {
            Ending::Keep => actions::Ending::Keep,
            Ending::Undo => actions::Ending::Undo,
        };
        let answers = self.write_all(&mut decisions, vec![operations], ending).await?;
        let is_spoilt = answers.iter().any(Answer::failed);
        let told = |answer: Answer| match answer.outcome {
            Outcome::Failed(error) => refused(error),
            _ if is_spoilt => Written::Left,
            Outcome::Created(_) => Written::Created,
            Outcome::Unchanged(_) => Written::Unchanged,
            Outcome::Updated(_) | Outcome::Deleted => Written::Updated,
        };
        Ok(answers.into_iter().map(told).collect())
    }

    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        let input = BlankInput {
            did: None,
            uploader: uploader.map(str::to_owned),
            file_name: Some(file_name.to_owned()),
            authz: authz.filter(|authz| !authz.is_empty()).map(<[String]>::to_vec),
        };
        Ok(Indexd::create_blank(self, &Claimant::from(caller), input).await?.into())
    }

    async fn create_blank_version(
        &self,
        caller: &Caller,
        did: &str,
        file_name: &str,
        authz: &[String],
    ) -> Result<Revision, IndexError> {
        let authz = Some(authz.to_vec()).filter(|authz| !authz.is_empty());
        let input = BlankInput { file_name: Some(file_name.to_owned()), authz, ..BlankInput::default() };
        let (who, did) = (Claimant::from(caller), Guid::from(did.to_owned()));
        Ok(Indexd::create_blank_version(self, &who, &did, input).await?.into())
    }

    async fn fill_blank(
        &self,
        caller: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError> {
        let fill = BlankFill {
            size: Some(size),
            hashes: hashes.iter().cloned().collect(),
            urls: urls.to_vec(),
            authz: None,
        };
        fill.check()?;
        let (who, did) = (Claimant::from(caller), Guid::from(revision.did.clone()));
        Ok(Indexd::fill_blank(self, &who, &did, Some(&revision.rev), fill).await?.into())
    }

    async fn update(
        &self,
        caller: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError> {
        let update = RecordUpdate::from_client(patch)?;
        let (who, did) = (Claimant::from(caller), Guid::from(revision.did.clone()));
        Ok(Indexd::update(self, &who, &did, Some(&revision.rev), update).await?.into())
    }

    async fn add_aliases(&self, caller: &Caller, aliases: &[(String, String)]) -> Result<(), IndexError> {
        if aliases.is_empty() {
            return Ok(());
        }
        let aliases = aliases.iter().map(|(did, name)| (Guid::from(did.clone()), name.clone())).collect();
        Ok(Indexd::add_aliases(self, &Claimant::from(caller), aliases).await?)
    }

    async fn claim_aliases(&self, caller: &Caller, did: &str, names: &[String]) -> Result<(), IndexError> {
        let (who, did) = (Claimant::from(caller), Guid::from(did.to_owned()));
        Ok(self.append_aliases(&who, &did, names.to_vec()).await.map(drop)?)
    }

    async fn delete(&self, caller: &Caller, revision: &Revision) -> Result<(), IndexError> {
        let (who, did) = (Claimant::from(caller), Guid::from(revision.did.clone()));
        Ok(Indexd::delete(self, &who, &did, Some(&revision.rev)).await?)
    }
}

/// Why a record is not written, as a request would be told.
fn refused(error: Error) -> Written {
    error.log();
    Written::Refused { status: error.status().as_u16(), detail: error.public_text() }
}

/// A query of the list as a request would have it.
fn query_of(query: &[(String, String)], after: Option<&str>, most: usize) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query).append_pair("limit", &most.to_string());
    if let Some(after) = after {
        text.append_pair("start", after);
    }
    text.finish()
}
