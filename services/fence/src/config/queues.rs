//! Queues in which stores tell of uploads. The settings are ours.

use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use storage::AwsCredentials;
use url::Url;

use super::error::ConfigError;

/// Of a role that is assumed: as long as every role allows.
const SESSION: Duration = Duration::from_secs(3_600);

/// One of `queues` of `UPLOAD_INDEXING`: a queue of Amazon SQS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSettings {
    /// Its name: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    pub url: Url,
    /// Its region, if the host of its name does not say it.
    #[serde(default)]
    pub region: Option<String>,
    /// Where calls go, if it is not the host of its name.
    #[serde(default)]
    pub endpoint_url: Option<Url>,
    /// Key into `AWS_CREDENTIALS`. Without it the queue is read with what every client of Amazon finds.
    #[serde(default)]
    pub cred: Option<String>,
}

impl QueueSettings {
    /// The queue of the name `url`, with what clients of Amazon find.
    pub fn of(url: Url) -> Self {
        Self { url, region: None, endpoint_url: None, cred: None }
    }

    /// What its client is told, with the entries of `AWS_CREDENTIALS`.
    ///
    /// # Errors
    /// For a queue that cannot be read.
    pub(super) fn client(
        &self,
        credentials: &IndexMap<String, AwsCredentials>,
    ) -> Result<aws::Settings, ConfigError> {
        let refused = |told: String| ConfigError::UploadIndexing(format!("queues: {told}"));
        let Self { url, region, endpoint_url, cred } = self;
        for url in [Some(url), endpoint_url.as_ref()].into_iter().flatten() {
            if !matches!(url.scheme(), "http" | "https") {
                return Err(refused(format!("{url} is not an http or https address")));
            }
        }
        let settings = match cred.as_deref().filter(|cred| !cred.is_empty()) {
            None => aws::Settings::default(),
            Some(cred) => {
                let found = credentials.get(cred);
                let found =
                    found.ok_or_else(|| refused(format!("AWS_CREDENTIALS does not have {cred:?}")))?;
                let half = || refused(format!("AWS_CREDENTIALS.{cred} has only one half of a key"));
                found.settings(SESSION).ok_or_else(half)?
            }
        };
        let region = region.clone().filter(|region| !region.is_empty());
        let endpoint_url = endpoint_url.as_ref().map(Url::to_string);
        Ok(aws::Settings { region, endpoint_url, ..settings })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn client(queue: Value) -> Result<aws::Settings, String> {
        let credentials = json!({
            "KEY": {"aws_access_key_id": "a", "aws_secret_access_key": "b"},
            "HALF": {"aws_access_key_id": "a"}, "ROLE": {"role-arn": "arn:aws:iam::1:role/r"},
        });
        let queue: QueueSettings = serde_json::from_value(queue).map_err(|error| error.to_string())?;
        queue.client(&serde_json::from_value(credentials).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_queue_is_read_with_the_key_the_role_or_what_is_found() {
        let url = "https://sqs.us-east-1.amazonaws.com/1/q";
        let settings = |queue: Value| client(queue).unwrap();
        assert_eq!(settings(json!({"url": url, "cred": ""})), aws::Settings::default());
        let by_key = settings(json!({"url": url, "cred": "KEY", "region": "eu-west-1"}));
        assert!(matches!(by_key.source, aws::Source::Keys(_)));
        assert_eq!(by_key.region.as_deref(), Some("eu-west-1"));
        let by_role = settings(json!({"url": url, "cred": "ROLE", "endpoint_url": "http://localhost:9324"}));
        assert_eq!(by_role.role.unwrap().arn, "arn:aws:iam::1:role/r");
        assert_eq!(by_role.endpoint_url.as_deref(), Some("http://localhost:9324/"));
    }

    #[test]
    fn a_queue_that_cannot_be_read_is_refused_with_its_reason() {
        for (queue, reason) in [
            (json!({"url": "arn:aws:sqs:us-east-1:1:q"}), "not an http"),
            (json!({"url": "https://q", "cred": "NONE"}), "does not have \"NONE\""),
            (json!({"url": "https://q", "cred": "HALF"}), "one half"),
            (json!({"url": "https://q", "name": "x"}), "unknown field"),
        ] {
            let told = client(queue.clone()).unwrap_err();
            assert!(told.contains(reason), "{queue}: {told}");
        }
    }
}
