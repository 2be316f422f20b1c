//! Tags of an object.

use std::collections::HashSet;

use http::StatusCode;
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
    },
    s3_error,
};

use crate::{
    layout::check_key,
    objects::{Objects, working},
    version::Meant,
    wording::refused,
};

/// Amazon's limits: tags of an object, and characters of a tag's key and value.
const MOST_TAGS: usize = 10;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The tags of the header `x-amz-tagging`, which is a query.
///
/// # Errors
/// 400 for what is no query, and as [`checked`].
pub(super) fn of_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let header = header.unwrap_or_default();
    let tags: Vec<(String, String)> = url::form_urlencoded::parse(header.as_bytes()).into_owned().collect();
    let mut keys = HashSet::new();
    if !is_encoded(header) || tags.iter().any(|(key, _)| key.is_empty() || !keys.insert(key)) {
        return Err(s3_error!(
            InvalidArgument,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
             without tag name duplicates."
        ));
    }
    checked(tags)
}

/// Whether each percent sign stands before two hexadecimal digits.
fn is_encoded(text: &str) -> bool {
    let mut after_percent = text.split('%').skip(1).map(str::as_bytes);
    after_percent.all(|rest| rest.len() >= 2 && rest.iter().take(2).all(u8::is_ascii_hexdigit))
}

/// The tags, if an object may have them.
///
/// # Errors
/// 400 for too many, too long and repeated ones, and for characters that Amazon S3 does not take.
fn checked(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    if tags.len() > MOST_TAGS {
        let told = "Object tags cannot be greater than 10";
        return Err(refused(StatusCode::BAD_REQUEST, "BadRequest", told));
    }
    let mut keys = HashSet::new();
    for (key, value) in &tags {
        let is_named = !key.is_empty() && !key.starts_with("aws:");
        if !is_named || key.chars().count() > LONGEST_KEY || !key.chars().all(is_of_tag) {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > LONGEST_VALUE || !value.chars().all(is_of_tag) {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if !keys.insert(key) {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

/// Letters, digits and spaces of any language, and a few signs (Amazon S3).
fn is_of_tag(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "+-=._:/@".contains(character)
}

impl Objects {
    pub(crate) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let input = request.input;
        let (found, version_id) = self.find(&input.bucket, &input.key, input.version_id.as_deref()).await?;
        let record = found.record;
        let tag = |(key, value)| Tag { key: Some(key), value: Some(value) };
        let tag_set = record.tags.into_iter().map(tag).collect();
        Ok(S3Response::new(GetObjectTaggingOutput { tag_set, version_id }))
    }

    pub(crate) async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let input = request.input;
        let tag = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        let tags = checked(input.tagging.tag_set.into_iter().map(tag).collect())?;
        let version_id = self.tag(input.bucket, input.key, input.version_id, tags).await?;
        Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
    }

    pub(crate) async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        let input = request.input;
        let version_id = self.tag(input.bucket, input.key, input.version_id, Vec::new()).await?;
        Ok(S3Response::new(DeleteObjectTaggingOutput { version_id }))
    }

    /// Gives a version its tags, and says how it is shown.
    async fn tag(
        &self,
        bucket: String,
        key: String,
        version: Option<String>,
        tags: Vec<(String, String)>,
    ) -> S3Result<Option<String>> {
        check_key(&key)?;
        let meant = Meant::read(version.as_deref())?;
        let inner = self.0.clone();
        working(move || {
            let mut tagged = None;
            inner.disk.change((&bucket, &key), meant, |record| {
                record.tags = tags;
                tagged = Some(record.clone());
            })?;
            tagged.map_or(Ok(None), |tagged| inner.disk.shown(&bucket, &tagged))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_the_limits_of_the_protocol() {
        assert_eq!(of_header(None).unwrap(), []);
        let tags = of_header(Some("a=1&b%20c=%C3%A4")).unwrap();
        assert_eq!(tags, [("a".into(), "1".into()), ("b c".into(), "ä".into())]);
        let many = (0..11).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join("&");
        let long = format!("k={}", "v".repeat(257));
        let long_key = format!("{}=1", "k".repeat(129));
        for (wrong, code) in [
            ("a=1&a=2", "InvalidArgument"),
            ("=1", "InvalidArgument"),
            ("a%=1", "InvalidArgument"),
            ("a=%4", "InvalidArgument"),
            ("a=%ä", "InvalidArgument"),
            ("aws:a=1", "InvalidTag"),
            ("a?=1", "InvalidTag"),
            ("a=1%00", "InvalidTag"),
            (&many, "BadRequest"),
            (&long, "InvalidTag"),
            (&long_key, "InvalidTag"),
        ] {
            assert_eq!(of_header(Some(wrong)).unwrap_err().code().as_str(), code, "{wrong}");
        }
        assert_eq!(of_header(Some("&a=&")).unwrap(), [("a".into(), String::new())]);
        let twice = vec![("a".into(), "1".into()), ("a".into(), "2".into())];
        assert_eq!(checked(twice).unwrap_err().code().as_str(), "InvalidTag");
    }
}
