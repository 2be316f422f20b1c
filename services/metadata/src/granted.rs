//! What fence and indexd have let a caller do, as proofs. They decide by the caller's own header.

use dataaccess::{AccessError, Caller, UploadStatus};
use indexclient::{IndexError, Record, Revision};

use crate::{access::Uploader, error::Error, service::Metadata};

/// For whom a neighbour is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    files: Caller,
    index: indexclient::Caller,
}

impl Asker {
    /// The sender of a request with this `Authorization` header.
    pub(crate) fn of(header: Option<&str>) -> Self {
        let header = header.map(str::to_owned);
        Self { files: Caller(header.clone()), index: indexclient::Caller::Header(header) }
    }
}

/// The proof that a record was just made for the caller, whose document has to be written.
#[derive(Debug)]
pub(crate) struct Uploaded {
    guid: String,
    upload_url: String,
}

impl Uploaded {
    pub(crate) fn guid(&self) -> &str {
        &self.guid
    }

    pub(crate) fn upload_url(&self) -> &str {
        &self.upload_url
    }
}

/// The proof that a file was just deleted for the caller, whose document goes too.
#[derive(Debug)]
pub(crate) struct Removed<'g> {
    guid: &'g str,
}

impl Removed<'_> {
    pub(crate) fn guid(&self) -> &str {
        self.guid
    }
}

/// The proof that how far an upload is comes from who has read its bytes. Nothing that comes over HTTP makes
/// one.
#[derive(Debug)]
pub(crate) struct Told<'g> {
    guid: &'g str,
    status: UploadStatus,
}

impl<'g> Told<'g> {
    /// What another service of this process tells.
    pub(crate) fn within_the_process(guid: &'g str, status: UploadStatus) -> Self {
        Self { guid, status }
    }

    pub(crate) fn guid(&self) -> &str {
        self.guid
    }

    pub(crate) fn status(&self) -> UploadStatus {
        self.status
    }
}

fn is_denial(status: u16) -> bool {
    matches!(status, 401 | 403)
}

impl Metadata {
    /// Makes a record of a new file below `resources`.
    ///
    /// # Errors
    /// 403, 400 for what fence refuses otherwise.
    pub(crate) async fn new_record(
        &self,
        _: &Uploader,
        asker: &Asker,
        file_name: &str,
        resources: &[String],
    ) -> Result<Uploaded, Error> {
        let made = self.files.begin_upload(&asker.files, file_name, resources).await;
        let upload = made.map_err(|error| {
            let asked = serde_json::json!({ "file_name": file_name, "authz": resources });
            not_signed(error, "None", &python::repr(&asked))
        })?;
        Ok(Uploaded { guid: upload.guid, upload_url: upload.url })
    }

    /// Makes a new version of a record, for a new file.
    ///
    /// # Errors
    /// 403, 404.
    pub(crate) async fn new_version(
        &self,
        _: &Uploader,
        asker: &Asker,
        old: &Record,
        file_name: &str,
    ) -> Result<Uploaded, Error> {
        let made = self.index.create_blank_version(&asker.index, &old.did, file_name, &old.authz).await;
        let Revision { did: guid, .. } = made.map_err(|error| match error {
            IndexError::Refused { status, .. } if is_denial(status) => Error::Forbidden(format!(
                "You do not have access to create a blank record for GUID '{}'",
                old.did
            )),
            other => Error::index(other, format!("Unable to create a blank version of '{}'", old.did)),
        })?;
        let url = self.files.upload_url(&asker.files, &guid).await;
        let upload_url = url.map_err(|error| {
            let asked = serde_json::json!({ "file_name": file_name });
            not_signed(error, &guid, &python::repr(&asked))
        })?;
        Ok(Uploaded { guid, upload_url })
    }

    /// Gives a new record its aliases.
    ///
    /// # Errors
    /// 403, 409 when another record has one of them.
    pub(crate) async fn name_record(
        &self,
        asker: &Asker,
        uploaded: &Uploaded,
        aliases: &[String],
    ) -> Result<(), Error> {
        if aliases.is_empty() {
            return Ok(());
        }
        let named = self.index.claim_aliases(&asker.index, &uploaded.guid, aliases).await;
        named.map_err(|error| {
            let names = python::repr_list(aliases.iter().map(String::as_str));
            let guid = &uploaded.guid;
            match error {
                IndexError::Refused { status, .. } if is_denial(status) => Error::Forbidden(format!(
                    "You do not have access to create the aliases you are trying to assign: {names} to the \
                     guid {guid}"
                )),
                IndexError::Conflict(_) => Error::Conflict(format!(
                    "Some of the aliases you are trying to assign to guid {guid} ({names}) already exist"
                )),
                other => Error::index(other, format!("Unable to create the aliases {names} for guid {guid}")),
            }
        })
    }

    /// Deletes a record, with its bytes if `bytes` says so. Only a GUID leads to it, and no alias.
    ///
    /// # Errors
    /// The status of indexd or fence.
    pub(crate) async fn remove<'g>(
        &self,
        asker: &Asker,
        guid: &'g str,
        bytes: Bytes,
    ) -> Result<Removed<'g>, Error> {
        match bytes {
            Bytes::Delete => {
                let deleted = self.files.delete(&asker.files, guid).await;
                deleted.map_err(|error| Error::fence(error, "Error during request to fence"))?;
            }
            Bytes::Keep => {
                let told = |error| Error::index(error, "Error during request to indexd");
                let found = self.index.get(guid).await.map_err(told)?;
                let found = found.filter(|record| record.did == guid);
                let record = found.ok_or_else(|| told(IndexError::NotFound("no record found".into())))?;
                self.index.delete(&asker.index, &record.revision()).await.map_err(told)?;
            }
        }
        Ok(Removed { guid })
    }

    /// The URL from which a file can be had.
    ///
    /// # Errors
    /// 403, 404.
    pub(crate) async fn download_url(&self, asker: &Asker, guid: &str) -> Result<String, Error> {
        let url = self.files.download_url(&asker.files, guid).await;
        let failed = format!(
            "Unable to get signed download url from data access service for GUID or alias {}",
            python::repr_text(guid)
        );
        url.map_err(|error| match error {
            AccessError::Refused { status } if is_denial(status) => Error::Forbidden(format!(
                "{failed}. You do not have access to generate the download url for GUID or alias {}.",
                python::repr_text(guid)
            )),
            AccessError::Refused { status: 404 } => Error::NotFound(format!(
                "{failed}. Record with GUID or alias {} was not found in indexd.",
                python::repr_text(guid)
            )),
            other => Error::fence(other, failed),
        })
    }
}

/// Whether the bytes of a file are deleted with its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    Keep,
    Delete,
}

fn not_signed(error: AccessError, guid: &str, asked: &str) -> Error {
    match error {
        AccessError::Refused { status } if is_denial(status) => {
            Error::Forbidden(format!("You do not have access to generate the upload url for: {asked}"))
        }
        other => Error::fence(
            other,
            format!("Unable to create signed upload url for guid {guid} with params: {asked}."),
        ),
    }
}
