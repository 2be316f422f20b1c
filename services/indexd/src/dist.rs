//! Other index services, asked for GUIDs that are not known here.

use std::{sync::OnceLock, time::Duration};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::{config::DistEntry, guid::Guid};

const TIMEOUT: Duration = Duration::from_secs(10);
/// An index document is small; what is longer is not one.
const MAX_ANSWER: usize = 4 << 20;
/// GUIDs keep their slashes; everything with a meaning in a URL is escaped.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%').add(b'"').add(b'<').add(b'>');

struct Peer {
    entry: DistEntry,
    hints: Vec<Regex>,
}

/// The other index services of the configuration.
pub(crate) struct Dist {
    peers: Vec<Peer>,
    client: OnceLock<reqwest::Client>,
}

impl Dist {
    /// A hint that is not a regular expression (the configuration has been checked for that) never matches.
    pub(crate) fn new(entries: &[DistEntry]) -> Self {
        let anchored = |hint: &String| Regex::new(&format!("^(?:{hint})")).ok();
        let peer = |entry: &DistEntry| Peer {
            entry: entry.clone(),
            hints: entry.hints.iter().filter_map(anchored).collect(),
        };
        Self { peers: entries.iter().map(peer).collect(), client: OnceLock::new() }
    }

    /// The entries as configured.
    pub(crate) fn entries(&self) -> Vec<&DistEntry> {
        self.peers.iter().map(|peer| &peer.entry).collect()
    }

    /// The first answer for `guid`: those whose hints match are asked first. All failures count as "not
    /// here".
    pub(crate) async fn find(&self, guid: &Guid) -> Option<Map<String, Value>> {
        let (hinted, others): (Vec<&Peer>, Vec<&Peer>) =
            self.peers.iter().partition(|peer| peer.hints.iter().any(|hint| hint.is_match(guid.as_str())));
        for peer in hinted.into_iter().chain(others).filter(|peer| peer.entry.kind == "indexd") {
            match self.ask(&peer.entry, guid).await {
                Ok(Some(document)) => return Some(document),
                Ok(None) => {}
                Err(error) => {
                    let error = error.without_url();
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(dist.name = peer.entry.name, error, "another index service failed");
                }
            }
        }
        None
    }

    async fn ask(
        &self,
        entry: &DistEntry,
        guid: &Guid,
    ) -> Result<Option<Map<String, Value>>, reqwest::Error> {
        let url = format!("{}{}?no_dist=", entry.host, utf8_percent_encode(guid.as_str(), ESCAPED));
        let client = self.client.get_or_init(reqwest::Client::new);
        let mut answer = client.get(url).timeout(TIMEOUT).send().await?;
        if answer.status().as_u16() != 200 {
            return Ok(None);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Ok(None);
            }
        }
        let Ok(Value::Object(mut document)) = serde_json::from_slice(&body) else { return Ok(None) };
        document.insert("from_index_service".into(), json!({ "host": entry.host, "name": entry.name }));
        Ok(Some(document))
    }
}
