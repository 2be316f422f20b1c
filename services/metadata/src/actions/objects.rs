//! Files of the index with their documents.

use indexclient::Record;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    access::{MayRead, Uploader},
    document::Document,
    error::Error,
    granted::{Asker, Bytes, Uploaded},
    input::{self, NewFile},
    service::Metadata,
    store::documents,
};

/// The field of a document that says how far the upload of its file is.
const STATUS: &str = "_upload_status";

/// A record and a document that was written for it.
#[derive(Debug, Serialize)]
pub(crate) struct NewObject {
    pub(crate) upload_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authz: Option<Map<String, Value>>,
    pub(crate) guid: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct FoundObject {
    pub(crate) record: Option<Record>,
    pub(crate) document: Option<Document>,
}

/// Which version of a file is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one of this GUID or alias.
    Named,
    /// The newest.
    Latest,
}

impl Metadata {
    /// Makes a record and a document for a new file.
    ///
    /// # Errors
    /// 400 for another form of `authz`, 403, 409 for an alias that another record has.
    pub(crate) async fn create_object(
        &self,
        uploader: &Uploader,
        asker: &Asker,
        file: NewFile,
        authz: Map<String, Value>,
    ) -> Result<NewObject, Error> {
        let resources = input::resources(&authz)?;
        let uploaded = self.new_record(uploader, asker, &file.file_name, &resources).await?;
        let object = self.describe(asker, &uploaded, file, &Value::Object(authz.clone())).await?;
        Ok(NewObject { authz: Some(authz), ..object })
    }

    /// Makes a new version of a record, and a document, for a new file.
    ///
    /// # Errors
    /// 404, 403, 409 for an alias that another record has.
    pub(crate) async fn create_version(
        &self,
        uploader: &Uploader,
        asker: &Asker,
        key: &str,
        file: NewFile,
    ) -> Result<NewObject, Error> {
        let told = |error| Error::index(error, "Error during request to indexd");
        let old = self.index.get(key).await.map_err(told)?.ok_or_else(|| not_found(key))?;
        let uploaded = self.new_version(uploader, asker, &old, &file.file_name).await?;
        let authz = json!({ "version": "0", "resource_paths": old.authz });
        self.describe(asker, &uploaded, file, &authz).await
    }

    /// Gives a new record its aliases and its document.
    async fn describe(
        &self,
        asker: &Asker,
        uploaded: &Uploaded,
        file: NewFile,
        authz: &Value,
    ) -> Result<NewObject, Error> {
        let NewFile { mut aliases, mut metadata, .. } = file;
        self.name_record(asker, uploaded, &aliases).await?;
        aliases.sort_unstable();
        metadata.insert(STATUS.to_owned(), json!("not_uploaded"));
        let data = Document::from(&Value::Object(metadata.clone()));
        let mut connection = self.pool.acquire().await?;
        let authz = Document::from(authz);
        if !documents::write_uploaded(&mut connection, uploaded, &data, &authz).await? {
            return Err(Error::Conflict(format!("Conflict: {}", uploaded.guid())));
        }
        let (guid, upload_url) = (uploaded.guid().to_owned(), uploaded.upload_url().to_owned());
        Ok(NewObject { upload_url, authz: None, guid, aliases, metadata })
    }

    /// The record and the document of a file; one of them may be missing.
    ///
    /// # Errors
    /// 404 when both are missing, or say nothing.
    pub(crate) async fn object(
        &self,
        permit: &MayRead,
        key: &str,
        which: Which,
    ) -> Result<FoundObject, Error> {
        let found = match which {
            Which::Named => self.index.get(key).await,
            Which::Latest => self.index.latest(key).await,
        };
        let record = found.map_err(|error| Error::index(error, "Error during request to indexd"))?;
        let guid = record.as_ref().map_or(key, |record| &record.did);
        let document = documents::find(&mut *self.pool.acquire().await?, permit, guid).await?;
        if record.is_none() && document.as_ref().is_none_or(Document::is_empty) {
            return Err(not_found(key));
        }
        Ok(FoundObject { record, document })
    }

    /// Deletes a file's record and document, and its bytes if `bytes` says so.
    ///
    /// # Errors
    /// The status of indexd or fence; nothing is deleted then.
    pub(crate) async fn delete_object(&self, asker: &Asker, guid: &str, bytes: Bytes) -> Result<(), Error> {
        // Without a connection nothing begins that could not be brought to its end.
        let mut connection = self.pool.acquire().await?;
        let removed = self.remove(asker, guid, bytes).await?;
        documents::delete_removed(&mut connection, &removed).await?;
        Ok(())
    }
}

fn not_found(key: &str) -> Error {
    Error::NotFound(format!("Not found: {}", python::repr_text(key)))
}
