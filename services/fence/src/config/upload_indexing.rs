//! How records of uploads are filled, and who tells of uploads. The settings are ours; the original leaves it
//! to other programs.

use serde::Deserialize;
use url::Url;

use super::{error::ConfigError, queues::QueueSettings, switch::Switch};

/// Shorter secrets are guessed.
const SHORTEST_SECRET: usize = 16;
const MOST_AT_ONCE: usize = 64;
/// Whoever signs what Pub/Sub pushes.
const GOOGLE: &str = "https://accounts.google.com";

/// `UPLOAD_INDEXING`: how records of uploads are filled.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadIndexingSettings {
    /// Whether `commons serve fence` fills records. Off where another program does it.
    pub enabled: Switch,
    /// Files that one process reads at the same time.
    pub files_at_once: usize,
    /// The most bytes that one process reads in a second; 0 for no limit.
    pub bytes_per_second: u64,
    /// Queues in which stores tell of uploads.
    pub queues: Vec<QueueSettings>,
    /// Secrets of those who may tell of uploads over HTTP. Several, so that one can follow another.
    pub event_secrets: Vec<EventSecret>,
    /// Topics of Amazon's SNS that may tell of uploads, and whose subscriptions are confirmed.
    pub sns_topics: Vec<String>,
    /// Where SNS is, if it is not Amazon's own address.
    pub sns_endpoint: Option<Url>,
    /// The token with which Google's Pub/Sub may push in the place of a secret.
    pub pubsub: Option<PubsubSettings>,
    /// Where the metadata service is told how far uploads are.
    pub metadata: Option<MetadataSettings>,
}

impl Default for UploadIndexingSettings {
    fn default() -> Self {
        Self {
            enabled: true.into(),
            files_at_once: 4,
            bytes_per_second: 0,
            queues: Vec::new(),
            event_secrets: Vec::new(),
            sns_topics: Vec::new(),
            sns_endpoint: None,
            pubsub: None,
            metadata: None,
        }
    }
}

/// What the token of a push subscription says (OpenID Connect).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PubsubSettings {
    /// The audience of the subscription.
    pub audience: String,
    /// The e-mail address of the subscription's service account.
    pub service_account: String,
    /// Who signs the tokens.
    #[serde(default = "google")]
    pub issuer: String,
}

fn google() -> String {
    GOOGLE.to_owned()
}

/// The metadata service, with a login that administers it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataSettings {
    /// Its address.
    pub url: Url,
    /// One of its `ADMIN_LOGINS`.
    pub username: String,
    /// The password of that login.
    pub password: EventSecret,
}

/// A secret of the configuration.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct EventSecret(String);

impl EventSecret {
    /// The secret itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EventSecret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

// Written by hand so that the secret can never reach a log.
impl std::fmt::Debug for EventSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSecret(..)")
    }
}

impl UploadIndexingSettings {
    /// Hears these queues as well, with what every client of Amazon finds, unless they are there already.
    /// Blank names are none.
    ///
    /// # Errors
    /// For a name that is no address.
    pub fn add_queues(&mut self, urls: &[String]) -> Result<(), ConfigError> {
        for text in urls.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            let wrong = |error| ConfigError::UploadIndexing(format!("queues: {text:?}: {error}"));
            let url = Url::parse(text).map_err(wrong)?;
            if !self.queues.iter().any(|queue| queue.url == url) {
                self.queues.push(QueueSettings::of(url));
            }
        }
        Ok(())
    }

    /// Whether anybody may tell of uploads over HTTP.
    pub(crate) fn hears_events(&self) -> bool {
        !self.event_secrets.is_empty() || self.pubsub.is_some()
    }

    /// Why fence cannot start with these settings.
    pub(super) fn problem(&self) -> Option<String> {
        if !(1..=MOST_AT_ONCE).contains(&self.files_at_once) {
            return Some(format!("files_at_once is between 1 and {MOST_AT_ONCE}"));
        }
        if self.event_secrets.iter().any(|secret| secret.0.len() < SHORTEST_SECRET) {
            return Some(format!("a secret of event_secrets has at least {SHORTEST_SECRET} characters"));
        }
        if let Some(topic) = self.sns_topics.iter().find(|topic| region_of_topic(topic).is_none()) {
            return Some(format!("sns_topics: {topic:?} is not arn:aws:sns:REGION:ACCOUNT:NAME"));
        }
        if !self.sns_topics.is_empty() && self.event_secrets.is_empty() {
            return Some("sns_topics needs event_secrets: SNS sends one as the password of its URL".into());
        }
        let pubsub = self.pubsub.as_ref()?;
        let is_address = Url::parse(&pubsub.issuer).is_ok_and(|url| url.has_host());
        if pubsub.audience.is_empty() || pubsub.service_account.is_empty() || !is_address {
            return Some("pubsub needs audience, service_account, and an issuer that is an address".into());
        }
        None
    }
}

