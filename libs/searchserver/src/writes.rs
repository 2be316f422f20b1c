//! Changes of documents, in batches by their bytes.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Method;
use search::{Operation, Rejected, SearchError, Written};
use serde_json::{Value, json, value::RawValue};
use uuid::Uuid;

use crate::{
    answer::{refusal, unexpected},
    client::{Client, JSON, LINES, Repeat, Request},
    names,
};

/// How many bytes are sent together.
const TOGETHER: usize = 8 << 20;
/// How often a server that has no room is asked again, and how long we wait first; each time is twice the
/// last.
const TIMES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// An operation in the form of a server.
struct Line {
    place: usize,
    text: String,
}

/// Changes documents of an index that is there.
pub(crate) async fn write(
    client: &Client,
    index: &str,
    operations: Vec<Operation>,
) -> Result<Written, SearchError> {
    let name = names::concrete(index)?;
    // Servers make an index of what is written to one that is not there.
    let there = Request { method: Method::HEAD, kind: JSON, ..Request::get(name.clone()) };
    let status = client.send(&there).await?.status;
    match status {
        200 => {}
        404 => return Err(SearchError::NoIndex(index.to_owned())),
        _ => return Err(refusal(status, &Value::Null, index)),
    }
    let mut written = Written::default();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for (place, operation) in operations.into_iter().enumerate() {
        match line(&operation) {
            Err(reason) => written.rejected.push(Rejected { place, reason }),
            Ok(text) => {
                if bytes + text.len() > TOGETHER && !batch.is_empty() {
                    send(client, &name, index, std::mem::take(&mut batch), &mut written).await?;
                    bytes = 0;
                }
                bytes += text.len();
                batch.push(Line { place, text });
            }
        }
    }
    send(client, &name, index, batch, &mut written).await?;
    written.rejected.sort_by_key(|rejected| rejected.place);
    Ok(written)
}

fn line(operation: &Operation) -> Result<String, String> {
    match operation {
        Operation::Delete { id } if id.is_empty() => Err("the id is empty".to_owned()),
        Operation::Delete { id } => Ok(format!("{}\n", json!({"delete": {"_id": id}}))),
        Operation::Put { id, body } => {
            if body.contains(['\n', '\r']) {
                return Err("a document must be on one line".to_owned());
            }
            // Anything else would be read as another operation, or end the whole batch.
            let known: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(body);
            known.map_err(|error| format!("a document is not a JSON object: {error}"))?;
            // With ids of our own a batch that was sent twice is written once.
            let id = id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
            Ok(format!("{}\n{body}\n", json!({"index": {"_id": id}})))
        }
    }
}

async fn send(
    client: &Client,
    name: &str,
    index: &str,
    mut batch: Vec<Line>,
    written: &mut Written,
) -> Result<(), SearchError> {
    let mut wait = FIRST_WAIT;
    for time in 0..=TIMES {
        if batch.is_empty() {
            return Ok(());
        }
        if time > 0 {
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        let body: String = batch.iter().map(|line| line.text.as_str()).collect();
        let request = Request {
            method: Method::POST,
            path: format!("{name}/_bulk"),
            kind: LINES,
            body: body.into(),
            repeat: Repeat::Harmless,
        };
        let answer = client.send(&request).await?;
        if answer.status != 429 {
            batch = sorted_out(&answer.read(index)?, batch, written)?;
        }
    }
    Err(SearchError::Unavailable("it has no room for writes".into()))
}

/// Notes what became of each operation; those for which there was no room are left.
fn sorted_out(said: &Value, batch: Vec<Line>, written: &mut Written) -> Result<Vec<Line>, SearchError> {
    let items = said["items"].as_array().filter(|items| items.len() == batch.len());
    let items = items.ok_or_else(|| unexpected("item for each operation"))?;
    let mut left = Vec::new();
    for (line, item) in batch.into_iter().zip(items) {
        let outcome = item.as_object().and_then(|item| item.values().next()).unwrap_or(&Value::Null);
        let error = &outcome["error"];
        match outcome["status"].as_u64() {
            Some(429 | 503) => left.push(line),
            _ if error.is_object() => {
                written.rejected.push(Rejected { place: line.place, reason: reason(error) });
            }
            // Also 404 of a document that is to go and is not there.
            Some(200..300 | 404) => written.done += 1,
            status => {
                let reason = format!("status {}", status.unwrap_or(0));
                written.rejected.push(Rejected { place: line.place, reason });
            }
        }
    }
    Ok(left)
}

fn reason(error: &Value) -> String {
    let own = error["reason"].as_str().unwrap_or("no reason was given");
    match error["caused_by"]["reason"].as_str() {
        Some(cause) => format!("{own}: {cause}"),
        None => own.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_stand_on_lines_of_their_own() {
        let put = |body: &str| line(&Operation::Put { id: Some("a\"b".into()), body: body.to_owned() });
        assert_eq!(put("{\"a\": 1}").unwrap(), "{\"index\":{\"_id\":\"a\\\"b\"}}\n{\"a\": 1}\n");
        for wrong in ["", "[]", "1", "{\"a\": 1", "{}{}", "{}\n{\"delete\":{\"_id\":\"1\"}}"] {
            assert!(put(wrong).is_err(), "{wrong}");
        }
        assert_eq!(line(&Operation::Delete { id: "1".into() }).unwrap(), "{\"delete\":{\"_id\":\"1\"}}\n");
    }

    #[test]
    fn what_had_no_room_is_left() {
        let lines = (0..4).map(|place| Line { place, text: String::new() }).collect();
        let full = json!({"type": "es_rejected_execution_exception", "reason": "full"});
        let cause = json!({"type": "illegal_argument_exception", "reason": "For input string"});
        let wrong = json!({"type": "mapper_parsing_exception", "reason": "failed", "caused_by": cause});
        let said = json!({"errors": true, "items": [
            {"index": {"status": 201}},
            {"index": {"status": 429, "error": full}},
            {"delete": {"status": 404, "result": "not_found"}},
            {"index": {"status": 400, "error": wrong}},
        ]});
        let mut written = Written::default();
        let left = sorted_out(&said, lines, &mut written).unwrap();
        assert_eq!(left.iter().map(|line| line.place).collect::<Vec<_>>(), [1]);
        assert_eq!(written.done, 2);
        let rejected = [Rejected { place: 3, reason: "failed: For input string".into() }];
        assert_eq!(written.rejected, rejected);
    }
}
