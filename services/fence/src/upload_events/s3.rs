//! Notifications of S3, as Amazon, MinIO, Ceph and versitygw send them, and in the envelopes of SNS and
//! EventBridge.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Message, Refused, json, parsed};
use crate::config::region_of_topic;

/// The type of a message by which SNS makes sure of a receiver.
const CONFIRMATION: &str = "SubscriptionConfirmation";

/// The topics of SNS that count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topics<'a> {
    pub(crate) names: &'a [String],
    /// Where SNS is, if it is not Amazon's own address.
    pub(crate) endpoint: Option<&'a Url>,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName", default)]
    event: String,
    s3: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    kind: String,
    #[serde(default)]
    detail: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    r#type: String,
    topic_arn: String,
    #[serde(default)]
    message: String,
    #[serde(rename = "SubscribeURL", default)]
    subscribe_url: String,
}

impl Topics<'_> {
    fn require(self, topic: &String) -> Result<(), Refused> {
        if self.names.contains(topic) {
            return Ok(());
        }
        Err(Refused::Sender("this topic is not among sns_topics of UPLOAD_INDEXING".into()))
    }
}

/// Reads a notification, in the envelope of SNS or without.
///
/// # Errors
/// For anything else, and for a topic that is not among `topics`.
pub(crate) fn read(body: &[u8], topics: Topics<'_>) -> Result<Message, Refused> {
    match envelope(json(body)?)? {
        Sent::Plain(document) => plain(document),
        Sent::ByTopic(envelope) => {
            topics.require(&envelope.topic_arn)?;
            opened(&envelope, topics)
        }
    }
}

/// As [`read`], of a message in a queue. The queue's own policy says who may send to it, so that every topic
/// may tell of uploads; a subscription is confirmed only for one of `topics`.
///
/// # Errors
/// For anything else.
pub(crate) fn read_queued(body: &[u8], topics: Topics<'_>) -> Result<Message, Refused> {
    match envelope(json(body)?)? {
        Sent::Plain(document) => plain(document),
        Sent::ByTopic(envelope) => {
            if envelope.r#type == CONFIRMATION {
                topics.require(&envelope.topic_arn)?;
            }
            opened(&envelope, topics)
        }
    }
}

enum Sent {
    Plain(Value),
    ByTopic(Envelope),
}

fn envelope(document: Value) -> Result<Sent, Refused> {
    if document.get("TopicArn").is_none() {
        return Ok(Sent::Plain(document));
    }
    parsed(document, "message of SNS").map(Sent::ByTopic)
}

fn opened(envelope: &Envelope, topics: Topics<'_>) -> Result<Message, Refused> {
    match envelope.r#type.as_str() {
        "Notification" => plain(json(envelope.message.as_bytes())?),
        CONFIRMATION => {
            confirmation(&envelope.subscribe_url, &envelope.topic_arn, topics.endpoint).map(Message::Confirm)
        }
        "UnsubscribeConfirmation" => Ok(Message::Uploaded(BTreeSet::new())),
        other => Err(Refused::form(format!("SNS sends no messages of the type {other:?}"))),
    }
}

/// The address that confirms a subscription, if it leads to SNS itself and into the region of the topic: it
/// comes with the request, and nobody should be able to make us call another one.
fn confirmation(address: &str, topic: &str, endpoint: Option<&Url>) -> Result<Url, Refused> {
    let refused = || Refused::Sender("SubscribeURL does not lead to SNS in the region of its topic".into());
    let url = Url::parse(address).map_err(|_| refused())?;
    let is_sns = match endpoint {
        Some(endpoint) => url.origin() == endpoint.origin(),
        None => {
            let region = region_of_topic(topic).ok_or_else(refused)?;
            let hosts = ["", ".cn"].map(|ending| format!("sns.{region}.amazonaws.com{ending}"));
            url.scheme() == "https"
                && url.port().is_none()
                && url.host_str().is_some_and(|host| hosts.iter().any(|known| known == host))
        }
    };
    let is_clean = url.username().is_empty() && url.password().is_none();
    if is_sns && is_clean { Ok(url) } else { Err(refused()) }
}

fn plain(document: Value) -> Result<Message, Refused> {
    // What a store sends when it is told where to.
    let is_test = |name| document.get(name).and_then(Value::as_str) == Some("s3:TestEvent");
    if is_test("Event") || is_test("event") {
        return Ok(Message::Uploaded(BTreeSet::new()));
    }
    if document.get("source").and_then(Value::as_str) == Some("aws.s3") {
        return of_event_bridge(document);
    }
    let notification: Notification = parsed(document, "notification of S3")?;
    let mut urls = BTreeSet::new();
    for record in notification.records {
        let event = record.event.strip_prefix("s3:").unwrap_or(&record.event);
        if !event.starts_with("ObjectCreated:") {
            continue;
        }
        let (bucket, key) = (&record.s3.bucket.name, &record.s3.object.key);
        for key in spellings(key) {
            urls.insert(format!("s3://{bucket}/{key}"));
        }
    }
    Ok(Message::Uploaded(urls))
}

