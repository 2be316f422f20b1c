//! Where an object is.

use crate::StorageError;

/// A bucket and a key in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    bucket: String,
    key: String,
}

impl Location {
    /// A location whose key can be written in a URL path.
    ///
    /// # Errors
    /// [`StorageError::Key`] for an empty key and for segments `.` and `..`: URL parsers resolve those, so
    /// the signature would speak of another object, even of one in another bucket.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Result<Self, StorageError> {
        let (bucket, key) = (bucket.into(), key.into());
        if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(StorageError::Key);
        }
        Ok(Self { bucket, key })
    }

    /// The location of `s3://bucket/key`; the key is taken as it stands, without decoding. `None` for any
    /// other kind of URL.
    pub fn from_s3_url(url: &str) -> Option<Result<Self, StorageError>> {
        let rest = url.strip_prefix("s3://")?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self::new(bucket, key))
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, undecoded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `s3://bucket/key`, as index records name it.
    pub fn s3_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_hold_anything_but_segments_that_urls_resolve() {
        let location = Location::from_s3_url("s3://b/guid/a b+c%20?#ï").unwrap().unwrap();
        assert_eq!((location.bucket(), location.key()), ("b", "guid/a b+c%20?#ï"));
        assert_eq!(location.s3_url(), "s3://b/guid/a b+c%20?#ï");
        for key in ["", "..", "a/../b", "./a", "a/."] {
            assert!(matches!(Location::new("b", key), Err(StorageError::Key)), "{key}");
        }
        assert!(Location::from_s3_url("gs://b/k").is_none());
        assert!(Location::new("b", "a/...//.b").is_ok());
    }
}
