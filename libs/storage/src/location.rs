//! Where an object is.

use std::fmt;

use crate::StorageError;

/// Whose kind a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
    /// A folder of this machine.
    Folder,
}

impl Kind {
    const ALL: [Self; 4] = [Self::S3, Self::Google, Self::Azure, Self::Folder];

    /// How URLs of such objects begin in index records.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Google => "gs",
            Self::Azure => "az",
            Self::Folder => "file",
        }
    }

    /// The kind that a URL is of, and what comes after `scheme://`.
    fn split(url: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = url.split_once("://")?;
        Some((Self::ALL.into_iter().find(|kind| kind.scheme() == scheme)?, rest))
    }
}

/// What holds objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bucket {
    kind: Kind,
    name: String,
}

impl Bucket {
    /// A bucket of S3.
    pub fn s3(name: impl Into<String>) -> Self {
        Self { kind: Kind::S3, name: name.into() }
    }

    /// A bucket at Google.
    pub fn google(name: impl Into<String>) -> Self {
        Self { kind: Kind::Google, name: name.into() }
    }

    /// A container at Azure, by the host of its account (`<account>.blob.core.windows.net`).
    pub fn azure(host: &str, container: &str) -> Self {
        Self { kind: Kind::Azure, name: format!("{}/{container}", host.to_ascii_lowercase()) }
    }

    /// All folders of this machine; keys are paths without the first slash.
    pub fn machine() -> Self {
        Self { kind: Kind::Folder, name: String::new() }
    }

    /// The bucket of `s3://bucket`, `gs://bucket`, `az://host/container` or `file://`, and what comes after
    /// it: a key, or the beginning of keys. `None` for any other kind of URL.
    pub fn split(url: &str) -> Option<(Self, &str)> {
        let (kind, rest) = Kind::split(url)?;
        let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if kind != Kind::Azure {
            return Some((Self { kind, name: first.to_owned() }, rest));
        }
        let (container, rest) = rest.split_once('/').unwrap_or((rest, ""));
        Some((Self::azure(first, container), rest))
    }

    /// Whose kind it is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name; at Azure host and container, as in `host/container`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Its URL, as it stands before keys.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.kind.scheme(), self.name)
    }
}

/// A bucket and a key in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    bucket: Bucket,
    key: String,
}

impl Location {
    /// A location in a bucket of S3 whose key can be written in a URL path.
    ///
    /// # Errors
    /// [`StorageError::Key`] for an empty key and for segments `.` and `..`: URL parsers resolve those, so
    /// the signature would speak of another object, even of one in another bucket.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Result<Self, StorageError> {
        Self::within(Bucket::s3(bucket), key)
    }

    /// As [`Self::new`], in a bucket of any kind.
    ///
    /// # Errors
    /// The same.
    pub fn within(bucket: Bucket, key: impl Into<String>) -> Result<Self, StorageError> {
        let key = key.into();
        if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(StorageError::Key);
        }
        Ok(Self { bucket, key })
    }

    /// The location that a URL of an index record names: `s3://bucket/key`, `gs://bucket/key`,
    /// `az://host/container/blob`, `file:///path`. The key is taken as it stands, without decoding. `None`
    /// for any other kind of URL.
    pub fn from_url(url: &str) -> Option<Result<Self, StorageError>> {
        let (bucket, key) = Bucket::split(url)?;
        Some(Self::within(bucket, key))
    }

    /// As [`Self::from_url`], for S3 alone.
    pub fn from_s3_url(url: &str) -> Option<Result<Self, StorageError>> {
        let (bucket, key) = Bucket::split(url)?;
        (bucket.kind == Kind::S3).then(|| Self::within(bucket, key))
    }

    /// Whose kind its store is.
    pub fn kind(&self) -> Kind {
        self.bucket.kind
    }

    /// What holds it.
    pub fn place(&self) -> &Bucket {
        &self.bucket
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket.name
    }

    /// The key, undecoded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As index records name it, such as `s3://bucket/key`.
    pub fn url(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// As [`Self::url`], of an object of S3.
    pub fn s3_url(&self) -> String {
        format!("s3://{}/{}", self.bucket.name, self.key)
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

    #[test]
    fn a_location_of_every_kind_is_named_as_it_was_read() {
        for (url, kind, bucket, key) in [
            ("s3://b/a//b", Kind::S3, "b", "a//b"),
            ("gs://b/k", Kind::Google, "b", "k"),
            ("az://h.blob.core.windows.net/box/a/b", Kind::Azure, "h.blob.core.windows.net/box", "a/b"),
            ("file:///data/x", Kind::Folder, "", "data/x"),
        ] {
            let location = Location::from_url(url).unwrap().unwrap();
            assert_eq!((location.kind(), location.bucket(), location.key()), (kind, bucket, key));
            assert_eq!(location.url(), url);
        }
        for other in ["https://b/k", "k", "s3:/b/k", "S3://b/k"] {
            assert!(Location::from_url(other).is_none(), "{other}");
        }
        assert_eq!(Bucket::split("gs://b").unwrap(), (Bucket::google("b"), ""));
        assert_eq!(Bucket::split("az://H/c/pre").unwrap(), (Bucket::azure("h", "c"), "pre"));
        assert_eq!(Bucket::split("file:///data/x").unwrap(), (Bucket::machine(), "data/x"));
    }
}