/// The region of a topic's name, which also says where its subscriptions are confirmed.
pub(crate) fn region_of_topic(topic: &str) -> Option<&str> {
    let parts: Vec<&str> = topic.split(':').collect();
    let [arn, partition, "sns", region, account, name] = parts[..] else { return None };
    let is_word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let is_region = is_word(region) && !region.contains(['.', '_']);
    let is = arn == "arn" && partition.starts_with("aws") && is_region && is_word(account) && is_word(name);
    is.then_some(region)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(settings: serde_json::Value) -> Option<String> {
        serde_json::from_value::<UploadIndexingSettings>(settings).unwrap().problem()
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_their_reason() {
        let secret = "0123456789abcdef";
        let topic = "arn:aws:sns:us-east-1:123456789012:uploads";
        assert_eq!(problem(json!({})), None);
        assert_eq!(problem(json!({"event_secrets": [secret], "sns_topics": [topic]})), None);
        for (settings, reason) in [
            (json!({"files_at_once": 0}), "files_at_once"),
            (json!({"event_secrets": ["short"]}), "at least 16"),
            (json!({"event_secrets": [secret], "sns_topics": ["arn:aws:sqs:r:1:q"]}), "sns_topics"),
            (json!({"sns_topics": [topic]}), "event_secrets"),
            (json!({"pubsub": {"audience": "", "service_account": "a@b"}}), "audience"),
            (json!({"pubsub": {"audience": "a", "service_account": "a@b", "issuer": "x"}}), "issuer"),
        ] {
            assert!(problem(settings.clone()).is_some_and(|told| told.contains(reason)), "{settings}");
        }
        assert!(serde_json::from_value::<UploadIndexingSettings>(json!({"secret": "x"})).is_err());
    }

    #[test]
    fn the_region_of_a_topic_is_a_plain_word() {
        assert_eq!(region_of_topic("arn:aws:sns:eu-west-1:1:t"), Some("eu-west-1"));
        assert_eq!(region_of_topic("arn:aws-us-gov:sns:us-gov-west-1:1:t.fifo"), Some("us-gov-west-1"));
        for wrong in ["", "arn:aws:sns:evil.example/:1:t", "arn:aws:sns::1:t", "arn:aws:sns:r:1:t:u"] {
            assert_eq!(region_of_topic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn queues_of_the_command_line_come_beside_those_of_the_file_once() {
        let url = "https://sqs.us-east-1.amazonaws.com/1/q";
        let queues = json!({"queues": [{"url": url, "cred": "C"}]});
        let mut settings = serde_json::from_value::<UploadIndexingSettings>(queues).unwrap();
        let more = [" ", url, "https://sqs.us-east-1.amazonaws.com/1/other"].map(str::to_owned);
        settings.add_queues(&more).unwrap();
        let named: Vec<&str> = settings.queues.iter().map(|queue| queue.url.path()).collect();
        assert_eq!((named, settings.queues[0].cred.as_deref()), (vec!["/1/q", "/1/other"], Some("C")));
        let told = settings.add_queues(&["uploads".to_owned()]).unwrap_err().to_string();
        assert!(told.contains("\"uploads\""), "{told}");
    }

    #[test]
    fn no_secret_is_shown() {
        let secret = EventSecret::from("0123456789abcdef".to_owned());
        assert!(!format!("{secret:?}").contains("0123"));
    }
}
