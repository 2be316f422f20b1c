//! Notifications of Azure Blob Storage, as Event Grid sends them: in its own form and as CloudEvents.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Message, Refused, json, parsed};

#[derive(Deserialize)]
struct Event {
    /// `type` in CloudEvents.
    #[serde(rename = "eventType", alias = "type")]
    kind: String,
    #[serde(default)]
    data: Value,
}

/// Reads one event or a list of them.
///
/// # Errors
/// For anything else.
pub(crate) fn read(body: &[u8]) -> Result<Message, Refused> {
    let document = json(body)?;
    let list = if document.is_array() { document } else { Value::Array(vec![document]) };
    let events: Vec<Event> = parsed(list, "list of events of Event Grid")?;
    let mut urls = BTreeSet::new();
    for event in events {
        match event.kind.as_str() {
            "Microsoft.EventGrid.SubscriptionValidationEvent" => {
                let code = event.data.get("validationCode").and_then(Value::as_str);
                let code = code.ok_or_else(|| Refused::form("the validation has no validationCode"))?;
                return Ok(Message::Repeat(code.to_owned()));
            }
            "Microsoft.Storage.BlobCreated" => {
                let url = event.data.get("url").and_then(Value::as_str);
                let url = url.ok_or_else(|| Refused::form("a new blob has no url"))?;
                urls.insert(blob(url)?);
            }
            _ => {}
        }
    }
    Ok(Message::Uploaded(urls))
}

/// `az://host/container/blob` of the address of a blob.
fn blob(address: &str) -> Result<String, Refused> {
    let wrong = || Refused::form("the url of a new blob is not that of a blob");
    let url = Url::parse(address).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?;
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8().map_err(|_| wrong())?;
    let path = path.trim_start_matches('/');
    let is_blob =
        path.split_once('/').is_some_and(|(container, name)| !container.is_empty() && !name.is_empty());
    if is_blob { Ok(format!("az://{host}/{path}")) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(body: &Value) -> Result<Message, Refused> {
        read(body.to_string().as_bytes())
    }

    #[test]
    fn a_new_blob_is_named_in_both_forms() {
        let data = json!({"api": "PutBlob", "url": "https://a.blob.core.windows.net/c/g/a%20b"});
        let named = Message::Uploaded(BTreeSet::from(["az://a.blob.core.windows.net/c/g/a b".to_owned()]));
        let kind = "Microsoft.Storage.BlobCreated";
        let grid = json!([{"id": "1", "eventType": kind, "subject": "/x", "data": data}]);
        let cloud = json!({"specversion": "1.0", "type": kind, "source": "/x", "id": "1", "data": data});
        for body in [&grid, &cloud] {
            assert_eq!(read_one(body).unwrap(), named, "{body}");
        }
        let other = json!([{"eventType": "Microsoft.Storage.BlobDeleted", "data": data}]);
        assert_eq!(read_one(&other).unwrap(), Message::Uploaded(BTreeSet::new()));
    }

    #[test]
    fn the_code_of_a_validation_is_repeated() {
        let event = "Microsoft.EventGrid.SubscriptionValidationEvent";
        let body = json!([{"eventType": event, "data": {"validationCode": "512d38b6"}}]);
        assert_eq!(read_one(&body).unwrap(), Message::Repeat("512d38b6".into()));
        assert!(read_one(&json!([{"eventType": event, "data": {}}])).is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        let created =
            |url: Value| json!([{"eventType": "Microsoft.Storage.BlobCreated", "data": {"url": url}}]);
        for body in [
            json!({}),
            json!(7),
            json!([{}]),
            created(json!(null)),
            created(json!("x")),
            created(json!("https://a.blob.core.windows.net/only-a-container")),
        ] {
            assert!(matches!(read_one(&body), Err(Refused::Form(_))), "{body}");
        }
    }
}
