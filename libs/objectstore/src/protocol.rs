//! What the protocol library calls: a line for each operation that there is. Any other gets 501.

use async_trait::async_trait;
use s3s::{S3, S3Request, S3Response, S3Result, dto};

use crate::{objects::Objects, wording::worded};

/// Operations, each of which is a method of [`Objects`] that takes the request.
macro_rules! operations {
    ($($operation:ident, $input:ident, $output:ident;)*) => {
        #[async_trait]
        impl S3 for Objects {
            $(async fn $operation(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                self.$operation(request).await.map_err(worded)
            })*
        }
    };
}

operations! {
    list_buckets, ListBucketsInput, ListBucketsOutput;
    head_bucket, HeadBucketInput, HeadBucketOutput;
    create_bucket, CreateBucketInput, CreateBucketOutput;
    delete_bucket, DeleteBucketInput, DeleteBucketOutput;
    get_bucket_location, GetBucketLocationInput, GetBucketLocationOutput;
    get_bucket_versioning, GetBucketVersioningInput, GetBucketVersioningOutput;
    put_bucket_versioning, PutBucketVersioningInput, PutBucketVersioningOutput;
    list_object_versions, ListObjectVersionsInput, ListObjectVersionsOutput;
    list_objects, ListObjectsInput, ListObjectsOutput;
    list_objects_v2, ListObjectsV2Input, ListObjectsV2Output;
    head_object, HeadObjectInput, HeadObjectOutput;
    get_object, GetObjectInput, GetObjectOutput;
    get_object_attributes, GetObjectAttributesInput, GetObjectAttributesOutput;
    put_object, PutObjectInput, PutObjectOutput;
    copy_object, CopyObjectInput, CopyObjectOutput;
    delete_object, DeleteObjectInput, DeleteObjectOutput;
    delete_objects, DeleteObjectsInput, DeleteObjectsOutput;
    get_object_tagging, GetObjectTaggingInput, GetObjectTaggingOutput;
    put_object_tagging, PutObjectTaggingInput, PutObjectTaggingOutput;
    delete_object_tagging, DeleteObjectTaggingInput, DeleteObjectTaggingOutput;
    create_multipart_upload, CreateMultipartUploadInput, CreateMultipartUploadOutput;
    upload_part, UploadPartInput, UploadPartOutput;
    upload_part_copy, UploadPartCopyInput, UploadPartCopyOutput;
    list_parts, ListPartsInput, ListPartsOutput;
    list_multipart_uploads, ListMultipartUploadsInput, ListMultipartUploadsOutput;
    complete_multipart_upload, CompleteMultipartUploadInput, CompleteMultipartUploadOutput;
    abort_multipart_upload, AbortMultipartUploadInput, AbortMultipartUploadOutput;
}
