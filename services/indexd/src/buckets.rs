//! Regions of storage buckets, which only fence's configuration knows.

use std::{
    error::Error,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use indexclient::ownership::Place;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

/// Regions change with deployments, so they are asked for rarely.
const FRESH: Duration = Duration::from_secs(30 * 60);
/// After a failure fence is left alone for a while, and answers go without regions.
const PAUSE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why the buckets could not be asked for.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Where the buckets of the commons are known.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// The document of fence's `GET /data/buckets`: `S3_BUCKETS` and `GS_BUCKETS`, each bucket name (or a
    /// pattern of names) to its region or an object with `region`, and the accounts of `AZ_BLOB_ACCOUNTS`.
    ///
    /// # Errors
    /// When there is no answer. The error is logged.
    async fn buckets(&self) -> Result<Value, BoxError>;
}

/// fence over HTTP.
pub(crate) struct HttpBuckets {
    url: String,
    client: OnceLock<reqwest::Client>,
}

impl HttpBuckets {
    pub(crate) fn new(fence: &str) -> Self {
        Self { url: format!("{}/data/buckets", fence.trim_end_matches('/')), client: OnceLock::new() }
    }
}

#[async_trait]
impl Buckets for HttpBuckets {
    async fn buckets(&self) -> Result<Value, BoxError> {
        let client = self.client.get_or_init(reqwest::Client::new);
        let answer = client.get(&self.url).timeout(TIMEOUT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// A document that does not change, where fence is a part of the same process.
#[derive(Debug, Clone)]
pub struct FixedBuckets(pub Value);

#[async_trait]
impl Buckets for FixedBuckets {
    async fn buckets(&self) -> Result<Value, BoxError> {
        Ok(self.0.clone())
    }
}

/// What fence names at one provider.
#[derive(Debug, Clone)]
struct Named {
    /// By name, or by a pattern of whole names.
    all: Map<String, Value>,
    patterns: Vec<Regex>,
}

impl Named {
    fn new(all: Map<String, Value>) -> Self {
        let pattern =
            |name: &String| RegexBuilder::new(&format!("^(?:{name})$")).case_insensitive(true).build().ok();
        let patterns = all.keys().filter_map(pattern).collect();
        Self { all, patterns }
    }

    fn has(&self, name: &str) -> bool {
        self.all.keys().any(|named| named.eq_ignore_ascii_case(name))
            || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }
}

/// What is known of the buckets at one moment; `None` for what fence has not said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Regions {
    s3: Option<Named>,
    gs: Option<Named>,
    azure: Option<Named>,
}

impl Regions {
    pub(crate) fn new(document: &Value) -> Self {
        let named = |key: &str| document.get(key).and_then(Value::as_object).cloned().map(Named::new);
        Self { s3: named("S3_BUCKETS"), gs: named("GS_BUCKETS"), azure: named("AZ_BLOB_ACCOUNTS") }
    }

    /// Whether the commons has keys to the bucket in which `place` is, in any letter case; `true` as long as
    /// that is not known. At Azure it has the keys to a whole account, which is the first label of the host.
    pub(crate) fn may_have(&self, place: &Place) -> bool {
        let (named, name) = match place.scheme() {
            "s3" => (&self.s3, place.bucket()),
            "gs" => (&self.gs, place.bucket()),
            _ => (&self.azure, place.bucket().split('.').next().unwrap_or_default()),
        };
        named.as_ref().is_none_or(|named| named.has(name))
    }

    /// The region of `bucket` at the provider of `scheme`; empty when it is not known.
    pub(crate) fn of_bucket(&self, scheme: &str, bucket: &str) -> String {
        let named = match scheme {
            "s3" => &self.s3,
            "gs" => &self.gs,
            _ => return String::new(),
        };
        let Some(Named { all, .. }) = named else { return String::new() };
        let by_prefix = || {
            all.iter()
                .find(|(name, _)| name.strip_suffix(".*").is_some_and(|prefix| bucket.starts_with(prefix)))
        };
        let known = all.get(bucket).or_else(|| by_prefix().map(|(_, value)| value));
        let region = known.and_then(|value| value.as_str().or_else(|| value.get("region")?.as_str()));
        region.unwrap_or_default().to_owned()
    }

    /// The region of the bucket that `url` lies in.
    pub(crate) fn of_url(&self, url: &str) -> String {
        match place(url) {
            Some((scheme, bucket)) => self.of_bucket(&scheme, &bucket),
            None => String::new(),
        }
    }
}

/// Scheme in lower case of a url, and all that stands between `//` and its path: with a port it names no
/// bucket.
fn place(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    Some((url.scheme().to_owned(), url.authority().to_owned()))
}

/// The scheme of a url in lower case.
pub(crate) fn scheme(url: &str) -> String {
    url.split_once(':').map_or(String::new(), |(scheme, _)| scheme.to_ascii_lowercase())
}

struct Known {
    regions: Arc<Regions>,
    until: Instant,
}

/// The regions, asked for at most every half hour and by one request at a time.
pub(crate) struct RegionCache {
    source: Arc<dyn Buckets>,
    known: Mutex<Option<Known>>,
}

impl RegionCache {
    pub(crate) fn new(source: Arc<dyn Buckets>) -> Self {
        Self { source, known: Mutex::new(None) }
    }

    /// The regions. When there is no answer now, those that were known before.
    pub(crate) async fn get(&self) -> Arc<Regions> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.until > Instant::now()) {
            return known.regions.clone();
        }
        let (regions, period) = match self.source.buckets().await {
            Ok(document) => (Arc::new(Regions::new(&document)), FRESH),
            Err(error) => {
                tracing::warn!(error = &*error as &dyn Error, "regions of buckets are unknown");
                (known.as_ref().map(|known| known.regions.clone()).unwrap_or_default(), PAUSE)
            }
        };
        *known = Some(Known { regions: regions.clone(), until: Instant::now() + period });
        regions
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bucket_may_be_ours_until_it_is_known_that_it_is_not() {
        let regions = Regions::new(&json!({
            "S3_BUCKETS": {"Mine": {}, "star-.*": {}, "data-[0-9]+": {}, "odd[": {}},
            "GS_BUCKETS": {"g": {}}, "AZ_BLOB_ACCOUNTS": {"Account": {}},
        }));
        for (url, ours) in [
            ("s3://mine/k", true),
            ("s3://MINE/k", true),
            ("s3://star-7/k", true),
            ("s3://data-7/k", true),
            ("s3://data-x/k", false),
            ("s3://odd[/k", true),
            ("s3://g/k", false),
            ("https://mine.s3.amazonaws.com/k", true),
            ("gs://g/k", true),
            ("https://storage.googleapis.com/g/k", true),
            ("gs://mine/k", false),
            ("az://account.blob.core.windows.net/box/k", true),
            ("AZ://ACCOUNT.blob.core.windows.net/other/k", true),
            ("az://account2.blob.core.windows.net/box/k", false),
        ] {
            let place = Place::of(url).unwrap();
            assert_eq!(regions.may_have(&place), ours, "{url}");
            assert!(Regions::default().may_have(&place), "{url}");
        }
        let of_the_original = Regions::new(&json!({"S3_BUCKETS": {}, "GS_BUCKETS": {}}));
        let may_have = |url| of_the_original.may_have(&Place::of(url).unwrap());
        assert_eq!(
            (may_have("s3://b/k"), may_have("gs://b/k"), may_have("az://a/b/k")),
            (false, false, true)
        );
    }

    #[test]
    fn a_bucket_is_known_by_name_or_by_prefix() {
        let regions = Regions::new(&json!({
            "S3_BUCKETS": {
                "b": {"region": "us-east-1"}, "flat": "eu-west-1", "star-.*": {"region": "r"}, "none": {},
            },
            "GS_BUCKETS": {"g": {"region": "us-central1"}},
        }));
        for (url, region) in [
            ("s3://b/k", "us-east-1"),
            ("S3://b/k", "us-east-1"),
            ("s3://flat/k", "eu-west-1"),
            ("s3://star-7/k", "r"),
            ("s3://none/k", ""),
            ("s3://g/k", ""),
            ("gs://g/k", "us-central1"),
            ("s3://b?versionId=1", "us-east-1"),
            ("s3://b:9000/k", ""),
            ("s3://key@b/k", ""),
            ("https://b/k", ""),
            ("plain/path", ""),
        ] {
            assert_eq!(regions.of_url(url), region, "{url}");
        }
    }
}
