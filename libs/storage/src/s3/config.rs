//! Which buckets of S3 there are and who opens them, in the words of fence's configuration.

use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::address::{Address, DEFAULT_REGION, Style};
use crate::StorageError;

/// Value of `cred` for a bucket whose objects anybody may read: its URLs are never signed.
const PUBLIC: &str = "*";
/// How long sessions of a role last if nothing else is said: as long as every role allows.
const ROLE_SESSION: Duration = Duration::from_secs(3600);

/// One entry of `AWS_CREDENTIALS`. Without a key and a profile it means what every client of Amazon finds by
/// itself: variables, files, the token of a Kubernetes service account, the container or the machine.
#[derive(Clone, Default, Deserialize)]
pub struct AwsCredentials {
    /// Access key id.
    #[serde(default)]
    pub aws_access_key_id: String,
    /// Secret access key.
    #[serde(default)]
    pub aws_secret_access_key: String,
    /// Session token of a temporary key.
    #[serde(default)]
    pub aws_session_token: Option<String>,
    /// A profile of `~/.aws/config`, in the place of a key. Ours.
    #[serde(default)]
    pub profile: Option<String>,
    /// A role that is assumed for every bucket that names this entry.
    #[serde(default, rename = "role-arn")]
    pub role_arn: Option<String>,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsCredentials").finish_non_exhaustive()
    }
}

impl AwsCredentials {
    /// A key.
    pub fn key(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { aws_access_key_id: id.into(), aws_secret_access_key: secret.into(), ..Self::default() }
    }

    /// What a client of Amazon is told that calls with these, with sessions of the role that last for
    /// `session`; `None` for half a key.
    pub fn settings(&self, session: Duration) -> Option<aws::Settings> {
        let arn = self.role_arn.clone().filter(|role| !role.is_empty());
        let role = arn.map(|arn| aws::Role { arn, external_id: None, session, endpoint_url: None });
        Some(aws::Settings { source: self.source()?, role, ..aws::Settings::default() })
    }

    /// `None` for half a key.
    fn source(&self) -> Option<aws::Source> {
        let (id, secret) = (&self.aws_access_key_id, &self.aws_secret_access_key);
        match (id.is_empty(), secret.is_empty()) {
            (false, false) => Some(aws::Source::Keys(aws::Keys {
                id: id.clone(),
                secret: secret.clone(),
                token: self.aws_session_token.clone().filter(|token| !token.is_empty()),
            })),
            (true, true) => Some(match &self.profile {
                Some(profile) => aws::Source::Profile(profile.clone()),
                None => aws::Source::Found,
            }),
            _ => None,
        }
    }
}

/// One entry of `S3_BUCKETS`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct BucketConfig {
    /// Key into `AWS_CREDENTIALS`, or `*` for "never sign".
    #[serde(default)]
    pub cred: String,
    /// Region. Without it Amazon is asked, and elsewhere it is `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Address of a store that is not Amazon's; objects are then addressed by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Address that clients reach the store at, if it is another one than that of the services: the one that
    /// signed URLs have. `endpoint_url` must be given too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_endpoint_url: Option<String>,
    /// `path` or `virtual`, for a store that is not Amazon's: whether a bucket is the first part of the path
    /// or of the host. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressing_style: Option<Style>,
    /// Downloads are paid for by the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester_pays: Option<bool>,
    /// A role that is assumed with the credentials of `cred`.
    #[serde(default, rename = "role-arn", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// What the role's owner wants to hear from who assumes it. Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_external_id: Option<String>,
}

impl BucketConfig {
    /// The same, in which an empty text says as little as a missing one: files made from templates have them.
    fn without_blanks(mut self) -> Self {
        let texts = [
            &mut self.region,
            &mut self.endpoint_url,
            &mut self.public_endpoint_url,
            &mut self.role_arn,
            &mut self.role_external_id,
        ];
        for text in texts {
            text.take_if(|text| text.is_empty());
        }
        self
    }
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
    /// Half a key.
    #[error(
        "AWS_CREDENTIALS.{0}: aws_access_key_id and aws_secret_access_key go together; without both, what \
         the machine or the service account has is used"
    )]
    HalfAKey(String),
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
    /// A role of a bucket that nobody signs for.
    #[error(
        "S3_BUCKETS.{0}.role-arn needs a cred, with which the role is assumed; \"*\" means that nobody signs"
    )]
    RoleOfNobody(String),
    /// The name of a role is none.
    #[error("S3_BUCKETS.{bucket}: {role:?} is not the name of a role, which is like arn:aws:iam::…:role/…")]
    Role {
        /// Which bucket.
        bucket: String,
        /// What stands there.
        role: String,
    },
}

