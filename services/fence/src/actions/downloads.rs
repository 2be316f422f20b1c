//! URLs from which the bytes of files can be had.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use indexclient::Record;
use storage::{Access, Location};

use crate::{
    error::Error,
    files::{
        self,
        access::{MayDownload, may_download, may_download_each},
        download::{DownloadOptions, Reader, Signing, choose_location},
    },
    identity::caller::Caller,
    recording::{Asked, Signed},
    service::Fence,
};

impl Fence {
    /// The URL of one file, if the caller may read it.
    ///
    /// # Errors
    /// 404 without such a file, 401 for "no", otherwise as [`Fence::download_url`].
    pub(crate) async fn presign_download(
        &self,
        caller: &Caller,
        guid: &str,
        options: &DownloadOptions,
        request: &Asked,
    ) -> Result<String, Error> {
        let record = files::find(&*self.index, guid).await;
        let outcome = match &record {
            Ok(record) => self.presign(caller, record, options).await,
            Err(_) => Err(files::not_found(guid)),
        };
        let failed = record.as_ref().err().or(outcome.as_ref().err());
        let protocol = options.protocol.as_deref();
        let signed = Signed { guid, record: record.as_ref().ok(), protocol, failed };
        self.note_downloads(request, caller, &[signed]).await;
        record.and(outcome)
    }

    async fn presign(
        &self,
        caller: &Caller,
        record: &Record,
        options: &DownloadOptions,
    ) -> Result<String, Error> {
        let proof = may_download(self, caller, record).await?;
        self.download_url(&proof, options, &Reader::of(self, caller).await)
    }

    /// The URLs of many files, in the order given, under exactly the rules of [`Fence::presign_download`];
    /// for each the error that it would have had alone. Each record is read and decided about once.
    ///
    /// # Errors
    /// Only what concerns all files.
    pub(crate) async fn presign_downloads(
        &self,
        caller: &Caller,
        asked: &[(String, DownloadOptions)],
        request: &Asked,
    ) -> Result<Vec<Result<String, Arc<Error>>>, Error> {
        let guids: HashSet<&String> = asked.iter().map(|(guid, _)| guid).collect();
        let guids: Vec<String> = guids.into_iter().cloned().collect();
        let records = self.index.get_many(&guids).await?;
        let proofs: HashMap<&str, Result<MayDownload<'_>, Arc<Error>>> = records
            .iter()
            .map(|record| record.did.as_str())
            .zip(may_download_each(self, caller, &records).await?)
            .collect();
        let reader = Reader::of(self, caller).await;
        let url = |(guid, options): &(String, DownloadOptions)| match proofs.get(guid.as_str()) {
            Some(Ok(proof)) => self.download_url(proof, options, &reader).map_err(Arc::new),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Arc::new(files::not_found(guid))),
        };
        let outcomes: Vec<_> = asked.iter().map(url).collect();
        let by_guid: HashMap<&str, _> = records.iter().map(|record| (record.did.as_str(), record)).collect();
        let mut signed = Vec::with_capacity(asked.len());
        for ((guid, options), outcome) in asked.iter().zip(&outcomes) {
            signed.push(Signed {
                guid,
                record: by_guid.get(guid.as_str()).copied(),
                protocol: options.protocol.as_deref(),
                failed: outcome.as_ref().err().map(|error| &**error),
            });
        }
        self.note_downloads(request, caller, &signed).await;
        Ok(outcomes)
    }

    /// The URL from which the file can be had that `proof` is about.
    ///
    /// # Errors
    /// 404 without a fitting location, 400 for a kind of location that cannot be signed, 500 for a bucket
    /// that is not configured.
    pub fn download_url(
        &self,
        proof: &MayDownload<'_>,
        options: &DownloadOptions,
        reader: &Reader,
    ) -> Result<String, Error> {
        let url = choose_location(proof.record(), options.protocol.as_deref())?;
        if ["http://", "https://", "ftp://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(url.to_owned());
        }
        let Some(location) = Location::from_s3_url(url) else {
            let (scheme, _) = url.split_once("://").unwrap_or((url, ""));
            return Err(Error::BadRequest(format!("The specified protocol {scheme} is not supported")));
        };
        let location = location?;
        Ok(match options.signing {
            Signing::Plain => self.storage.plain_url(&location)?.into(),
            Signing::Signed => {
                self.storage.presign(&location, Access::Get, options.life, &reader.parameters())?.into()
            }
        })
    }
}
