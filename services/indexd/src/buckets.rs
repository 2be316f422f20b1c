//! Regions of storage buckets, which only fence's configuration knows.

use std::{
    error::Error,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
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
    /// The document of fence's `GET /data/buckets`: `S3_BUCKETS` and `GS_BUCKETS`, each bucket name (or
    /// prefix ending in `.*`) to its region or an object with `region`.
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

/// What is known of the buckets at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Regions {
    /// Whether fence has ever answered.
    known: bool,
    s3: Map<String, Value>,
    gs: Map<String, Value>,
}

impl Regions {
    pub(crate) fn new(document: &Value) -> Self {
        let part = |key: &str| document.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        Self { known: true, s3: part("S3_BUCKETS"), gs: part("GS_BUCKETS") }
    }

    /// Whether the commons has keys to the bucket of S3, in any letter case; `true` as long as that is not
    /// known.
    pub(crate) fn may_have_bucket(&self, bucket: &str) -> bool {
        let bucket = bucket.to_lowercase();
        let has = |name: &String| {
            let name = name.to_lowercase();
            name == bucket || name.strip_suffix(".*").is_some_and(|prefix| bucket.starts_with(prefix))
        };
        !self.known || self.s3.keys().any(has)
    }

    /// The region of `bucket` at the provider of `scheme`; empty when it is not known.
    pub(crate) fn of_bucket(&self, scheme: &str, bucket: &str) -> String {
        let buckets = match scheme {
            "s3" => &self.s3,
            "gs" => &self.gs,
            _ => return String::new(),
        };
        let by_prefix = || {
            buckets
                .iter()
                .find(|(name, _)| name.strip_suffix(".*").is_some_and(|prefix| bucket.starts_with(prefix)))
        };
        let known = buckets.get(bucket).or_else(|| by_prefix().map(|(_, value)| value));
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

/// Scheme in lower case and host of a url.
fn place(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    Some((url.scheme().to_owned(), url.host_str()?.to_owned()))
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
        assert!(Regions::default().may_have_bucket("any"));
        let regions =
            Regions::new(&json!({"S3_BUCKETS": {"Mine": {}, "star-.*": {}}, "GS_BUCKETS": {"g": {}}}));
        for (bucket, ours) in
            [("mine", true), ("MINE", true), ("star-7", true), ("g", false), ("other", false)]
        {
            assert_eq!(regions.may_have_bucket(bucket), ours, "{bucket}");
        }
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
            ("https://b/k", ""),
            ("plain/path", ""),
        ] {
            assert_eq!(regions.of_url(url), region, "{url}");
        }
    }
}
