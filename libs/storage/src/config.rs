//! Bucket configuration, in the words of fence's own configuration file.

use indexmap::IndexMap;
use regex::Regex;
use serde::{Deserialize, Serialize};
use url::Url;

/// The value of `cred` for a bucket whose objects anybody may read: its URLs are never signed.
const PUBLIC: &str = "*";
/// Amazon's own address.
const AWS: &str = "https://s3.amazonaws.com";
const DEFAULT_REGION: &str = "us-east-1";

/// One entry of `AWS_CREDENTIALS`.
#[derive(Clone, Deserialize)]
pub struct AwsCredentials {
    /// Access key id.
    #[serde(default)]
    pub aws_access_key_id: String,
    /// Secret access key.
    #[serde(default)]
    pub aws_secret_access_key: String,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsCredentials").finish_non_exhaustive()
    }
}

/// One entry of `S3_BUCKETS`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct BucketConfig {
    /// Key into `AWS_CREDENTIALS`, or `*` for "never sign".
    #[serde(default)]
    pub cred: String,
    /// Region; `us-east-1` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Address of a store that is not Amazon's; objects are then addressed by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Address that clients reach the store at, if it is another one than that of the services: the one that
    /// signed URLs have. In the path style, as with `endpoint_url`, which must be given too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_endpoint_url: Option<String>,
    /// Downloads are paid for by the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_pays: Option<bool>,
    /// Role to assume for signing. Not supported: [`Buckets::new`] refuses it.
    #[serde(default, rename = "role-arn", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// A bucket configuration that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `cred` names nothing.
    #[error("S3_BUCKETS.{bucket}.cred is {cred:?}, which AWS_CREDENTIALS does not have")]
    UnknownCredentials {
        /// Which bucket.
        bucket: String,
        /// What it names.
        cred: String,
    },
    /// The name is not a regular expression either.
    #[error("S3_BUCKETS.{bucket} is neither a bucket name nor a regular expression: {reason}")]
    Pattern {
        /// Which bucket.
        bucket: String,
        /// What the parser said.
        reason: String,
    },
    /// Clients are sent to an address of a store whose own address is not given.
    #[error("S3_BUCKETS.{0}.public_endpoint_url needs endpoint_url, the address for services")]
    PublicAlone(String),
    /// `role-arn` is given.
    #[error("S3_BUCKETS.{0}.role-arn: assuming a role is not supported, give the bucket its own credentials")]
    Role(String),
}

struct Entry {
    name: String,
    pattern: Regex,
    config: BucketConfig,
    credentials: Option<rusty_s3::Credentials>,
}

/// All configured buckets. They have been checked.
pub struct Buckets {
    entries: Vec<Entry>,
}

impl std::fmt::Debug for Buckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.name)).finish()
    }
}

/// A bucket with what is needed to address and sign its objects.
pub(crate) struct Bucket<'a> {
    pub(crate) address: rusty_s3::Bucket,
    pub(crate) credentials: Option<&'a rusty_s3::Credentials>,
    pub(crate) requester_pays: bool,
}

