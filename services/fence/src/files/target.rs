//! Where uploads go.

use indexclient::ownership::guid_of_key;
use storage::Location;

use crate::{config::Config, error::Error};

/// The longest object key is 1024 bytes (Amazon S3); a GUID and a slash come before the file name.
const LONGEST_FILE_NAME: usize = 900;

/// A bucket that uploads may use.
#[derive(Debug, Clone, Copy)]
pub struct UploadBucket<'a>(&'a str);

impl<'a> UploadBucket<'a> {
    /// The bucket that is asked for, if it is allowed, or the default.
    ///
    /// # Errors
    /// 403 for a bucket that uploads may not use, 404 where no bucket for uploads is configured.
    pub fn choose(config: &'a Config, asked: Option<&'a str>) -> Result<Self, Error> {
        let allowed = |name: &str| {
            name == config.data_upload_bucket
                || config.allowed_data_upload_buckets.iter().any(|bucket| bucket == name)
        };
        match asked.filter(|name| !name.is_empty()) {
            Some(name) if allowed(name) => Ok(Self(name)),
            Some(name) => Err(Error::Forbidden(format!("Uploading to bucket '{name}' is not allowed"))),
            None if config.data_upload_bucket.is_empty() => {
                Err(Error::NotFound("this commons has no bucket for uploads".into()))
            }
            None => Ok(Self(&config.data_upload_bucket)),
        }
    }

    /// The object `key` in this bucket.
    ///
    /// # Errors
    /// 400 for a key that no object can have.
    pub(super) fn object(self, key: &str) -> Result<Location, Error> {
        Ok(Location::new(self.0, key)?)
    }
}

/// The name of a file that can be uploaded.
#[derive(Debug, Clone)]
pub struct FileName(String);

impl FileName {
    /// Refuses names that no object can have, before anything is made for them.
    ///
    /// # Errors
    /// 400.
    pub fn parse(name: &str) -> Result<Self, Error> {
        if name.len() > LONGEST_FILE_NAME || name.contains('\0') {
            return Err(Error::BadRequest(format!("a file name has at most {LONGEST_FILE_NAME} bytes")));
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
pub(super) fn location(bucket: UploadBucket<'_>, guid: &str, name: &FileName) -> Result<Location, Error> {
    let key = format!("{guid}/{}", name.0);
    if guid_of_key(&key).is_some_and(|named| named != guid) {
        return Err(Error::BadRequest(format!("no file can be uploaded for the id {guid}")));
    }
    bucket.object(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_an_upload_names_its_record_and_no_other() {
        let (one, other) = ("0714aee0-0c5e-45c0-845d-8c073174242c", "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
        let is_allowed = |guid: &str, name: &str| {
            location(UploadBucket("b"), guid, &FileName::parse(name).unwrap()).is_ok()
        };
        for guid in [one, &format!("dg.1234/{one}"), "named-otherwise"] {
            assert!(is_allowed(guid, "f"), "{guid}");
        }
        assert!(is_allowed(one, &format!("{other}/f")));
        assert!(!is_allowed(&format!("{one}/{other}"), "f"));
        assert!(!is_allowed("named-otherwise", &format!("{other}/f")));
    }

    #[test]
    fn file_names_that_no_object_can_have_are_refused() {
        assert!(FileName::parse("a b/ü+.txt").is_ok());
        for name in ["../x", "a/../b", ".", &"x".repeat(901), "a\0"] {
            assert!(FileName::parse(name).is_err(), "{name}");
        }
    }
}
