//! Uploads in parts.

use http::HeaderMap;
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
        ListPartsOutput, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use uuid::Uuid;

use super::tagging;
use crate::{
    answers::{self, strong},
    checksums::{self, Algorithm, Composite},
    completion,
    disk::gone,
    integrity::{self, Integrity},
    layout::check_key,
    objects::{Objects, working},
    parts,
    receive::{Received, receive},
    record::attributes,
    room::failed,
    uploads::Upload,
};

/// Uploads of a page of them, as in Amazon S3.
const UPLOADS_OF_A_PAGE: usize = 1000;

impl Objects {
    pub(crate) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let mut input = request.input;
        check_key(&input.key)?;
        self.0.disk.check_bucket(&input.bucket)?;
        self.0.room.check(0)?;
        let checksum = checksum(input.checksum_algorithm.as_ref(), input.checksum_type.as_ref())?;
        let upload = Upload {
            bucket: input.bucket.clone(),
            key: input.key.clone(),
            attributes: attributes!(input).checked()?,
            tags: tagging::of_header(input.tagging.as_deref())?,
            checksum,
            ended: None,
        };
        let inner = self.0.clone();
        let id = working(move || inner.uploads.begin(&upload).map_err(gone)).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id.simple().to_string()),
            checksum_algorithm: checksum.map(|(algorithm, _)| answers::algorithm(algorithm)),
            checksum_type: checksum.map(|(_, kind)| answers::kind(kind)),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(crate) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let (headers, trailers, mut input) = (request.headers, request.trailing_headers, request.input);
        self.0.disk.check_bucket(&input.bucket)?;
        let number = parts::part_number(input.part_number)?;
        let (_, upload) = self.open_upload(&input.upload_id, &input.bucket, &input.key).await?;
        let wanted = checksums::of!(input);
        let named = integrity::named(&wanted, input.checksum_algorithm.as_ref(), &headers)?;
        check_algorithm(upload.checksum, named)?;
        // Of the checksum that the object is to have, each part has one, whether its client names it or not.
        let of_upload = upload.checksum.map(|(algorithm, _)| answers::algorithm(algorithm));
        let algorithm = input.checksum_algorithm.as_ref().or(of_upload.as_ref());
        let integrity =
            Integrity::expect(input.content_md5.as_deref(), wanted, algorithm, &headers, trailers)?;
        let (root, room) = (self.0.disk.layout().root(), &self.0.room);
        let received = receive(root, room, input.body.take(), input.content_length, integrity).await?;
        let mut output = UploadPartOutput {
            e_tag: Some(strong(received.digests.md5.clone())),
            ..UploadPartOutput::default()
        };
        checksums::set!(output, received.digests.checksums.clone());
        self.add_part(&input.upload_id, (&input.bucket, &input.key), number, received).await?;
        Ok(S3Response::new(output))
    }

    /// The upload with this id, which must be open.
    pub(super) async fn open_upload(&self, id: &str, bucket: &str, key: &str) -> S3Result<(Uuid, Upload)> {
        self.0.disk.check_bucket(bucket)?;
        let (inner, id, bucket, key) = (self.0.clone(), id.to_owned(), bucket.to_owned(), key.to_owned());
        working(move || inner.store().find_open(&id, &bucket, &key)).await
    }

    /// Adds a part to an upload, which may have been ended while the part came in.
    pub(super) async fn add_part(
        &self,
        upload_id: &str,
        (bucket, key): (&str, &str),
        number: i32,
        received: Received,
    ) -> S3Result<()> {
        let (id, _) = self.open_upload(upload_id, bucket, key).await?;
        let turn = self.0.uploads.turn(id).await;
        let (inner, upload_id) = (self.0.clone(), upload_id.to_owned());
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        working(move || {
            let _turn = turn;
            let (id, upload) = inner.store().find_open(&upload_id, &bucket, &key)?;
            let digests = (received.digests.md5.as_str(), &received.digests.checksums);
            inner.uploads.add((id, &upload), number, digests, received.draft)
        })
        .await
    }

    pub(crate) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let (id, upload) = self.open_upload(&input.upload_id, &input.bucket, &input.key).await?;
        let inner = self.0.clone();
        let (parts, upload) = working(move || Ok((inner.uploads.parts(id, &upload)?, upload))).await?;
        answers::parts(input, parts, &upload).map(S3Response::new)
    }

    pub(crate) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        self.0.disk.check_bucket(&input.bucket)?;
        if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
            return Err(s3_error!(NotImplemented, "uploads are not listed by a delimiter"));
        }
        let most = answers::most(input.max_uploads, UPLOADS_OF_A_PAGE)?;
        let (inner, bucket) = (self.0.clone(), input.bucket.clone());
        let prefix = input.prefix.clone().unwrap_or_default();
        let key = input.key_marker.clone().unwrap_or_default();
        // Without a key, an id has no meaning (Amazon S3).
        let id = input.upload_id_marker.clone().filter(|_| !key.is_empty()).unwrap_or_default();
        if !id.is_empty() && Uuid::try_parse(&id).is_err() {
            return Err(s3_error!(InvalidArgument, "Invalid uploadId marker"));
        }
        let (uploads, is_truncated) =
            working(move || inner.uploads.list(&bucket, &prefix, (&key, &id), most)).await?;
        Ok(S3Response::new(answers::uploads(input, uploads, most, is_truncated)))
    }

    pub(crate) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        check_key(&input.key)?;
        self.0.disk.check_bucket(&input.bucket)?;
        let location = location(&request.headers, &input.bucket, &input.key);
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let (inner, upload_id) = (self.0.clone(), input.upload_id.clone());
        let (at, name) = (bucket.clone(), key.clone());
        let (id, _) = working(move || inner.uploads.find(&upload_id, &at, &name)).await?;
        let turn = self.0.uploads.turn(id).await;
        // It comes to its end even if the client goes away meanwhile.
        let inner = self.0.clone();
        let outcome = working(move || {
            let _turn = turn;
            completion::complete(&inner.store(), &input)
        })
        .await?;
        if outcome.is_new {
            self.notice(&bucket, &key);
        }
        let mut output = CompleteMultipartUploadOutput {
            location: Some(location),
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(strong(outcome.e_tag)),
            version_id: outcome.version,
            checksum_type: outcome.checksums.type_(),
            ..CompleteMultipartUploadOutput::default()
        };
        checksums::set!(output, outcome.checksums);
        Ok(S3Response::new(output))
    }

    pub(crate) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let (id, _) = self.open_upload(&input.upload_id, &input.bucket, &input.key).await?;
        let turn = self.0.uploads.turn(id).await;
        let inner = self.0.clone();
        working(move || {
            let _turn = turn;
            // It may have been ended while the turn was waited for.
            let (id, _) = inner.store().find_open(&input.upload_id, &input.bucket, &input.key)?;
            inner.store().give_up(id).map_err(failed)
        })
        .await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

