//! In which regions Amazon has buckets whose configuration does not say so.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
};

use tokio::sync::OnceCell;

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

impl Told {
    fn is_good(&self) -> bool {
        self.region.is_some() || self.at.elapsed() < ASK_AGAIN
    }
}

/// What Amazon has said, or is being asked.
#[derive(Default)]
pub(super) struct Regions(Mutex<HashMap<String, Arc<OnceCell<Told>>>>);

impl Regions {
    /// The region of `bucket`; the first region of all while Amazon does not say it.
    pub(super) async fn of(&self, bucket: &str, client: &Client) -> String {
        self.asked(bucket, || ask(bucket, client)).await
    }

    /// As [`Self::of`]: `ask` asks Amazon. Whoever wants the same while it is asked waits for the same
    /// answer; when the one who asks goes away, the next one does.
    async fn asked<F: Future<Output = Option<String>>>(
        &self,
        bucket: &str,
        ask: impl FnOnce() -> F,
    ) -> String {
        let cell = self.cell(bucket);
        let told = cell.get_or_init(|| async {
            let region = ask().await;
            if region.is_none() {
                tracing::warn!(
                    bucket,
                    region = DEFAULT_REGION,
                    "Amazon does not say in which region a bucket is; the first one is taken"
                );
            }
            Told { region, at: Instant::now() }
        });
        told.await.region.clone().unwrap_or_else(|| DEFAULT_REGION.to_owned())
    }

    fn cell(&self, bucket: &str) -> Arc<OnceCell<Told>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = all.get(bucket)
            && cell.get().is_none_or(Told::is_good)
        {
            return cell.clone();
        }
        if all.len() >= MOST_KEPT {
            all.clear();
        }
        let cell = Arc::<OnceCell<Told>>::default();
        all.insert(bucket.to_owned(), cell.clone());
        cell
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join_all, select};

    use super::*;

    #[tokio::test]
    async fn many_who_want_the_region_of_a_bucket_ask_once() {
        let (regions, asked) = (Regions::default(), AtomicUsize::new(0));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Some("eu-central-1".to_owned())
        };
        let found = join_all((0..64).map(|_| regions.asked("b", ask))).await;
        assert!(found.iter().all(|region| region == "eu-central-1"));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        regions.asked("b", ask).await;
        assert_eq!(asked.load(Ordering::Relaxed), 1, "it is kept");
        regions.asked("other", ask).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn who_goes_away_while_asking_takes_the_answer_from_nobody() {
        let regions = Regions::default();
        {
            let gone = Box::pin(regions.asked("b", std::future::pending));
            let now = Box::pin(tokio::task::yield_now());
            drop(select(gone, now).await);
        }
        let found = regions.asked("b", || async { Some("eu-central-1".to_owned()) }).await;
        assert_eq!(found, "eu-central-1");
    }

    #[tokio::test]
    async fn what_amazon_did_not_say_is_the_first_region_for_a_while() {
        let regions = Regions::default();
        assert_eq!(regions.asked("b", || async { None }).await, DEFAULT_REGION);
        let again = regions.asked("b", || async { panic!("it was asked a moment ago") }).await;
        assert_eq!(again, DEFAULT_REGION);
    }
}
