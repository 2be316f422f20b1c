//! What the keeping of the indices does, as figures.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use tube::{Followed, Outcome};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHow {
    how: &'static str,
}

/// Documents that were written, and the time that it took. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    documents: Family<OfHow, Counter>,
    duration: Family<OfHow, Histogram>,
}

/// From ten milliseconds to three hours.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 11))
}

impl Default for Figures {
    fn default() -> Self {
        Self { documents: Family::default(), duration: Family::new_with_constructor(durations) }
    }
}

impl Figures {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("gen3_etl_documents", "Documents that were written", self.documents.clone());
        let told = "How long it took to make documents";
        registry.register_with_unit("gen3_etl_duration", told, Unit::Seconds, self.duration.clone());
    }

    /// A run over the whole graph has come to this.
    pub(crate) fn ran(&self, outcome: &Outcome, took: Duration) {
        if let Outcome::Built { indices, .. } = outcome {
            self.wrote("run", indices.values().map(|built| built.documents).sum(), took);
        }
    }

    /// A look at what has changed has come to this.
    pub(crate) fn followed(&self, followed: &Followed, took: Duration) {
        match followed {
            Followed::Nothing => {}
            Followed::Updated { documents, .. } => self.wrote("follow", *documents, took),
            Followed::Rebuilt { run } => self.ran(run, took),
        }
    }

    fn wrote(&self, how: &'static str, documents: u64, took: Duration) {
        self.documents.get_or_create(&OfHow { how }).inc_by(documents);
        self.duration.get_or_create(&OfHow { how }).observe(took.as_secs_f64());
    }
}
