//! Where uploads go.

use indexclient::ownership::guid_of_key;
use storage::{Bucket, Kind, Location};
use url::Url;

use crate::{
    config::{Config, ConnectionString},
    error::Error,
};

/// The longest object key is 1024 bytes (Amazon S3); a GUID and a slash come before the file name.
const LONGEST_FILE_NAME: usize = 900;

/// A bucket that uploads may use.
#[derive(Debug, Clone)]
pub struct UploadBucket(Bucket);

impl UploadBucket {
    /// The bucket that is asked for, by its name in the configuration, if it is allowed, or the default.
    ///
    /// # Errors
    /// 403 for a bucket that uploads may not use, 404 where no bucket for uploads is configured.
    pub fn choose(config: &Config, asked: Option<&str>) -> Result<Self, Error> {
        let allowed = |name: &str| {
            name == config.data_upload_bucket
                || config.allowed_data_upload_buckets.iter().any(|bucket| bucket == name)
        };
        match asked.filter(|name| !name.is_empty()) {
            Some(name) if allowed(name) => Ok(Self(named(name))),
            Some(name) => Err(Error::Forbidden(format!("Uploading to bucket '{name}' is not allowed"))),
            None if config.data_upload_bucket.is_empty() => {
                Err(Error::NotFound("this commons has no bucket for uploads".into()))
            }
            None => Ok(Self(named(&config.data_upload_bucket))),
        }
    }

    /// The container at Azure that uploads may use.
    ///
    /// # Errors
    /// 404 where none is configured.
    pub fn at_azure(config: &Config) -> Result<Self, Error> {
        let missing = || Error::NotFound("this commons has no container at Azure for uploads".into());
        container(config).map(Self).ok_or_else(missing)
    }

    /// The object `key` in this bucket.
    ///
    /// # Errors
    /// 400 for a key that no object can have there.
    pub(super) fn object(&self, key: &str) -> Result<Location, Error> {
        // What reads Google's and Azure's stores names no such object, so that its record would stay blank.
        if self.0.kind() != Kind::S3 && key.split('/').any(str::is_empty) {
            return Err(Error::BadRequest("a file name must not have an empty part there".into()));
        }
        Ok(Location::within(self.0.clone(), key)?)
    }
}

/// All buckets that uploads may use.
pub fn upload_buckets(config: &Config) -> Vec<Bucket> {
    let names = config.allowed_data_upload_buckets.iter().chain([&config.data_upload_bucket]);
    let names = names.map(String::as_str).filter(|name| !name.is_empty());
    names.map(named).chain(container(config)).collect()
}

/// The bucket of a name in the configuration: of S3, or `gs://bucket`, or `az://host/container`.
fn named(name: &str) -> Bucket {
    match Bucket::split(name) {
        Some((bucket, "")) if bucket.kind() != Kind::Folder => bucket,
        _ => Bucket::s3(name),
    }
}

/// The container of `AZ_BLOB_CONTAINER_URL`.
fn container(config: &Config) -> Option<Bucket> {
    if config.az_blob_credentials.as_ref().is_none_or(ConnectionString::is_empty) {
        return None;
    }
    let url = Url::parse(&config.az_blob_container_url).ok()?;
    let name = url.path().trim_matches('/');
    let is_container = !name.is_empty() && !name.contains('/');
    is_container.then(|| Some(Bucket::azure(url.host_str()?, name)))?
}

/// The name of a file that can be uploaded.
#[derive(Debug, Clone)]
pub struct FileName(String);

