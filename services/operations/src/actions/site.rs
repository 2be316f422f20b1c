//! What administrators are told of the commons itself: its settings and its stores.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    access::{MayReadConfiguration, MayReadStorage},
    problem::Problem,
    service::Operations,
    storage::{Held, Look, Reach, Store, Uncounted},
    survey::Standing,
};

impl Operations {
    /// The settings of what runs, with where each comes from.
    pub(crate) fn configuration(&self, _: &MayReadConfiguration) -> Value {
        let mut told = json!(self.configuration);
        told["version"] = json!(self.config.version);
        told["commit"] = json!(self.config.commit);
        told["started"] = json!(at(self.started));
        told
    }

    /// The stores, whether they can be used, and what is in them.
    ///
    /// # Errors
    /// When the database of the archive fails.
    pub(crate) async fn storage(&self, _: &MayReadStorage) -> Result<Value, Problem> {
        let (seen, standing) = tokio::join!(self.survey.seen(), self.survey.counted());
        let stores = self.survey.storage().stores();
        let held = standing.last.as_ref().map(|last| last.count.stores.as_slice()).unwrap_or_default();
        let stores = stores
            .iter()
            .enumerate()
            .map(|(place, store)| shown(store, seen.looks.get(place), held.get(place)));
        let archive = match &self.archive {
            Some(archive) => Some(json!({ "tiers": archive.described(), "copies": archive.totals().await? })),
            None => None,
        };
        Ok(json!({
            "looked": at(seen.at),
            "stores": stores.collect::<Vec<_>>(),
            "index": index(&standing),
            "archive": archive,
        }))
    }
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A store, with what was seen of it. What is not known is `null`.
fn shown(store: &Store, look: Option<&Look>, held: Option<&Held>) -> Value {
    let unseen = || Reach::Unknown("it has not been looked at".to_owned());
    let mut shown = json!(store);
    shown["reach"] = json!(look.map_or_else(unseen, |look| look.reach.clone()));
    shown["free"] = json!(look.and_then(|look| look.free));
    shown["held"] = json!(held);
    shown
}

/// What the file index has elsewhere, and of when the figures are.
fn index(standing: &Standing) -> Value {
    let state = match (&standing.failed, &standing.last) {
        (Some(Uncounted::Unknown(_)), _) => "unknown",
        (Some(Uncounted::Failed(_)), _) => "failed",
        (None, Some(_)) => "counted",
        (None, None) => "counting",
    };
    let last = standing.last.as_ref();
    let other =
        |(url, held): &(String, Held)| json!({ "url": url, "records": held.records, "bytes": held.bytes });
    json!({
        "state": state,
        "why": standing.failed.as_ref().map(ToString::to_string),
        "counting": standing.is_running,
        "counted": last.map(|last| at(last.at)),
        "took_ms": last.map(|last| u64::try_from(last.took.as_millis()).unwrap_or(u64::MAX)),
        "others": last.map(|last| last.count.others.iter().map(other).collect::<Vec<_>>()),
        "has_more": last.map(|last| last.count.has_more),
        "nowhere": last.map(|last| last.count.nowhere),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_told_as_unknown_and_never_as_nothing() {
        let store = Store {
            url: "s3://b/".into(),
            kind: crate::storage::StoreKind::S3,
            purposes: [crate::storage::Purpose::Uploads].into(),
            endpoint: None,
            region: None,
            prefix: None,
            tier: None,
            storage_class: None,
            capacity: None,
        };
        let unseen = shown(&store, None, None);
        assert_eq!(unseen["reach"]["state"], "unknown");
        assert_eq!((&unseen["held"], &unseen["free"]), (&Value::Null, &Value::Null));
        let standing = Standing { failed: Some(Uncounted::Unknown("no index")), ..Standing::default() };
        let told = index(&standing);
        assert_eq!((&told["state"], &told["why"]), (&json!("unknown"), &json!("no index")));
        assert_eq!((&told["nowhere"], &told["others"]), (&Value::Null, &Value::Null));
        let counting = index(&Standing { is_running: true, ..Standing::default() });
        assert_eq!((&counting["state"], &counting["counting"]), (&json!("counting"), &json!(true)));
    }
}
