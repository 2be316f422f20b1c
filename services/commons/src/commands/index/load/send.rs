//! Sending rows: by the bulk route where there is one, and by single requests to an original index.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    super::{
        manifest::Row,
        remote::{Remote, in_path},
    },
    outcome::{Did, RowFailure, Sent},
};
use crate::failure::Failure;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// What the index can change in a record that it has.
const CHANGEABLE: [&str; 9] =
    ["urls", "acl", "authz", "file_name", "version", "uploader", "description", "metadata", "urls_metadata"];

/// What the index of a commons can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It takes many records in one request.
    Bulk,
    /// It takes them one by one.
    Single,
}

impl Kind {
    /// Asks the index.
    ///
    /// # Errors
    /// When it does not answer, or knows already that the user may write nothing.
    pub(super) async fn of(remote: &Remote) -> anyhow::Result<Self> {
        // A request without lines is refused by whoever knows the route, and changes nothing.
        let answer = remote.send(Method::POST, "/bulk/records?mode=each", Some((LINES, Vec::new()))).await?;
        match answer.status {
            StatusCode::BAD_REQUEST if answer.json().is_some() => Ok(Self::Bulk),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(Self::Single),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let told = format!(
                    "{} refuses to be written to ({}); name an API key by --credentials FILE, or a login by \
                     --user",
                    remote.address(),
                    answer.status
                );
                Err(Failure::Prerequisite(told).into())
            }
            status => {
                bail!("{} answers {status}: {}; is it a Gen3 commons?", remote.address(), answer.told())
            }
        }
    }

    /// How many rows are sent together.
    pub(super) fn batch(self) -> usize {
        match self {
            Self::Bulk => 1000,
            Self::Single => 20,
        }
    }
}

/// Sends rows to an index.
pub(super) struct Sender<'r> {
    pub(super) remote: &'r Remote,
    pub(super) kind: Kind,
    pub(super) dry_run: bool,
}

impl Sender<'_> {
    /// Sends rows that are named, and says what has become of each, in their order.
    ///
    /// # Errors
    /// When the index fails or refuses all of them.
    pub(super) async fn send(&self, rows: Vec<Row>) -> anyhow::Result<Vec<Sent>> {
        match self.kind {
            Kind::Bulk => self.together(&rows).await,
            Kind::Single => {
                let mut sent = Vec::with_capacity(rows.len());
                for row in &rows {
                    sent.push(self.alone(row).await?);
                }
                Ok(sent)
            }
        }
    }

    async fn together(&self, rows: &[Row]) -> anyhow::Result<Vec<Sent>> {
        let mut body = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut body, &json!({ "op": "upsert", "record": row.record }))?;
            body.push(b'\n');
        }
        let path =
            if self.dry_run { "/bulk/records?mode=each&dry_run=true" } else { "/bulk/records?mode=each" };
        let answer = self.remote.send(Method::POST, path, Some((LINES, body))).await?;
        if answer.status != StatusCode::OK {
            bail!("the index answers {}: {}", answer.status, answer.told());
        }
        let mut told: HashMap<usize, Value> = HashMap::new();
        for line in answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let line: Value =
                serde_json::from_slice(line).context("the index answers what nobody understands")?;
            let number =
                line.get("line").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            match number {
                Some(number) => drop(told.insert(number, line)),
                None => {
                    if let Some(error) = line.pointer("/summary/stopped/error") {
                        bail!("the index has stopped: {error}");
                    }
                }
            }
        }
        Ok(rows.iter().zip(1..).map(|(row, line)| of_line(row, told.get(&line))).collect())
    }

    async fn alone(&self, row: &Row) -> anyhow::Result<Sent> {
        let guid = in_path(&guid(row));
        let found = self.remote.send(Method::GET, &format!("/index/{guid}"), None).await?;
        let record = match found.status {
            StatusCode::OK => found.json().filter(|record| record.get("did") == row.record.get("did")),
            StatusCode::NOT_FOUND => None,
            status => return Ok(failed(row, status, found.told())),
        };
        let Some(record) = record else {
            if self.dry_run {
                return Ok(done(row, Did::Created));
            }
            let body = serde_json::to_vec(&row.record)?;
            let answer = self.remote.send(Method::POST, "/index/", Some((JSON, body))).await?;
            return Ok(match answer.status {
                StatusCode::OK => done(row, Did::Created),
                status => failed(row, status, answer.told()),
            });
        };
        if let Some(field) =
            ["size", "hashes"].into_iter().find(|field| row.record.get(*field) != record.get(*field))
        {
            let told =
                format!("the record has another {field}, which cannot be changed; give the file a new GUID");
            return Ok(failed(row, StatusCode::CONFLICT, told));
        }
        let change = difference(&row.record, &record);
        if change.is_empty() || self.dry_run {
            return Ok(done(row, if change.is_empty() { Did::Unchanged } else { Did::Updated }));
        }
        let rev = record.get("rev").and_then(Value::as_str).unwrap_or_default();
        let body = serde_json::to_vec(&change)?;
        let answer =
            self.remote.send(Method::PUT, &format!("/index/{guid}?rev={rev}"), Some((JSON, body))).await?;
        Ok(match answer.status {
            StatusCode::OK => done(row, Did::Updated),
            status => failed(row, status, answer.told()),
        })
    }
}