pub(super) struct Entry {
    pub(super) name: String,
    pattern: Regex,
    pub(super) config: BucketConfig,
    /// How clients are made; whose URLs are never signed has [`aws::Source::Nobody`].
    pub(super) settings: aws::Settings,
}

/// All configured buckets of S3. They have been checked.
pub struct Buckets {
    pub(super) entries: Vec<Entry>,
}

impl std::fmt::Debug for Buckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.name)).finish()
    }
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
        Self::with_role_sessions(buckets, credentials, ROLE_SESSION)
    }

    /// As [`Self::new`], with sessions of roles that last for `session`: signed URLs live no longer.
    ///
    /// # Errors
    /// The same.
    pub fn with_role_sessions(
        buckets: IndexMap<String, BucketConfig>,
        credentials: &IndexMap<String, AwsCredentials>,
        session: Duration,
    ) -> Result<Self, ConfigError> {
        let entry = |(name, config): (String, BucketConfig)| {
            let config = config.without_blanks();
            if config.public_endpoint_url.is_some() && config.endpoint_url.is_none() {
                return Err(ConfigError::PublicAlone(name));
            }
            let settings = settings(&name, &config, credentials, session)?;
            let pattern = Regex::new(&format!("^(?:{name})$"))
                .map_err(|error| ConfigError::Pattern { bucket: name.clone(), reason: error.to_string() })?;
            Ok(Entry { name, pattern, config, settings })
        };
        Ok(Self { entries: buckets.into_iter().map(entry).collect::<Result<_, _>>()? })
    }

    /// Whether `bucket` is configured.
    pub fn contains(&self, bucket: &str) -> bool {
        self.find(bucket).is_some()
    }

    /// The place of a bucket's entry: by its exact name, otherwise by the first pattern that fits the whole
    /// name.
    pub(super) fn find(&self, bucket: &str) -> Option<usize> {
        let exact = self.entries.iter().position(|entry| entry.name == bucket);
        exact.or_else(|| self.entries.iter().position(|entry| entry.pattern.is_match(bucket)))
    }
}

