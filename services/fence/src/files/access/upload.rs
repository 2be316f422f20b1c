//! The right to upload: files at all, the file of one record, one object of the store.

use std::borrow::Cow;

use authz::{AuthzError, Grant};
use indexclient::{Caller as IndexCaller, Record};
use storage::Location;

use crate::{
    error::Error,
    files::{
        rules::{Consent, Rules},
        target::{FileName, UploadBucket, location},
    },
    identity::caller::{Bearer, Caller},
    permissions::{UploadBelow, UploadUnassigned, WriteStorage},
    service::Fence,
};

/// Whoever may `file_upload` here may upload files that belong to nobody's project yet.
const DATA_FILE: &str = "/data_file";

/// Proof that the caller may upload files at all: below some resources, or files of no project yet.
///
/// It lets them make blank records:
///
/// ```no_run
/// # use fence::{Error, Fence, files::access::{MayBeginUploads, MayUpload}};
/// # async fn example(fence: &Fence, proof: &MayBeginUploads<'_>) -> Result<(), Error> {
/// let of_new_record: MayUpload<'static> = fence.blank_record(proof, "data.csv").await?;
/// # Ok(())
/// # }
/// ```
///
/// The right to one record is not that right:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, files::access::{MayBeginUploads, MayUpload}};
/// # async fn example(fence: &Fence, proof: &MayUpload<'_>) -> Result<(), Error> {
/// let of_new_record: MayUpload<'static> = fence.blank_record(proof, "data.csv").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MayBeginUploads<'c> {
    bearer: &'c Bearer,
    right: UploadRight,
}

#[derive(Debug)]
enum UploadRight {
    Unassigned,
    Below(Grant<UploadBelow>),
}

/// Asks whether the caller may upload files: below all of `resources`, or, without any, files of no project
/// yet.
///
/// # Errors
/// 403 for "no".
pub(crate) async fn may_begin_uploads<'c>(
    fence: &Fence,
    bearer: &'c Bearer,
    resources: Vec<String>,
) -> Result<MayBeginUploads<'c>, Error> {
    let subject = bearer.subject();
    let right = if resources.is_empty() {
        let asked = fence.authz.require::<UploadUnassigned>(&subject, vec![DATA_FILE.to_owned()]).await;
        asked.map(|_: Grant<UploadUnassigned>| UploadRight::Unassigned)
    } else {
        fence.authz.require::<UploadBelow>(&subject, resources).await.map(UploadRight::Below)
    };
    match right {
        Ok(right) => Ok(MayBeginUploads { bearer, right }),
        Err(AuthzError::Denied) => Err(Error::Forbidden(
            "You do not have access to upload data. You either need general file uploader permissions or \
             create and write-storage permissions on the authz resources you specified (if you specified \
             any)."
                .into(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// Proof that the caller may write the bytes of one record.
///
/// ```no_run
/// # use fence::files::{access::{MayUpload, MayWriteObject}, target::{FileName, UploadBucket}};
/// async fn object(
///     proof: &MayUpload<'_>,
///     bucket: &UploadBucket,
///     name: &FileName,
/// ) -> Option<MayWriteObject> {
///     proof.object(bucket, name).await.ok()
/// }
/// ```
///
/// Whoever may read a file may not therefore write it:
///
/// ```compile_fail,E0599
/// # use fence::files::{access::{MayDownload, MayWriteObject}, target::{FileName, UploadBucket}};
/// async fn object(
///     proof: &MayDownload<'_>,
///     bucket: &UploadBucket,
///     name: &FileName,
/// ) -> Option<MayWriteObject> {
///     proof.object(bucket, name).await.ok()
/// }
/// ```
pub struct MayUpload<'r> {
    guid: Cow<'r, str>,
    /// Who asked about a record that was there before: other records may have its object.
    asked: Option<(&'r Fence, &'r Caller)>,
}

impl std::fmt::Debug for MayUpload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MayUpload").field("guid", &self.guid).finish_non_exhaustive()
    }
}

/// Asks whether the caller may write the bytes of `record`.
///
/// # Errors
/// 401 for "no".
pub(crate) async fn may_upload<'r>(
    fence: &'r Fence,
    caller: &'r Caller,
    record: &'r Record,
) -> Result<MayUpload<'r>, Error> {
    let consent: Consent<'r, WriteStorage> = Rules::new(fence, caller).ask(record).await?;
    // Not the name that was given: an alias can look like the GUID of another record.
    Ok(MayUpload { guid: Cow::Borrowed(&consent.record().did), asked: Some((fence, caller)) })
}