/// The checksum that an upload is begun with. The type follows from the algorithm if it is not given.
///
/// # Errors
/// 400 for two that do not go together (Amazon S3).
fn checksum(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(Algorithm, Option<Composite>)>> {
    let kind = kind.map(ChecksumType::as_str);
    if kind.is_some_and(|kind| ![ChecksumType::COMPOSITE, ChecksumType::FULL_OBJECT].contains(&kind)) {
        return Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid."));
    }
    let Some(algorithm) = algorithm else {
        return match kind {
            Some(_) => Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )),
            None => Ok(None),
        };
    };
    let algorithm = Algorithm::named(algorithm.as_str())?;
    let kind = match kind {
        None if algorithm.can_be_composite() => Some(Composite::Composite),
        None => None,
        Some(ChecksumType::COMPOSITE) if algorithm.can_be_composite() => Some(Composite::Composite),
        Some(ChecksumType::FULL_OBJECT) if algorithm.can_be_of_all() => None,
        Some(kind) => {
            let name = algorithm.name().to_ascii_lowercase();
            return Err(s3_error!(
                InvalidRequest,
                "The {kind} checksum type cannot be used with the {name} checksum algorithm."
            ));
        }
    };
    Ok(Some((algorithm, kind)))
}

/// Whether a part has the checksum that its upload was begun with: one that is made of the parts' is made of
/// what their client said, as in Amazon S3.
///
/// # Errors
/// 400 when it has another one, or none where it must have one.
fn check_algorithm(
    of_upload: Option<(Algorithm, Option<Composite>)>,
    named: Option<Algorithm>,
) -> S3Result<()> {
    match (of_upload, named) {
        (Some((wanted, kind)), named) if named != Some(wanted) && (named.is_some() || kind.is_some()) => {
            let named = named.map_or("null", Algorithm::name);
            Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {named}",
                wanted.name()
            ))
        }
        _ => Ok(()),
    }
}

/// Where an object is, for a client that reached the store by these headers.
fn location(headers: &HeaderMap, bucket: &str, key: &str) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let path = format!("/{bucket}/{}", answers::path(key));
    let is_secure = text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let scheme = if is_secure { "https" } else { "http" };
    text("host").map_or(path.clone(), |host| format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_has_a_checksum_that_there_is() {
        let of = |algorithm: &str, kind: &str| {
            let algorithm = (!algorithm.is_empty()).then(|| ChecksumAlgorithm::from(algorithm.to_owned()));
            let kind = (!kind.is_empty()).then(|| ChecksumType::from(kind.to_owned()));
            checksum(algorithm.as_ref(), kind.as_ref()).map_err(|error| error.code().as_str().to_owned())
        };
        assert_eq!(of("", "").unwrap(), None);
        assert_eq!(of("SHA1", "").unwrap(), Some((Algorithm::Sha1, Some(Composite::Composite))));
        assert_eq!(of("CRC32", "FULL_OBJECT").unwrap(), Some((Algorithm::Crc32, None)));
        for (algorithm, kind) in
            [("", "COMPOSITE"), ("SHA1", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE"), ("CRC32", "other")]
        {
            assert_eq!(of(algorithm, kind).unwrap_err(), "InvalidRequest", "{algorithm} {kind}");
        }
    }

    #[test]
    fn a_part_has_the_checksum_of_its_upload() {
        let (sha1, crc32) = (Some(Algorithm::Sha1), Some(Algorithm::Crc32));
        let composite = Some((Algorithm::Sha1, Some(Composite::Composite)));
        let of_all = Some((Algorithm::Crc32, None));
        for (of_upload, named, is_taken) in [
            (None, None, true),
            (None, sha1, true),
            (composite, sha1, true),
            (composite, crc32, false),
            (composite, None, false),
            (of_all, crc32, true),
            (of_all, None, true),
            (of_all, sha1, false),
        ] {
            assert_eq!(check_algorithm(of_upload, named).is_ok(), is_taken, "{of_upload:?} {named:?}");
        }
    }

    #[test]
    fn an_object_is_where_its_client_reached_the_store() {
        let mut headers = HeaderMap::new();
        assert_eq!(location(&headers, "b", "a b/c"), "/b/a%20b/c");
        headers.insert("host", http::HeaderValue::from_static("h:1"));
        assert_eq!(location(&headers, "b", "k"), "http://h:1/b/k");
        headers.insert("x-forwarded-proto", http::HeaderValue::from_static("https"));
        assert_eq!(location(&headers, "b", "k"), "https://h:1/b/k");
    }
}
