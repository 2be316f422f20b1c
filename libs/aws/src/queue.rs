//! A queue of Amazon SQS, or of a server that speaks its protocol.

use std::{sync::Arc, time::Duration};

use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    calls::{Caller, QueueError},
    config::{DEFAULT_REGION, Settings, shared_config},
    sessions::Sessions,
};

/// Messages that are received or deleted together (Amazon SQS allows no more).
const TOGETHER: usize = 10;
/// The attribute that says how often a message was received.
const TIMES: &str = "ApproximateReceiveCount";
/// How long the server waits for a message before it answers that there is none: its longest.
const LONGEST_POLL: Duration = Duration::from_secs(20);
/// What a call takes beside that.
const CALL: Duration = Duration::from_secs(15);

/// A message that was received. Nobody else receives it for a while, and then it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its name, for logs.
    pub id: String,
    /// What it says.
    pub body: String,
    /// How often it was received, now included.
    pub times: u32,
    /// What it is deleted by.
    receipt: String,
}

/// A queue, for whoever receives its messages. Several may do so at the same time.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its name, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    url: Url,
    settings: Settings,
    http: Client,
    caller: Arc<OnceCell<Caller>>,
}

impl Queue {
    /// The queue of the name `url`. Calls go to the host of its name, or to `endpoint_url` of `settings`; the
    /// region is that of `settings`, else the one in the host's name. `http` follows no redirects.
    pub fn new(url: Url, settings: Settings, http: Client) -> Self {
        let region = settings.region.clone().or_else(|| region_of(&url));
        Self { url, settings: Settings { region, ..settings }, http, caller: Arc::default() }
    }

    /// Its name.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Up to ten messages, as soon as there is one; none if none comes within twenty seconds.
    ///
    /// # Errors
    /// When there are no credentials, or the server refuses or does not answer.
    pub async fn receive(&self) -> Result<Vec<Received>, QueueError> {
        let asked = json!({
            "QueueUrl": self.url, "MaxNumberOfMessages": TOGETHER, "WaitTimeSeconds": LONGEST_POLL.as_secs(),
            // The older name of what is `MessageSystemAttributeNames` today: every server knows it.
            "AttributeNames": [TIMES],
        });
        let Messages { messages } = self.call("ReceiveMessage", &asked, LONGEST_POLL + CALL).await?;
        Ok(messages.into_iter().map(Received::from).collect())
    }

    /// Deletes messages, so that nobody receives them again.
    ///
    /// # Errors
    /// As [`Self::receive`], and when some of them stay.
    pub async fn delete(&self, messages: &[Received]) -> Result<(), QueueError> {
        for some in messages.chunks(TOGETHER) {
            let numbered = some.iter().enumerate();
            let entry = |(number, Received { receipt, .. }): (usize, &Received)| {
                let id = number.to_string();
                json!({ "Id": id, "ReceiptHandle": receipt })
            };
            let entries: Vec<Value> = numbered.map(entry).collect();
            let asked = json!({ "QueueUrl": self.url, "Entries": entries });
            let Deleted { failed } = self.call("DeleteMessageBatch", &asked, CALL).await?;
            if let Some(Failed { code }) = failed.into_iter().next() {
                return Err(QueueError::Stays(code));
            }
        }
        Ok(())
    }

    /// Where calls go.
    fn endpoint(&self) -> Result<Url, QueueError> {
        let url = match &self.settings.endpoint_url {
            Some(url) => Url::parse(url),
            None => self.url.join("/"),
        };
        url.map_err(|error| QueueError::Unsignable(error.to_string()))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        action: &str,
        asked: &Value,
        within: Duration,
    ) -> Result<T, QueueError> {
        let load = async || {
            let config = shared_config(&self.settings).await;
            let region = config.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
            Caller { sessions: Sessions::of(&config), region }
        };
        let caller = self.caller.get_or_init(load).await;
        caller.call(&self.http, self.endpoint()?, action, asked, within).await
    }
}

#[derive(Deserialize)]
struct Messages {
    /// Missing, or null, where there are none.
    #[serde(rename = "Messages", default, deserialize_with = "or_none")]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Deserialize, Default)]
struct Attributes {
    #[serde(rename = "ApproximateReceiveCount", default)]
    times: String,
}

impl From<Message> for Received {
    fn from(message: Message) -> Self {
        let Message { message_id, receipt_handle, body, attributes } = message;
        let times = attributes.times.parse().unwrap_or(1);
        Self { id: message_id, body, times, receipt: receipt_handle }
    }
}

#[derive(Deserialize)]
struct Deleted {
    #[serde(rename = "Failed", default, deserialize_with = "or_none")]
    failed: Vec<Failed>,
}

#[derive(Deserialize)]
struct Failed {
    #[serde(rename = "Code", default)]
    code: String,
}

fn or_none<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(list)?.unwrap_or_default())
}

/// The region in the name of a host of Amazon: `sqs.REGION.amazonaws.com`, or that of a private endpoint,
/// `vpce-….sqs.REGION.vpce.amazonaws.com`.
fn region_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let is_amazons = ["amazonaws.com", "amazonaws.com.cn", "api.aws"].iter().any(|end| host.ends_with(end));
    let mut labels = host.split('.').skip_while(|label| !matches!(*label, "sqs" | "sqs-fips"));
    is_amazons.then(|| labels.nth(1).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_queue_is_in_the_name_of_its_host() {
        let region = |url: &str| region_of(&Url::parse(url).unwrap());
        for (url, expected) in [
            ("https://sqs.eu-west-1.amazonaws.com/1/q", Some("eu-west-1")),
            ("https://sqs-fips.us-gov-west-1.amazonaws.com/1/q", Some("us-gov-west-1")),
            ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", Some("cn-north-1")),
            ("https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/1/q", Some("us-east-1")),
            ("https://sqs.us-east-1.api.aws/1/q", Some("us-east-1")),
            ("http://localhost:9324/1/q", None),
            ("https://sqs.example.org/1/q", None),
        ] {
            assert_eq!(region(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn answers_are_read_with_and_without_messages() {
        let received = |text: &str| -> Vec<Received> {
            let Messages { messages } = serde_json::from_str(text).unwrap();
            messages.into_iter().map(Received::from).collect()
        };
        assert!(received("{}").is_empty() && received(r#"{"Messages": null}"#).is_empty());
        let two = received(
            r#"{"Messages": [
                {"MessageId": "m", "ReceiptHandle": "r", "Body": "b", "MD5OfBody": "x",
                 "Attributes": {"ApproximateReceiveCount": "7"}},
                {"MessageId": "n", "ReceiptHandle": "s", "Body": "c"}]}"#,
        );
        assert_eq!((two[0].times, two[1].times), (7, 1));
        assert_eq!((two[0].receipt.as_str(), two[1].body.as_str()), ("r", "c"));
    }
}