impl Fence {
    /// Makes a blank record, which whoever made it may fill.
    ///
    /// # Errors
    /// 401 for the token of an OAuth client without a user, where the record would belong to its uploader.
    pub async fn blank_record(
        &self,
        proof: &MayBeginUploads<'_>,
        file_name: &str,
    ) -> Result<MayUpload<'static>, Error> {
        let made = match &proof.right {
            UploadRight::Unassigned => {
                let uploader = Some(proof.bearer.username()?);
                self.index.create_blank(&IndexCaller::Service, uploader, file_name, None).await?
            }
            UploadRight::Below(grant) => {
                let caller = IndexCaller::Bearer(proof.bearer.token().to_owned());
                self.index.create_blank(&caller, None, file_name, Some(grant.resources())).await?
            }
        };
        Ok(MayUpload { guid: Cow::Owned(made.did), asked: None })
    }
}

impl MayUpload<'_> {
    /// The record that was asked about.
    pub(crate) fn guid(&self) -> &str {
        &self.guid
    }

    /// The object that holds the bytes of this record.
    ///
    /// # Errors
    /// 400 for a GUID whose objects would be taken for another record's, 401 for an object that another
    /// record has whose bytes the caller may not write.
    pub async fn object(&self, bucket: &UploadBucket, name: &FileName) -> Result<MayWriteObject, Error> {
        let location = location(bucket, &self.guid, name)?;
        self.must_be_free(location.url()).await?;
        Ok(MayWriteObject { location })
    }

    /// Asks about other records that have this object.
    async fn must_be_free(&self, url: String) -> Result<(), Error> {
        let Some((fence, caller)) = self.asked else { return Ok(()) };
        let holders = holders(fence, url).await?;
        let others = holders.iter().filter(|record| record.did != self.guid);
        must_permit_writing(fence, caller, others).await
    }
}

/// The records that have an object.
async fn holders(fence: &Fence, url: String) -> Result<Vec<Record>, Error> {
    Ok(fence.index.holders(&[url]).await?.into_iter().flat_map(|holders| holders.records).collect())
}

async fn must_permit_writing(
    fence: &Fence,
    caller: &Caller,
    records: impl Iterator<Item = &Record>,
) -> Result<(), Error> {
    let rules = Rules::<WriteStorage>::new(fence, caller);
    for record in records {
        rules.ask(record).await?;
    }
    Ok(())
}

/// Proof that the caller may write one object of the store.
///
/// ```no_run
/// # use fence::{Error, Fence, files::access::MayWriteObject};
/// async fn link(fence: &Fence, proof: &MayWriteObject) -> Result<String, Error> {
///     fence.upload_url(proof, std::time::Duration::from_secs(60)).await
/// }
/// ```
///
/// The right to a record must have become the right to its object first, which says where the bytes go:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, files::access::MayUpload};
/// async fn link(fence: &Fence, proof: &MayUpload<'_>) -> Result<String, Error> {
///     fence.upload_url(proof, std::time::Duration::from_secs(60)).await
/// }
/// ```
#[derive(Debug)]
pub struct MayWriteObject {
    location: Location,
}

impl MayWriteObject {
    /// The object that was asked about.
    pub(crate) fn location(&self) -> &Location {
        &self.location
    }
}

/// Asks whether the caller may write the object `key`: it has records, and they may write the bytes of all of
/// these. The record of an upload is one of them before the bytes have come. An object that no record has is
/// nobody's to write, since nobody can say whose it is.
///
/// # Errors
/// 401 for "no", 400 for a key that no object can have.
pub(crate) async fn may_write_object(
    fence: &Fence,
    caller: &Caller,
    _: &MayBeginUploads<'_>,
    bucket: &UploadBucket,
    key: &str,
) -> Result<MayWriteObject, Error> {
    let location = bucket.object(key)?;
    let mut holders = holders(fence, location.url()).await?;
    if holders.is_empty()
        && let Some((guid, _)) = key.rsplit_once('/')
    {
        // A GUID that is no UUID is not told by the key alone.
        holders = fence.index.get_many(&[guid.to_owned()]).await?;
    }
    if holders.is_empty() {
        return Err(Error::Unauthorized(format!("No file that you may write has the key {key}")));
    }
    must_permit_writing(fence, caller, holders.iter()).await?;
    Ok(MayWriteObject { location })
}
