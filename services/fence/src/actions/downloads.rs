//! URLs from which the bytes of files can be had.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use indexclient::Record;
use storage::{Access, Kind, Location, StorageError};

use crate::{
    error::Error,
    files::{
        self,
        access::{MayDownload, may_download, may_download_each},
        download::{DownloadOptions, Reader, Signing, choose_location},
    },
    identity::{caller::Caller, passports::VouchedUser},
    recording::{Asked, Signed},
    service::Fence,
};

/// URLs that are signed at the same time: for some, a store or a service of keys is asked.
const SIGNED_AT_ONCE: usize = 8;

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

    /// As [`Fence::presign_download`], for the first of `users` who may read the file.
    ///
    /// # Errors
    /// 401 when there are none.
    pub(crate) async fn presign_download_for(
        &self,
        users: Vec<VouchedUser>,
        guid: &str,
        options: &DownloadOptions,
        request: &Asked,
    ) -> Result<String, Error> {
        let record = files::find(&*self.index, guid).await?;
        let (mut outcome, mut last) = (Err(nobody_vouched_for()), None);
        for user in users {
            let caller = Caller::from(user);
            outcome = self.presign(&caller, &record, options).await;
            last = Some(caller);
            if !matches!(outcome, Err(Error::Unauthorized(_))) {
                break;
            }
        }
        if let Some(caller) = last {
            let protocol = options.protocol.as_deref();
            let failed = outcome.as_ref().err();
            let signed = Signed { guid, record: Some(&record), protocol, failed };
            self.note_downloads(request, &caller, &[signed]).await;
        }
        outcome
    }

    /// As [`Fence::presign_downloads`]; of each file the URL is that of the first of `users` who may read it.
    ///
    /// # Errors
    /// Only what concerns all files.
    pub(crate) async fn presign_downloads_for(
        &self,
        users: Vec<VouchedUser>,
        asked: &[(String, DownloadOptions)],
        request: &Asked,
    ) -> Result<Vec<Result<String, Arc<Error>>>, Error> {
        let mut outcomes: Vec<Result<String, Arc<Error>>> =
            asked.iter().map(|_| Err(Arc::new(nobody_vouched_for()))).collect();
        for user in users {
            let refused = |outcome: &Result<_, Arc<Error>>| {
                outcome.as_ref().is_err_and(|error| matches!(**error, Error::Unauthorized(_)))
            };
            let left: Vec<usize> = (0..asked.len()).filter(|place| refused(&outcomes[*place])).collect();
            if left.is_empty() {
                break;
            }
            let wanted: Vec<_> = left.iter().map(|place| asked[*place].clone()).collect();
            let found = self.presign_downloads(&Caller::from(user), &wanted, request).await?;
            for (place, outcome) in left.into_iter().zip(found) {
                outcomes[place] = outcome;
            }
        }
        Ok(outcomes)
    }

    async fn presign(
        &self,
        caller: &Caller,
        record: &Record,
        options: &DownloadOptions,
    ) -> Result<String, Error> {
        let proof = may_download(self, caller, record).await?;
        self.download_url(&proof, options, &Reader::of(self, caller).await).await
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
        let sign = async |(guid, options): &(String, DownloadOptions)| match proofs.get(guid.as_str()) {
            Some(Ok(proof)) => self.download_url(proof, options, &reader).await.map_err(Arc::new),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Arc::new(files::not_found(guid))),
        };
        let outcomes: Vec<_> = stream::iter(asked.iter().map(sign)).buffered(SIGNED_AT_ONCE).collect().await;
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
    pub async fn download_url(
        &self,
        proof: &MayDownload<'_>,
        options: &DownloadOptions,
        reader: &Reader,
    ) -> Result<String, Error> {
        let url = choose_location(proof.record(), options.protocol.as_deref())?;
        if ["http://", "https://", "ftp://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(url.to_owned());
        }
        let location = match Location::from_url(url) {
            Some(location) => location?,
            None => return Err(unsupported(url)),
        };
        if options.signing == Signing::Plain {
            let plain = self.storage.plain_url(&location);
            return plain.map(Into::into).map_err(|error| refusal(&location, error));
        }
        let readers = reader.parameters();
        let payer = options.user_project.as_deref();
        let payer = payer.or(self.config.billing_project_for_signed_urls.as_deref());
        let payer = payer.filter(|payer| !payer.is_empty()).map(|payer| ("userProject", payer));
        let parameters = match location.kind() {
            Kind::S3 => &readers[..],
            Kind::Google => payer.as_slice(),
            Kind::Azure | Kind::Folder => &[],
        };
        let signed = self.storage.presign(&location, Access::Get, options.life, parameters).await;
        signed.map(Into::into).map_err(|error| refusal(&location, error))
    }
}

/// Why there is no URL of a location. Stores of other kinds than S3 need not be configured.
fn refusal(location: &Location, error: StorageError) -> Error {
    match (location.kind(), error) {
        (Kind::Google | Kind::Azure | Kind::Folder, StorageError::UnknownBucket(_)) => {
            unsupported(&location.url())
        }
        (_, error) => error.into(),
    }
}

fn unsupported(url: &str) -> Error {
    let (scheme, _) = url.split_once("://").unwrap_or((url, ""));
    Error::BadRequest(format!("The specified protocol {scheme} is not supported"))
}

/// No passport of a request counts.
fn nobody_vouched_for() -> Error {
    Error::Unauthorized("no passport of this request vouches for anybody".into())
}