impl FileName {
    /// Refuses names that no object can have, and control characters, which some stores refuse and terminals
    /// obey, before anything is made for them.
    ///
    /// # Errors
    /// 400.
    pub fn parse(name: &str) -> Result<Self, Error> {
        if name.len() > LONGEST_FILE_NAME {
            return Err(Error::BadRequest(format!("a file name has at most {LONGEST_FILE_NAME} bytes")));
        }
        if name.contains(char::is_control) {
            return Err(Error::BadRequest("a file name has no control characters".into()));
        }
        Location::new("any", format!("guid/{name}"))?;
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the bytes of a record go.
///
/// # Errors
/// 400 for a name that no object can have, and for a GUID that begins with another one (`<uuid>/<uuid>`): the
/// key says later whose bytes these are, and would name that other record.
pub(super) fn location(bucket: &UploadBucket, guid: &str, name: &FileName) -> Result<Location, Error> {
    let key = format!("{guid}/{}", name.0);
    if guid_of_key(&key).is_some_and(|named| named != guid) {
        return Err(Error::BadRequest(format!("no file can be uploaded for the id {guid}")));
    }
    bucket.object(&key)
}

/// Where bytes may have come to for a record: its object in every bucket that uploads may use. There is none
/// for a record whose GUID keys do not tell: nobody knows whose bytes are there.
pub(crate) fn upload_locations(config: &Config, guid: &str, name: &str) -> Vec<Location> {
    if guid_of_key(&format!("{guid}/{name}")) != Some(guid) {
        return Vec::new();
    }
    // A name may be older than what is refused today.
    let name = FileName(name.to_owned());
    let mut buckets = upload_buckets(config);
    buckets.sort();
    buckets.dedup();
    buckets.into_iter().filter_map(|bucket| location(&UploadBucket(bucket), guid, &name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_upload_names_its_record_and_no_other() {
        let (one, other) = ("0714aee0-0c5e-45c0-845d-8c073174242c", "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
        let is_allowed = |guid: &str, name: &str| {
            location(&UploadBucket(Bucket::s3("b")), guid, &FileName::parse(name).unwrap()).is_ok()
        };
        for guid in [one, &format!("dg.1234/{one}"), "named-otherwise"] {
            assert!(is_allowed(guid, "f"), "{guid}");
        }
        assert!(is_allowed(one, &format!("{other}/f")));
        assert!(!is_allowed(&format!("{one}/{other}"), "f"));
        assert!(!is_allowed("named-otherwise", &format!("{other}/f")));
    }

    #[test]
    fn buckets_of_every_kind_are_for_uploads_where_they_are_named() {
        let config = Config {
            data_upload_bucket: "b".into(),
            allowed_data_upload_buckets: vec!["gs://g".into(), "az://H/c".into(), "file:///etc".into()],
            az_blob_credentials: Some("*".to_owned().into()),
            az_blob_container_url: "https://acct.blob.core.windows.net/box/".into(),
            ..Config::default()
        };
        let urls: Vec<String> = upload_buckets(&config).iter().map(ToString::to_string).collect();
        let at_azure = "az://acct.blob.core.windows.net/box";
        assert_eq!(urls, ["gs://g", "az://h/c", "s3://file:///etc", "s3://b", at_azure]);
        let object = |asked: &str, key: &str| {
            let bucket = UploadBucket::choose(&config, Some(asked)).ok()?;
            bucket.object(key).ok().map(|object| object.url())
        };
        assert_eq!(object("gs://g", "guid/f").as_deref(), Some("gs://g/guid/f"));
        assert_eq!(object("g", "guid/f"), None);
        assert_eq!(object("b", "guid//f").as_deref(), Some("s3://b/guid//f"));
        assert_eq!(object("gs://g", "guid//f"), None);
    }

    #[test]
    fn bytes_of_a_record_may_be_in_each_bucket_and_never_under_the_name_of_another_record() {
        let config = Config {
            data_upload_bucket: "b".into(),
            allowed_data_upload_buckets: vec!["gs://g".into(), "b".into()],
            ..Config::default()
        };
        let (one, other) = ("0714aee0-0c5e-45c0-845d-8c073174242c", "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
        let urls = |guid: &str, name: &str| -> Vec<String> {
            upload_locations(&config, guid, name).iter().map(Location::url).collect()
        };
        assert_eq!(urls(one, "f"), [format!("s3://b/{one}/f"), format!("gs://g/{one}/f")]);
        assert_eq!(urls(one, "a\nb").len(), 2, "a name of former times");
        assert_eq!(urls(one, "a//b"), [format!("s3://b/{one}/a//b")]);
        assert!(urls(one, "../f").is_empty());
        assert!(urls(&format!("{one}/{other}"), "f").is_empty());
        assert!(urls(&format!("study/of-{one}"), "f").is_empty());
    }

    #[test]
    fn file_names_that_no_object_can_have_are_refused() {
        assert!(FileName::parse("a b/ü+.txt").is_ok());
        for name in
            ["../x", "a/../b", ".", &"x".repeat(901), "a\0", "a\nb", "\t", "\u{1b}[2J", "a\u{7f}", "\u{85}"]
        {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
    }
}