impl Entry {
    /// The bucket `name` as clients reach it.
    ///
    /// # Errors
    /// When the configuration gives no address.
    pub(super) fn public_address(&self, name: &str, region: &str) -> Result<Address, StorageError> {
        let BucketConfig { public_endpoint_url, endpoint_url, addressing_style, .. } = &self.config;
        match public_endpoint_url.as_deref().or(endpoint_url.as_deref()) {
            Some(url) => Address::elsewhere(url, addressing_style.unwrap_or_default(), name),
            None => Address::at_amazon(region, name),
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.settings.source == aws::Source::Nobody
    }

    pub(super) fn is_paid_by_the_reader(&self) -> bool {
        self.config.requester_pays.unwrap_or(false)
    }
}

fn settings(
    bucket: &str,
    config: &BucketConfig,
    credentials: &IndexMap<String, AwsCredentials>,
    session: Duration,
) -> Result<aws::Settings, ConfigError> {
    let region = Some(config.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned()));
    if config.cred == PUBLIC {
        return match config.role_arn {
            Some(_) => Err(ConfigError::RoleOfNobody(bucket.to_owned())),
            None => Ok(aws::Settings { source: aws::Source::Nobody, region, ..aws::Settings::default() }),
        };
    }
    let found = credentials.get(&config.cred).ok_or_else(|| ConfigError::UnknownCredentials {
        bucket: bucket.to_owned(),
        cred: config.cred.clone(),
    })?;
    let source = found.source().ok_or_else(|| ConfigError::HalfAKey(config.cred.clone()))?;
    let shared = || found.role_arn.clone().filter(|role| !role.is_empty());
    let role = match config.role_arn.clone().or_else(shared) {
        Some(arn) if arn.starts_with("arn:") && arn.contains(":role/") => {
            Some(aws::Role { arn, external_id: config.role_external_id.clone(), session, endpoint_url: None })
        }
        Some(role) => return Err(ConfigError::Role { bucket: bucket.to_owned(), role }),
        None => None,
    };
    Ok(aws::Settings { source, region, endpoint_url: None, role })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: BucketConfig, credentials: AwsCredentials) -> Result<Buckets, ConfigError> {
        Buckets::new([("b".into(), config)].into(), &[("C".into(), credentials)].into())
    }

    fn buckets(names: &[&str]) -> Buckets {
        let config = |name: &&str| {
            let config = BucketConfig { cred: "C".into(), ..BucketConfig::default() };
            ((*name).to_owned(), config)
        };
        let credentials = IndexMap::from([("C".into(), AwsCredentials::key("AK", "SK"))]);
        Buckets::new(names.iter().map(config).collect(), &credentials).unwrap()
    }

    #[test]
    fn an_exact_name_wins_over_a_pattern_and_patterns_are_anchored() {
        let buckets = buckets(&["data-.*", "data-1"]);
        let name = |bucket| &buckets.entries[buckets.find(bucket).unwrap()].name;
        assert_eq!(name("data-1"), "data-1");
        assert_eq!(name("data-2"), "data-.*");
        assert!(!buckets.contains("my-data-2"));
    }

    #[test]
    fn clients_may_reach_a_store_at_another_address_than_services() {
        let config = BucketConfig {
            cred: PUBLIC.into(),
            endpoint_url: Some("http://10.0.0.1:9000".into()),
            public_endpoint_url: Some("https://commons.example.org".into()),
            ..BucketConfig::default()
        };
        let buckets = of(config.clone(), AwsCredentials::default()).unwrap();
        let url = buckets.entries[0].public_address("b", DEFAULT_REGION).unwrap().object("k").unwrap();
        assert_eq!(url.as_str(), "https://commons.example.org/b/k");
        let alone = BucketConfig { endpoint_url: None, ..config };
        assert!(matches!(of(alone, AwsCredentials::default()), Err(ConfigError::PublicAlone(_))));
    }

    #[test]
    fn an_empty_text_says_as_little_as_a_missing_one() {
        let blank = Some(String::new());
        let config = BucketConfig {
            cred: "C".into(),
            region: blank.clone(),
            endpoint_url: blank.clone(),
            public_endpoint_url: blank.clone(),
            role_arn: blank.clone(),
            role_external_id: blank,
            ..BucketConfig::default()
        };
        let store = super::super::S3Store::new(of(config, AwsCredentials::default()).unwrap());
        let location = crate::Location::new("b", "k").unwrap();
        assert_eq!(store.plain(&location).unwrap().as_str(), "https://b.s3.amazonaws.com/k");
    }

    #[test]
    fn credentials_are_a_key_a_profile_or_what_the_machine_has() {
        let config = BucketConfig { cred: "C".into(), ..BucketConfig::default() };
        let source = |text: &str| {
            let read = serde_json::from_str(text).unwrap();
            of(config.clone(), read).map(|mut buckets| buckets.entries.remove(0).settings.source)
        };
        assert_eq!(source("{}").unwrap(), aws::Source::Found);
        let placeholders = r#"{"aws_access_key_id": "", "aws_secret_access_key": ""}"#;
        assert_eq!(source(placeholders).unwrap(), aws::Source::Found);
        assert_eq!(source(r#"{"profile": "p"}"#).unwrap(), aws::Source::Profile("p".into()));
        let key = source(r#"{"aws_access_key_id": "A", "aws_secret_access_key": "S"}"#).unwrap();
        assert_eq!(key, aws::Source::Keys(aws::Keys { id: "A".into(), secret: "S".into(), token: None }));
        let half = source(r#"{"aws_access_key_id": "A"}"#).unwrap_err().to_string();
        assert!(
            half.starts_with("AWS_CREDENTIALS.C: aws_access_key_id and aws_secret_access_key go"),
            "{half}"
        );
    }

    #[test]
    fn a_role_is_assumed_by_a_bucket_or_by_all_that_name_its_credentials() {
        let role = |own: Option<&str>, shared: Option<&str>, cred: &str| {
            let config = BucketConfig {
                cred: cred.into(),
                role_arn: own.map(str::to_owned),
                role_external_id: Some("ext".into()),
                ..BucketConfig::default()
            };
            let shared = AwsCredentials { role_arn: shared.map(str::to_owned), ..AwsCredentials::default() };
            of(config, shared).map(|mut buckets| buckets.entries.remove(0).settings.role)
        };
        let (one, other) = ("arn:aws:iam::1:role/one", "arn:aws-cn:iam::1:role/other");
        assert_eq!(role(None, None, "C").unwrap(), None);
        assert_eq!(role(Some(one), Some(other), "C").unwrap().unwrap().arn, one);
        assert_eq!(role(None, Some(other), "C").unwrap().unwrap().arn, other);
        assert_eq!(role(Some(one), None, "C").unwrap().unwrap().external_id.as_deref(), Some("ext"));
        assert!(matches!(role(Some("reader"), None, "C"), Err(ConfigError::Role { .. })));
        assert!(matches!(role(Some(one), None, "*"), Err(ConfigError::RoleOfNobody(_))));
    }

    #[test]
    fn credentials_that_do_not_exist_are_refused() {
        let wrong = BucketConfig { cred: "X".into(), ..BucketConfig::default() };
        let refused = Buckets::new(IndexMap::from([("b".into(), wrong)]), &IndexMap::new()).unwrap_err();
        assert_eq!(refused.to_string(), "S3_BUCKETS.b.cred is \"X\", which AWS_CREDENTIALS does not have");
    }
}