/// What the row says and the record does not have.
fn difference(row: &Map<String, Value>, record: &Value) -> Map<String, Value> {
    let differs = |name: &&str| {
        let given = row.get(*name)?;
        let stored = record.get(*name).unwrap_or(&Value::Null);
        (comparable(given) != comparable(stored)).then(|| ((*name).to_owned(), given.clone()))
    };
    CHANGEABLE.iter().filter_map(differs).collect()
}

/// Lists have no order, and the index adds facts to urls when it shows them.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let items: BTreeSet<String> = items.iter().map(ToString::to_string).collect();
            json!(items)
        }
        Value::Object(map) => {
            let facts = |value: &Value| match value {
                Value::Object(facts) => {
                    let mut facts = facts.clone();
                    facts.retain(|key, _| !["cloud", "available", "region"].contains(&key.as_str()));
                    Value::Object(facts)
                }
                Value::String(_) => value.clone(),
                // The index keeps texts.
                other => json!(other.to_string()),
            };
            let kept = map.iter().map(|(key, value)| (key.clone(), facts(value)));
            let kept = kept.filter(|(_, value)| value.as_object().is_none_or(|facts| !facts.is_empty()));
            Value::Object(kept.collect())
        }
        other => other.clone(),
    }
}

fn guid(row: &Row) -> String {
    row.record.get("did").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn done(row: &Row, did: Did) -> Sent {
    Sent { row: row.number, outcome: Ok(did) }
}

fn failed(row: &Row, status: StatusCode, error: String) -> Sent {
    let failure = RowFailure { row: row.number, guid: guid(row), status: status.as_u16(), error };
    Sent { row: row.number, outcome: Err(failure) }
}

fn of_line(row: &Row, line: Option<&Value>) -> Sent {
    let text = |name: &str| line.and_then(|line| line.get(name)).and_then(Value::as_str);
    if let Some(did) = text("result").and_then(Did::of) {
        return done(row, did);
    }
    let status = line.and_then(|line| line.get("status")).and_then(Value::as_u64);
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    let error = text("error").unwrap_or("the index says nothing about this row").to_owned();
    failed(row, status.unwrap_or(StatusCode::BAD_GATEWAY), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_differs_in_what_the_row_says_only() {
        let row = json!({"did": "g", "size": 1, "urls": ["b", "a"], "acl": ["x"], "file_name": "f",
            "metadata": {"n": 1}, "urls_metadata": {"a": {"s": "t"}}});
        let record = json!({"did": "g", "size": 1, "urls": ["a", "b"], "acl": ["y"], "file_name": "f",
            "version": "v", "metadata": {"n": "1"},
            "urls_metadata": {"a": {"s": "t", "cloud": "aws", "available": true}, "b": {"cloud": null}}});
        let change = difference(row.as_object().expect("an object"), &record);
        assert_eq!(Value::Object(change), json!({"acl": ["x"]}));
    }
}
