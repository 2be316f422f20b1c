//! Documents.

use std::collections::{HashMap, hash_map::Entry};

use serde::Serialize;

use crate::{
    access::{MayAdminister, MayRead},
    document::Document,
    error::Error,
    input::{self, NewDocument},
    service::Metadata,
    store::documents::{self, Change, Existing, Query, Written},
};

/// What became of each document of a list, by GUID.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Batch {
    pub(crate) created: Vec<String>,
    pub(crate) updated: Vec<String>,
    /// There is one already, which stays.
    pub(crate) conflict: Vec<String>,
    /// No document may have this GUID.
    pub(crate) bad_input: Vec<String>,
}

impl Metadata {
    /// The document of a GUID or alias.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn document(&self, permit: &MayRead, guid: &str) -> Result<Document, Error> {
        let found = documents::find(&mut *self.pool.acquire().await?, permit, guid).await?;
        found.ok_or_else(|| Error::not_found(guid))
    }

    /// The GUIDs of the documents that a query finds.
    pub(crate) async fn guids(&self, permit: &MayRead, query: &Query) -> Result<Vec<String>, Error> {
        Ok(documents::guids(&mut *self.pool.acquire().await?, permit, query).await?)
    }

    /// The documents that a query finds.
    ///
    /// # Errors
    /// 400 when they are too large together: an answer is whole or refused, and never cut.
    pub(crate) async fn documents(
        &self,
        permit: &MayRead,
        query: &Query,
    ) -> Result<Vec<(String, Document)>, Error> {
        let most = self.config.answer_limit;
        let mut connection = self.pool.acquire().await?;
        let found = documents::list(&mut connection, permit, query, most).await?;
        found.ok_or_else(|| {
            Error::bad(format!("these documents have more than {most} bytes; ask for fewer with a limit"))
        })
    }

    fn default_authz(&self) -> Document {
        Document::from(&self.config.default_authz)
    }

    /// Writes a document.
    ///
    /// # Errors
    /// 400 for a GUID that no document may have, 409 for one that has a document which stays.
    pub(crate) async fn write(
        &self,
        permit: &MayAdminister,
        guid: &str,
        data: &Document,
        existing: Existing,
    ) -> Result<Written, Error> {
        input::check_guid(guid)?;
        let document = NewDocument { guid: guid.to_owned(), data: data.clone() };
        let mut connection = self.pool.acquire().await?;
        let written =
            documents::write(&mut connection, permit, &[document], &self.default_authz(), existing).await?;
        match written.first() {
            Some((_, written)) => Ok(*written),
            None => Err(Error::Conflict(format!("Conflict: {guid}"))),
        }
    }

    /// Writes many documents, as if one after the other; all of them or none.
    pub(crate) async fn write_all(
        &self,
        permit: &MayAdminister,
        new: Vec<NewDocument>,
        existing: Existing,
    ) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        let (mut distinct, mut order) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
        let mut places: HashMap<String, usize> = HashMap::with_capacity(new.len());
        for document in new {
            if input::is_forbidden(&document.guid) {
                batch.bad_input.push(document.guid);
                continue;
            }
            order.push(document.guid.clone());
            match places.entry(document.guid.clone()) {
                Entry::Vacant(place) => {
                    place.insert(distinct.len());
                    distinct.push(document);
                }
                Entry::Occupied(place) if existing == Existing::Replace => {
                    distinct[*place.get()] = document;
                }
                Entry::Occupied(_) => {}
            }
        }
        let mut connection = self.pool.acquire().await?;
        let authz = self.default_authz();
        let written = documents::write(&mut connection, permit, &distinct, &authz, existing).await?;
        let mut written: HashMap<String, Written> = written.into_iter().collect();
        for guid in order {
            // Whatever has a GUID a second time meets the first.
            match written.insert(guid.clone(), Written::Replaced) {
                Some(Written::Created) => batch.created.push(guid),
                _ if existing == Existing::Keep => batch.conflict.push(guid),
                _ => batch.updated.push(guid),
            }
        }
        Ok(batch)
    }

    /// Changes a document and returns what it is then.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn update(
        &self,
        permit: &MayAdminister,
        guid: &str,
        data: &Document,
        change: Change,
    ) -> Result<Document, Error> {
        let mut connection = self.pool.acquire().await?;
        let changed = documents::update(&mut connection, permit, guid, data, change).await?;
        changed.ok_or_else(|| Error::not_found(guid))
    }

    /// Deletes a document with its aliases, and returns it.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete(&self, permit: &MayAdminister, guid: &str) -> Result<Document, Error> {
        let deleted = documents::delete(&mut *self.pool.acquire().await?, permit, guid).await?;
        deleted.ok_or_else(|| Error::not_found(guid))
    }
}
