//! In which regions Amazon has buckets whose configuration does not say so.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
};

use super::address::DEFAULT_REGION;

const TIMEOUT: Duration = Duration::from_secs(5);
/// When Amazon is asked again that did not say it.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// More buckets than this are not kept: a pattern may fit what anybody writes into a record.
const MOST_KEPT: usize = 10_000;
/// In which every answer about a bucket names its region, a refusal too.
const HEADER: &str = "x-amz-bucket-region";

struct Told {
    region: Option<String>,
    at: Instant,
}

/// What Amazon has said.
#[derive(Default)]
pub(super) struct Regions {
    told: RwLock<HashMap<String, Told>>,
}

impl Regions {
    /// The region of `bucket`; the first region of all while Amazon does not say it.
    pub(super) async fn of(&self, bucket: &str, client: &Client) -> String {
        if let Some(region) = self.kept(bucket) {
            return region;
        }
        let region = ask(bucket, client).await;
        if region.is_none() {
            tracing::warn!(
                bucket,
                region = DEFAULT_REGION,
                "Amazon does not say in which region a bucket is; the first one is taken"
            );
        }
        let answer = region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_KEPT {
            told.clear();
        }
        told.insert(bucket.to_owned(), Told { region, at: Instant::now() });
        answer
    }

    fn kept(&self, bucket: &str) -> Option<String> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let Told { region, at } = told.get(bucket)?;
        match region {
            Some(region) => Some(region.clone()),
            None => (at.elapsed() < ASK_AGAIN).then(|| DEFAULT_REGION.to_owned()),
        }
    }
}

async fn ask(bucket: &str, client: &Client) -> Option<String> {
    let timeouts = TimeoutConfig::builder().operation_timeout(TIMEOUT).build();
    let brief = Builder::default().timeout_config(timeouts).retry_config(RetryConfig::disabled());
    match client.head_bucket().bucket(bucket).customize().config_override(brief).send().await {
        Ok(answer) => answer.bucket_region().map(str::to_owned),
        Err(error) => error.raw_response()?.headers().get(HEADER).map(str::to_owned),
    }
}