/// EventBridge writes keys as they are.
fn of_event_bridge(document: Value) -> Result<Message, Refused> {
    let Event { kind, detail } = parsed(document, "event of S3 from EventBridge")?;
    if kind != "Object Created" {
        return Ok(Message::Uploaded(BTreeSet::new()));
    }
    let Place { bucket, object }: Place = parsed(detail, "event of S3 about a new object")?;
    Ok(Message::Uploaded(BTreeSet::from([format!("s3://{}/{}", bucket.name, object.key)])))
}

/// A key may be encoded as in a form (Amazon, MinIO) or plain (Ceph, versitygw), which nobody can tell. Of an
/// object that is not there nothing becomes.
fn spellings(key: &str) -> BTreeSet<String> {
    let decoded = percent_decode_str(&key.replace('+', " ")).decode_utf8().ok().map(Into::into);
    decoded.into_iter().chain([key.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:1:uploads";

    fn read_one(body: &Value) -> Result<Message, Refused> {
        let names = [TOPIC.to_owned()];
        read(body.to_string().as_bytes(), Topics { names: &names, endpoint: None })
    }

    fn uploaded(urls: &[&str]) -> Message {
        Message::Uploaded(urls.iter().map(|url| (*url).to_owned()).collect())
    }

    fn created(name: &str, key: &str) -> Value {
        json!({"Records": [{"eventName": name, "s3": {"bucket": {"name": "b"}, "object": {"key": key}}}]})
    }

    #[test]
    fn new_objects_are_named_in_every_spelling_that_their_key_may_have() {
        for name in ["ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"] {
            assert_eq!(read_one(&created(name, "g/f")).unwrap(), uploaded(&["s3://b/g/f"]));
        }
        let read = read_one(&created("ObjectCreated:Put", "g/a+b%C3%BC")).unwrap();
        assert_eq!(read, uploaded(&["s3://b/g/a bü", "s3://b/g/a+b%C3%BC"]));
    }

    #[test]
    fn other_events_and_tests_name_nothing() {
        for body in [
            created("ObjectRemoved:Delete", "g/f"),
            created("", "g/f"),
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
            json!({"Records": []}),
        ] {
            assert_eq!(read_one(&body).unwrap(), uploaded(&[]), "{body}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for body in [json!({}), json!([]), json!(null), json!({"Records": [{}]}), json!({"Records": 7})] {
            assert!(matches!(read_one(&body), Err(Refused::Form(_))), "{body}");
        }
        let names = [];
        assert!(read(b"{", Topics { names: &names, endpoint: None }).is_err());
    }

    #[test]
    fn the_envelope_of_a_known_topic_is_opened_and_no_other() {
        let message = created("ObjectCreated:Put", "g/f").to_string();
        let envelope = |topic: &str| json!({"Type": "Notification", "TopicArn": topic, "Message": message});
        assert_eq!(read_one(&envelope(TOPIC)).unwrap(), uploaded(&["s3://b/g/f"]));
        let other = envelope("arn:aws:sns:us-east-1:2:uploads");
        assert!(matches!(read_one(&other), Err(Refused::Sender(_))));
    }

    #[test]
    fn a_queue_hears_every_topic_and_confirms_the_known_ones() {
        let names = [TOPIC.to_owned()];
        let queued =
            |body: &Value| read_queued(body.to_string().as_bytes(), Topics { names: &names, endpoint: None });
        let message = created("ObjectCreated:Put", "g/f").to_string();
        let other = "arn:aws:sns:us-east-1:2:uploads";
        let envelope = json!({"Type": "Notification", "TopicArn": other, "Message": message});
        assert_eq!(queued(&envelope).unwrap(), uploaded(&["s3://b/g/f"]));
        assert_eq!(queued(&created("ObjectCreated:Put", "g/f")).unwrap(), uploaded(&["s3://b/g/f"]));
        let address = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription";
        let confirm = |topic| json!({"Type": CONFIRMATION, "TopicArn": topic, "SubscribeURL": address});
        assert!(matches!(queued(&confirm(TOPIC)), Ok(Message::Confirm(_))));
        assert!(matches!(queued(&confirm(other)), Err(Refused::Sender(_))));
    }

    #[test]
    fn an_event_of_event_bridge_names_its_object_as_it_is() {
        let event = |kind: &str, detail: Value| {
            read_one(&json!({"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail}))
        };
        let detail = json!({"bucket": {"name": "b"}, "object": {"key": "g/a b+c%20", "size": 1}});
        assert_eq!(event("Object Created", detail.clone()).unwrap(), uploaded(&["s3://b/g/a b+c%20"]));
        assert_eq!(event("Object Deleted", detail).unwrap(), uploaded(&[]));
        assert!(matches!(event("Object Created", json!({})), Err(Refused::Form(_))));
    }

    #[test]
    fn a_subscription_is_confirmed_where_sns_is_and_nowhere_else() {
        let confirm = |url: &str| {
            read_one(&json!({"Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "SubscribeURL": url}))
        };
        let right = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t";
        assert_eq!(confirm(right).unwrap(), Message::Confirm(Url::parse(right).unwrap()));
        for wrong in [
            "http://sns.us-east-1.amazonaws.com/",
            "https://sns.us-west-2.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com.evil.example/",
            "https://sns.us-east-1.amazonaws.com:8443/",
            "https://a:b@sns.us-east-1.amazonaws.com/",
            "http://169.254.169.254/latest",
            "",
        ] {
            assert!(matches!(confirm(wrong), Err(Refused::Sender(_))), "{wrong}");
        }
    }
}
