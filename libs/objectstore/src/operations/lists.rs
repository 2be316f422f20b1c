//! Lists of objects.

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output},
};

use crate::{
    answers,
    index::{Page, Wanted},
    objects::{Objects, working},
};

impl Objects {
    pub(crate) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let after =
            answers::token(input.continuation_token.as_deref())?.or_else(|| input.start_after.clone());
        let wanted = answers::wanted(input.max_keys, &input.prefix, &input.delimiter, after)?;
        let page = self.page(&input.bucket, wanted).await?;
        Ok(S3Response::new(answers::page(input, page)))
    }

    /// The list as it was before its second version, which some tools still ask for.
    pub(crate) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let wanted = answers::wanted(input.max_keys, &input.prefix, &input.delimiter, input.marker.clone())?;
        let page = self.page(&input.bucket, wanted).await?;
        Ok(S3Response::new(answers::earlier_page(input, page)))
    }

    async fn page(&self, bucket: &str, wanted: Wanted) -> S3Result<Page> {
        let (inner, bucket) = (self.0.clone(), bucket.to_owned());
        working(move || inner.disk.list(&bucket, &wanted)).await
    }
}
