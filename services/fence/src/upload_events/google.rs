//! Notifications of Google Cloud Storage, as a push subscription of Pub/Sub sends them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Message, Refused, json, parsed};

#[derive(Deserialize)]
struct Push {
    message: PubsubMessage,
}

/// The attributes say which object it is, in every format of the payload.
#[derive(Deserialize)]
struct PubsubMessage {
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    event_type: String,
    bucket_id: String,
    object_id: String,
}

/// Reads a push.
///
/// # Errors
/// For anything but a message about an object.
pub(crate) fn read(body: &[u8]) -> Result<Message, Refused> {
    let push: Push = parsed(json(body)?, "push of a notification of Cloud Storage")?;
    let Attributes { event_type, bucket_id, object_id } = push.message.attributes;
    let is_new = event_type == "OBJECT_FINALIZE";
    Ok(Message::Uploaded(if is_new {
        BTreeSet::from([format!("gs://{bucket_id}/{object_id}")])
    } else {
        BTreeSet::new()
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn push(event: &str) -> Value {
        let object = json!({"eventType": event, "bucketId": "b", "objectId": "g/a b+c", "more": "x"});
        let message = json!({"attributes": object, "data": "", "messageId": "1", "publishTime": "2030"});
        json!({"message": message, "subscription": "projects/p/subscriptions/s"})
    }

    #[test]
    fn a_finished_object_is_named_and_others_are_not() {
        let read = |body: &Value| read(body.to_string().as_bytes());
        let named = Message::Uploaded(BTreeSet::from(["gs://b/g/a b+c".to_owned()]));
        assert_eq!(read(&push("OBJECT_FINALIZE")).unwrap(), named);
        for other in ["OBJECT_DELETE", "OBJECT_METADATA_UPDATE", "OBJECT_ARCHIVE"] {
            assert_eq!(read(&push(other)).unwrap(), Message::Uploaded(BTreeSet::new()));
        }
        for body in [json!({}), json!([]), json!({"message": {"attributes": {}}})] {
            assert!(read(&body).is_err(), "{body}");
        }
    }
}
