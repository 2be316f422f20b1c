//! Storage classes of S3: what cannot be read at once, asking for it, and changing the class of an object.

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    types::{
        CompletedMultipartUpload, CompletedPart, GlacierJobParameters, MetadataDirective, RestoreRequest,
        StorageClass, Tier,
    },
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    S3Store,
    calls::{Called, unexpected, unsigned},
    refusal::refusal,
};
use crate::{Location, Readable, Standing, StorageError};

/// Largest object that S3 copies in one call, and the parts in which it copies larger ones.
const LARGEST_COPY: u64 = 5 << 30;
const COPIED_PART: u64 = 1 << 30;
/// What stays as it is in the name of a source: segments of a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Whether an object that is kept as `class` can be read; `restore` is the header about its copy.
fn readable(class: Option<&str>, restore: Option<&str>) -> Readable {
    if !matches!(class, Some("GLACIER" | "DEEP_ARCHIVE")) {
        return Readable::Now;
    }
    match restore {
        Some(told) if told.contains("ongoing-request=\"true\"") => Readable::Soon,
        Some(_) => Readable::Now,
        None => Readable::OnRequest,
    }
}

fn standing(answer: &HeadObjectOutput) -> Result<Standing, StorageError> {
    let size = answer.content_length.ok_or_else(|| unexpected("it has no length"))?;
    let class = answer.storage_class().map(|class| class.as_str().to_owned());
    let readable = readable(class.as_deref(), answer.restore());
    Ok(Standing { size: unsigned(Some(size)), etag: answer.e_tag.clone(), class, readable })
}

impl S3Store {
    pub(super) async fn standing_of(&self, location: &Location) -> Result<Standing, StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let call = client.head_object().bucket(name).key(location.key()).set_request_payer(payer);
        standing(&call.send().await.map_err(|error| refusal(name, error))?)
    }

    pub(super) async fn ask_for(
        &self,
        location: &Location,
        days: u16,
        speed: &str,
    ) -> Result<(), StorageError> {
        let Called { client, name, payer } = self.called(location.place()).await?;
        let job = GlacierJobParameters::builder().tier(Tier::from(speed)).build();
        let job = job.map_err(|error| unexpected(&error.to_string()))?;
        let wanted = RestoreRequest::builder().days(i32::from(days)).glacier_job_parameters(job).build();
        let call = client.restore_object().bucket(name).key(location.key()).restore_request(wanted);
        match call.set_request_payer(payer).send().await.map_err(|error| refusal(name, error)) {
            Ok(_) => Ok(()),
            // It is being brought already.
            Err(StorageError::Refused { code, .. }) if code == "RestoreAlreadyInProgress" => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn change_class(&self, location: &Location, class: &str) -> Result<(), StorageError> {
        let size = self.standing_of(location).await?.size;
        let Called { client, name, payer } = self.called(location.place()).await?;
        let source = format!("{name}/{}", utf8_percent_encode(location.key(), IN_PATH));
        let class = StorageClass::from(class);
        if size <= LARGEST_COPY {
            let call = client.copy_object().bucket(name).key(location.key()).copy_source(source);
            let call = call.storage_class(class).metadata_directive(MetadataDirective::Copy);
            let copied = call.set_request_payer(payer).send().await;
            return copied.map(drop).map_err(|error| refusal(name, error));
        }
        let call = client.create_multipart_upload().bucket(name).key(location.key()).storage_class(class);
        let upload = call.send().await.map_err(|error| refusal(name, error))?.upload_id;
        let upload = upload.ok_or_else(|| unexpected("it has no upload id"))?;
        let mut parts = Vec::new();
        for (number, from) in (1..).zip((0..size).step_by(usize::try_from(COPIED_PART).unwrap_or(1 << 30))) {
            let range = format!("bytes={from}-{}", (from + COPIED_PART).min(size) - 1);
            let call = client.upload_part_copy().bucket(name).key(location.key()).upload_id(&upload);
            let call = call.part_number(number).copy_source(&source).copy_source_range(range);
            let copied = call.send().await.map_err(|error| refusal(name, error))?;
            let etag = copied.copy_part_result.and_then(|part| part.e_tag);
            let etag = etag.ok_or_else(|| unexpected("a part without a tag"))?;
            parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = client.complete_multipart_upload().bucket(name).key(location.key()).upload_id(upload);
        call.multipart_upload(parts).send().await.map(drop).map_err(|error| refusal(name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_an_archive_is_read_after_it_was_asked_for() {
        assert_eq!(readable(None, None), Readable::Now);
        assert_eq!(readable(Some("GLACIER_IR"), None), Readable::Now);
        assert_eq!(readable(Some("GLACIER"), None), Readable::OnRequest);
        assert_eq!(readable(Some("DEEP_ARCHIVE"), Some("ongoing-request=\"true\"")), Readable::Soon);
        let there = "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"";
        assert_eq!(readable(Some("GLACIER"), Some(there)), Readable::Now);
    }
}
