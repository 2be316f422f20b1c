//! Figures of the queue, for Prometheus.

use std::{collections::HashMap, sync::atomic::AtomicU64};

use chrono::{DateTime, Utc};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::model::State;

/// Kinds whose last success has a figure of its own, under the name that dashboards know.
const NAMED: [(&str, &str, &str); 3] = [
    (
        "backup",
        "gen3_backup_last_success_timestamp",
        "When a backup has succeeded last, in seconds since 1970",
    ),
    (
        "usersync",
        "gen3_usersync_last_success_timestamp",
        "When users were synced last, in seconds since 1970",
    ),
    ("etl", "gen3_etl_last_success_timestamp", "When documents were made last, in seconds since 1970"),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEnd {
    kind: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// What is counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    runs: Family<OfEnd, Counter>,
    depth: Family<OfKind, Gauge>,
    succeeded: Family<OfKind, Seconds>,
    named: [Seconds; 3],
}

impl Figures {
    pub(crate) fn register(&self, kinds: &[String], registry: &mut Registry) {
        registry.register("gen3_op_runs", "Runs that have ended in this process", self.runs.clone());
        registry.register("gen3_op_queue_depth", "Runs that wait", self.depth.clone());
        registry.register(
            "gen3_op_last_success_timestamp",
            "When a run of the kind has succeeded last, in seconds since 1970",
            self.succeeded.clone(),
        );
        for ((kind, name, help), gauge) in NAMED.iter().zip(&self.named) {
            if kinds.iter().any(|known| known == kind) {
                registry.register(*name, *help, gauge.clone());
            }
        }
    }

    /// A run has ended here.
    pub(crate) fn ended(&self, kind: &str, state: State) {
        self.runs.get_or_create(&OfEnd { kind: kind.to_owned(), state: state.as_str() }).inc();
    }

    /// How many runs of each kind wait now.
    pub(crate) fn wait(&self, kinds: &[String], waiting: &[(String, i64)]) {
        let waiting: HashMap<&str, i64> = waiting.iter().map(|(kind, runs)| (kind.as_str(), *runs)).collect();
        for kind in kinds {
            let runs = waiting.get(kind.as_str()).copied().unwrap_or_default();
            self.depth.get_or_create(&OfKind { kind: kind.clone() }).set(runs);
        }
    }

    /// When runs of each kind have succeeded last.
    pub(crate) fn succeeded(&self, last: &[(String, DateTime<Utc>)]) {
        for (kind, when) in last {
            let seconds = when.timestamp_millis() as f64 / 1e3;
            self.succeeded.get_or_create(&OfKind { kind: kind.clone() }).set(seconds);
            if let Some(place) = NAMED.iter().position(|(named, ..)| named == kind) {
                self.named[place].set(seconds);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn runs_depths_and_last_successes_are_shown() {
        let (figures, mut registry) = (Figures::default(), Registry::default());
        let kinds = ["etl".to_owned(), "backup".to_owned()];
        figures.register(&kinds, &mut registry);
        figures.ended("etl", State::Failed);
        figures.wait(&kinds, &[("etl".to_owned(), 3)]);
        figures.succeeded(&[("backup".to_owned(), "2026-01-01T00:00:00Z".parse().unwrap())]);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "gen3_op_runs_total{kind=\"etl\",state=\"failed\"} 1\n",
            "gen3_op_queue_depth{kind=\"etl\"} 3\n",
            "gen3_op_queue_depth{kind=\"backup\"} 0\n",
            "gen3_backup_last_success_timestamp 1767225600.0\n",
            "gen3_op_last_success_timestamp{kind=\"backup\"} 1767225600.0\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("gen3_usersync"), "{text}");
    }
}
