//! Whether a bucket keeps versions, and lists of them.

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        BucketVersioningStatus, CommonPrefix, DeleteMarkerEntry, GetBucketVersioningInput,
        GetBucketVersioningOutput, ListObjectVersionsInput, ListObjectVersionsOutput, MFADelete,
        ObjectVersion, ObjectVersionStorageClass, Owner, PutBucketVersioningInput, PutBucketVersioningOutput,
        Timestamp,
    },
    s3_error,
};

use crate::{
    answers::{self, Keys, strong},
    index::{ListedVersion, VersionEntry, VersionsPage, WantedVersions},
    objects::{Objects, working},
    version::{Meant, Versioning},
};

impl Objects {
    /// The state of a bucket, which is empty if it never kept versions.
    pub(crate) async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        let inner = self.0.clone();
        let versioning = working(move || inner.disk.versioning(&request.input.bucket)).await?;
        let status = match versioning {
            Versioning::Never => None,
            Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
            Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
        };
        Ok(S3Response::new(GetBucketVersioningOutput {
            status: status.map(BucketVersioningStatus::from_static),
            ..GetBucketVersioningOutput::default()
        }))
    }

    pub(crate) async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        let input = request.input;
        self.0.disk.check_bucket(&input.bucket)?;
        let wanted = input.versioning_configuration;
        let versioning = match wanted.status.as_ref().map(BucketVersioningStatus::as_str) {
            Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
            Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
            _ => return Err(s3_error!(MalformedXML)),
        };
        if wanted.mfa_delete.is_some_and(|mfa| mfa.as_str() != MFADelete::DISABLED) {
            return Err(s3_error!(NotImplemented, "this store knows no second factor"));
        }
        let inner = self.0.clone();
        working(move || inner.disk.set_versioning(&input.bucket, versioning)).await?;
        Ok(S3Response::new(PutBucketVersioningOutput::default()))
    }

    pub(crate) async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let after = input.key_marker.clone().filter(|key| !key.is_empty());
        let version = input.version_id_marker.as_deref().filter(|version| !version.is_empty());
        if version.is_some() && after.is_none() {
            let told = "A version-id marker cannot be specified without a key marker.";
            return Err(s3_error!(InvalidArgument, "{told}"));
        }
        let meant = Meant::read(version)?;
        let wanted = WantedVersions {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone().filter(|delimiter| !delimiter.is_empty()),
            after: None,
            most: answers::most(input.max_keys, answers::KEYS_OF_A_PAGE)?,
        };
        let (inner, bucket) = (self.0.clone(), input.bucket.clone());
        let page = working(move || {
            let after = after.as_deref().map(|key| (key, meant));
            inner.disk.versions(&bucket, &wanted, after)
        })
        .await?;
        Ok(S3Response::new(answer(input, page, &self.0.owner)))
    }
}

fn answer(input: ListObjectVersionsInput, page: VersionsPage, owner: &str) -> ListObjectVersionsOutput {
    let keys = Keys::of(input.encoding_type.as_ref());
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            VersionEntry::Prefix(prefix) if keys.can_show(&prefix) => {
                prefixes.push(CommonPrefix { prefix: Some(keys.encode(prefix)) });
            }
            VersionEntry::Version(listed) if !keys.can_show(&listed.key) => {}
            VersionEntry::Version(listed) if listed.is_marker => {
                markers.push(marker(listed, keys, owner));
            }
            VersionEntry::Version(listed) => versions.push(version(listed, keys, owner)),
            VersionEntry::Prefix(_) => {}
        }
    }
    let is_truncated = page.next.is_some();
    let (next_key, next_version) = page.next.unzip();
    ListObjectVersionsOutput {
        max_keys: answers::largest_page(input.max_keys),
        is_truncated: Some(is_truncated),
        next_key_marker: next_key.map(|key| keys.encode(key)),
        next_version_id_marker: next_version.flatten().map(crate::version::Version::shown),
        versions: Some(versions).filter(|versions| !versions.is_empty()),
        delete_markers: Some(markers).filter(|markers| !markers.is_empty()),
        common_prefixes: Some(prefixes).filter(|prefixes| !prefixes.is_empty()),
        delimiter: input.delimiter.map(|delimiter| keys.encode(delimiter)),
        prefix: input.prefix.map(|prefix| keys.encode(prefix)),
        key_marker: input.key_marker.map(|key| keys.encode(key)),
        version_id_marker: input.version_id_marker,
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        ..ListObjectVersionsOutput::default()
    }
}

fn owner_of(owner: &str) -> Owner {
    Owner { id: Some(owner.to_owned()), ..Owner::default() }
}

fn version(listed: ListedVersion, keys: Keys, owner: &str) -> ObjectVersion {
    let ListedVersion { key, version, is_latest, summary, .. } = listed;
    ObjectVersion {
        key: Some(keys.encode(key)),
        version_id: Some(version.shown()),
        is_latest: Some(is_latest),
        last_modified: Some(Timestamp::from(summary.modified)),
        e_tag: Some(strong(summary.e_tag)),
        size: i64::try_from(summary.size).ok(),
        checksum_algorithm: summary.checksum.map(|(chosen, _)| vec![answers::algorithm(chosen)]),
        checksum_type: summary.checksum.map(|(_, chosen)| answers::kind(chosen)),
        storage_class: Some(ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD)),
        owner: Some(owner_of(owner)),
        ..ObjectVersion::default()
    }
}

fn marker(listed: ListedVersion, keys: Keys, owner: &str) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        key: Some(keys.encode(listed.key)),
        version_id: Some(listed.version.shown()),
        is_latest: Some(listed.is_latest),
        last_modified: Some(Timestamp::from(listed.summary.modified)),
        owner: Some(owner_of(owner)),
    }
}
