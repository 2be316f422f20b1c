//! Where the objects of a bucket are.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{StorageError, encoded};

/// The region whose buckets Amazon has at an address without one.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// The regions that every account of Amazon has. Their buckets are behind the address without a region, too;
/// those of later regions are not.
const EVERYBODYS: [&str; 17] = [
    DEFAULT_REGION,
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// Where a URL has the bucket's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// As the first part of the path.
    #[default]
    Path,
    /// As the first part of the host.
    Virtual,
}

/// The address of a bucket, to which keys are added.
#[derive(Debug)]
pub(super) struct Address {
    bucket: String,
    /// Without a slash at the end.
    base: String,
}

impl Address {
    /// A bucket at Amazon.
    ///
    /// # Errors
    /// When its name is none.
    pub(super) fn at_amazon(region: &str, bucket: &str) -> Result<Self, StorageError> {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        // fence has always signed the address without a region, and clients and proxies may know it.
        let host = if EVERYBODYS.contains(&region) {
            format!("s3.{suffix}")
        } else {
            format!("s3.{region}.{suffix}")
        };
        // Amazon's certificate covers one label, so a dotted name must go into the path.
        let by_host = !bucket.contains('.') && !bucket.chars().any(|c| c.is_ascii_uppercase());
        let style = if by_host { Style::Virtual } else { Style::Path };
        Self::elsewhere(&format!("https://{host}"), style, bucket)
    }

    /// A bucket of a store of others.
    ///
    /// # Errors
    /// When the parts give no address.
    pub(super) fn elsewhere(endpoint: &str, style: Style, bucket: &str) -> Result<Self, StorageError> {
        let wrong = |reason: String| StorageError::Address { bucket: bucket.to_owned(), reason };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if bucket.is_empty() || !bucket.chars().all(is_name) || matches!(bucket, "." | "..") {
            return Err(wrong("this is not the name of a bucket".to_owned()));
        }
        let mut url = Url::parse(endpoint).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong("an endpoint is an http address".to_owned()));
        }
        if style == Style::Virtual {
            let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
            url.set_host(Some(&host)).map_err(|error| wrong(error.to_string()))?;
        }
        url.set_query(None);
        url.set_fragment(None);
        let base = url.as_str().trim_end_matches('/');
        let base = match style {
            Style::Virtual => base.to_owned(),
            Style::Path => format!("{base}/{bucket}"),
        };
        Ok(Self { bucket: bucket.to_owned(), base })
    }

    /// The address of an object.
    ///
    /// # Errors
    /// When the parts give no address.
    pub(super) fn object(&self, key: &str) -> Result<Url, StorageError> {
        let text = format!("{}/{}", self.base, encoded::path(key));
        Url::parse(&text)
            .map_err(|error| StorageError::Address { bucket: self.bucket.clone(), reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazon_buckets_are_addressed_by_host_unless_their_name_has_dots() {
        let address = |region, name| Address::at_amazon(region, name).unwrap().base;
        assert_eq!(address("us-east-1", "plain"), "https://plain.s3.amazonaws.com");
        assert_eq!(address("us-east-1", "with.dots"), "https://s3.amazonaws.com/with.dots");
        assert_eq!(address("eu-central-1", "plain"), "https://plain.s3.amazonaws.com");
        assert_eq!(address("eu-south-2", "plain"), "https://plain.s3.eu-south-2.amazonaws.com");
        assert_eq!(address("cn-north-1", "plain"), "https://plain.s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn other_stores_are_addressed_by_path_or_by_host_and_keep_the_path_of_their_address() {
        let object = |endpoint, style| {
            let address = Address::elsewhere(endpoint, style, "b")?;
            Ok::<_, StorageError>(address.object("/a b//c+%").unwrap().to_string())
        };
        assert_eq!(object("http://h:90/", Style::Path).unwrap(), "http://h:90/b//a%20b//c%2B%25");
        assert_eq!(object("https://h/s3?x", Style::Path).unwrap(), "https://h/s3/b//a%20b//c%2B%25");
        assert_eq!(object("http://h:90", Style::Virtual).unwrap(), "http://b.h:90//a%20b//c%2B%25");
        for endpoint in ["h:90", "ftp://h", "nowhere", ""] {
            assert!(matches!(object(endpoint, Style::Path), Err(StorageError::Address { .. })), "{endpoint}");
        }
        for bucket in ["", "..", "a/b", "a?b", "ü", "a@b"] {
            assert!(Address::elsewhere("http://h", Style::Virtual, bucket).is_err(), "{bucket}");
        }
    }
}
