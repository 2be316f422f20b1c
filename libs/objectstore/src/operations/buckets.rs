//! Buckets. Those of the settings are always there again at the next start.

use http::{HeaderMap, HeaderValue};
use s3s::{
    S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        Bucket, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
        GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
        ListBucketsOutput, ObjectOwnership, Owner, Timestamp,
    },
    s3_error,
};

use crate::{
    objects::{Objects, working},
    room::failed,
    version::Versioning,
};

/// Where all buckets are, for clients who want to know. Signatures for any region are taken.
const REGION: &str = "us-east-1";
/// Buckets of a page of them, as in Amazon S3.
const BUCKETS_OF_A_PAGE: usize = 10_000;
/// Whose the objects of a new bucket are to be. They are the store's owner's, which all of these allow.
const OWNERSHIP: &str = "x-amz-object-ownership";
const OWNERSHIPS: [&str; 3] = [
    ObjectOwnership::BUCKET_OWNER_ENFORCED,
    ObjectOwnership::BUCKET_OWNER_PREFERRED,
    ObjectOwnership::OBJECT_WRITER,
];
/// Why a bucket with versions is not deleted.
const NOT_EMPTY: &str =
    "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
/// Names a new bucket as policies of Amazon do.
const ARN: &str = "x-amz-bucket-arn";

impl Objects {
    pub(crate) async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let input = request.input;
        let most = buckets_of_a_page(input.max_buckets)?;
        let inner = self.0.clone();
        let mut names = working(move || inner.disk.layout().buckets().map_err(failed)).await?;
        names.retain(|name| {
            input.prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && input.continuation_token.as_ref().is_none_or(|after| name > after)
                && input.bucket_region.as_ref().is_none_or(|region| region == REGION)
        });
        let is_truncated = names.len() > most;
        names.truncate(most);
        let continuation_token = names.last().filter(|_| is_truncated).cloned();
        let inner = self.0.clone();
        let buckets = working(move || {
            let bucket = |name: String| {
                // One that was deleted meanwhile is shown without a time.
                let made = inner.disk.layout().made(&name).ok();
                let bucket_region = Some(REGION.to_owned());
                Bucket { name: Some(name), creation_date: made.map(Timestamp::from), bucket_region }
            };
            Ok(names.into_iter().map(bucket).collect())
        })
        .await?;
        let owner = Owner { id: Some(self.0.owner.clone()), ..Owner::default() };
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets),
            continuation_token,
            owner: Some(owner),
            prefix: input.prefix,
        }))
    }

    pub(crate) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.disk.check_bucket(&request.input.bucket)?;
        let bucket_region = Some(REGION.to_owned());
        Ok(S3Response::new(HeadBucketOutput { bucket_region, ..HeadBucketOutput::default() }))
    }

    pub(crate) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = request.input.bucket;
        check_ownership(&request.headers)?;
        if !s3s::path::check_bucket_name(&bucket) {
            return Err(s3_error!(InvalidBucketName));
        }
        if request.input.object_lock_enabled_for_bucket == Some(true) {
            return Err(s3_error!(NotImplemented, "objects cannot be locked in this store"));
        }
        let (inner, name) = (self.0.clone(), bucket.clone());
        working(move || {
            inner.room.check(0)?;
            inner.disk.make_bucket(&name)
        })
        .await?;
        let location = Some(format!("/{bucket}"));
        let mut response = S3Response::new(CreateBucketOutput { location });
        let arn = HeaderValue::from_str(&format!("arn:aws:s3:::{bucket}"));
        response.headers.insert(ARN, arn.map_err(s3s::S3Error::internal_error)?);
        Ok(response)
    }

    pub(crate) async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = request.input.bucket;
        self.0.disk.check_bucket(&bucket)?;
        let inner = self.0.clone();
        working(move || {
            // Uploads that were begun do not keep a bucket (Amazon S3), objects and their versions do.
            if !inner.disk.has_versions(&bucket)? {
                inner.store().give_up_all_of(&bucket)?;
            }
            let removed = inner.disk.remove_bucket(&bucket);
            removed.map_err(|error| match inner.disk.versioning(&bucket) {
                Ok(Versioning::Enabled | Versioning::Suspended)
                    if *error.code() == S3ErrorCode::BucketNotEmpty =>
                {
                    s3_error!(BucketNotEmpty, "{NOT_EMPTY}")
                }
                _ => error,
            })
        })
        .await?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    pub(crate) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.0.disk.check_bucket(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }
}

/// # Errors
/// 400 for a number of buckets that a page cannot have (Amazon S3).
fn buckets_of_a_page(wanted: Option<i32>) -> S3Result<usize> {
    let Some(wanted) = wanted else { return Ok(BUCKETS_OF_A_PAGE) };
    let most = usize::try_from(wanted).ok().filter(|most| (1..=BUCKETS_OF_A_PAGE).contains(most));
    let told = "Argument max-buckets must be an integer between 1 and 10000.";
    most.ok_or_else(|| s3_error!(InvalidArgument, "{told}"))
}

/// # Errors
/// 400 for an ownership that nobody knows.
fn check_ownership(headers: &HeaderMap) -> S3Result<()> {
    match headers.get(OWNERSHIP).map(|named| named.to_str().unwrap_or_default()) {
        Some(named) if !OWNERSHIPS.contains(&named) => {
            Err(s3_error!(InvalidArgument, "Invalid x-amz-object-ownership header: {named}"))
        }
        _ => Ok(()),
    }
}