impl Buckets {
    /// Checks the two tables `S3_BUCKETS` and `AWS_CREDENTIALS`.
    ///
    /// # Errors
    /// For the first entry that cannot work.
    pub fn new(
        buckets: IndexMap<String, BucketConfig>,
        credentials: &IndexMap<String, AwsCredentials>,
    ) -> Result<Self, ConfigError> {
        let entry = |(name, config): (String, BucketConfig)| {
            if config.role_arn.is_some() {
                return Err(ConfigError::Role(name));
            }
            if config.public_endpoint_url.is_some() && config.endpoint_url.is_none() {
                return Err(ConfigError::PublicAlone(name));
            }
            let credentials = match (config.cred.as_str(), credentials.get(&config.cred)) {
                (PUBLIC, _) => None,
                (_, Some(found)) => Some(rusty_s3::Credentials::new(
                    found.aws_access_key_id.clone(),
                    found.aws_secret_access_key.clone(),
                )),
                (cred, None) => {
                    return Err(ConfigError::UnknownCredentials { bucket: name, cred: cred.to_owned() });
                }
            };
            let pattern = Regex::new(&format!("^(?:{name})$"))
                .map_err(|error| ConfigError::Pattern { bucket: name.clone(), reason: error.to_string() })?;
            Ok(Entry { name, pattern, config, credentials })
        };
        Ok(Self { entries: buckets.into_iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// Whether `bucket` is configured.
    pub fn contains(&self, bucket: &str) -> bool {
        self.find(bucket).is_some()
    }

    /// The bucket by its exact name, otherwise by the first pattern that fits the whole name.
    fn find(&self, bucket: &str) -> Option<&Entry> {
        let exact = self.entries.iter().find(|entry| entry.name == bucket);
        exact.or_else(|| self.entries.iter().find(|entry| entry.pattern.is_match(bucket)))
    }

    /// The bucket as the services reach it.
    pub(crate) fn bucket(&self, name: &str) -> Result<Bucket<'_>, crate::StorageError> {
        self.bucket_at(name, |config| config.endpoint_url.as_deref())
    }

    /// The bucket as clients reach it.
    pub(crate) fn public_bucket(&self, name: &str) -> Result<Bucket<'_>, crate::StorageError> {
        self.bucket_at(name, |config| {
            config.public_endpoint_url.as_deref().or(config.endpoint_url.as_deref())
        })
    }

    fn bucket_at(
        &self,
        name: &str,
        endpoint: impl Fn(&BucketConfig) -> Option<&str>,
    ) -> Result<Bucket<'_>, crate::StorageError> {
        let entry = self.find(name).ok_or_else(|| crate::StorageError::UnknownBucket(name.to_owned()))?;
        let address_error = |reason: String| crate::StorageError::Address { bucket: name.to_owned(), reason };
        let parse = |url: &str| Url::parse(url).map_err(|error| address_error(error.to_string()));
        let region = entry.config.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
        // Amazon's certificate covers one label, so a dotted name must go into the path.
        let (endpoint, style) = match endpoint(&entry.config) {
            Some(endpoint) => (parse(endpoint)?, rusty_s3::UrlStyle::Path),
            None => {
                let aws = parse(AWS)?;
                let by_host = !name.contains('.') && !name.chars().any(|c| c.is_ascii_uppercase());
                (aws, if by_host { rusty_s3::UrlStyle::VirtualHost } else { rusty_s3::UrlStyle::Path })
            }
        };
        let address = rusty_s3::Bucket::new(endpoint, style, name.to_owned(), region)
            .map_err(|error| address_error(error.to_string()))?;
        let requester_pays = entry.config.requester_pays.unwrap_or(false);
        Ok(Bucket { address, credentials: entry.credentials.as_ref(), requester_pays })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(names: &[&str]) -> Buckets {
        let config = |name: &&str| {
            let config = BucketConfig { cred: "C".into(), ..BucketConfig::default() };
            ((*name).to_owned(), config)
        };
        let credentials =
            AwsCredentials { aws_access_key_id: "AK".into(), aws_secret_access_key: "SK".into() };
        Buckets::new(names.iter().map(config).collect(), &IndexMap::from([("C".into(), credentials)]))
            .unwrap()
    }

    #[test]
    fn an_exact_name_wins_over_a_pattern_and_patterns_are_anchored() {
        let buckets = buckets(&["data-.*", "data-1"]);
        assert_eq!(buckets.find("data-1").unwrap().name, "data-1");
        assert_eq!(buckets.find("data-2").unwrap().name, "data-.*");
        assert!(!buckets.contains("my-data-2"));
    }

    #[test]
    fn amazon_buckets_are_addressed_by_host_unless_their_name_has_dots() {
        let buckets = buckets(&["plain", "with.dots"]);
        let address = |name| buckets.bucket(name).unwrap().address.base_url().to_string();
        assert_eq!(address("plain"), "https://plain.s3.amazonaws.com/");
        assert_eq!(address("with.dots"), "https://s3.amazonaws.com/with.dots/");
    }

    #[test]
    fn clients_may_reach_a_store_at_another_address_than_services() {
        let config = BucketConfig {
            cred: PUBLIC.into(),
            endpoint_url: Some("http://10.0.0.1:9000".into()),
            public_endpoint_url: Some("https://commons.example.org".into()),
            ..BucketConfig::default()
        };
        let new =
            |config: BucketConfig| Buckets::new(IndexMap::from([("b".into(), config)]), &IndexMap::new());
        let buckets = new(config.clone()).unwrap();
        assert_eq!(buckets.bucket("b").unwrap().address.base_url().as_str(), "http://10.0.0.1:9000/b/");
        let public = buckets.public_bucket("b").unwrap().address;
        assert_eq!(public.base_url().as_str(), "https://commons.example.org/b/");
        let alone = BucketConfig { endpoint_url: None, ..config };
        assert!(matches!(new(alone), Err(ConfigError::PublicAlone(_))));
    }

    #[test]
    fn credentials_that_do_not_exist_and_roles_are_refused() {
        let wrong = BucketConfig { cred: "X".into(), ..BucketConfig::default() };
        let refused = Buckets::new(IndexMap::from([("b".into(), wrong)]), &IndexMap::new()).unwrap_err();
        assert_eq!(refused.to_string(), "S3_BUCKETS.b.cred is \"X\", which AWS_CREDENTIALS does not have");
        let role = BucketConfig { cred: "*".into(), role_arn: Some("arn".into()), ..BucketConfig::default() };
        assert!(Buckets::new(IndexMap::from([("b".into(), role)]), &IndexMap::new()).is_err());
    }
}
