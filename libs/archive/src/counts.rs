//! What the archive has done, for Prometheus.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Which way files go.
pub(crate) type Direction = &'static str;
/// Into the archive.
pub(crate) const IN: Direction = "archive";
/// Out of it.
pub(crate) const OUT: Direction = "retrieve";
/// They stay, and are read.
pub(crate) const CHECK: Direction = "verify";
/// Sources that are deleted.
pub(crate) const AWAY: Direction = "delete_source";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    direction: &'static str,
    result: &'static str,
}

/// Files and bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    objects: Family<Labels, Counter>,
    bytes: Family<Labels, Counter>,
}

impl Counts {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let told = "Files that runs of the archive have done something with";
        registry.register("gen3_archive_objects", told, self.objects.clone());
        registry.register("gen3_archive_bytes", "Their bytes", self.bytes.clone());
    }

    pub(crate) fn count(&self, direction: Direction, result: &'static str, bytes: u64) {
        let labels = Labels { direction, result };
        self.objects.get_or_create(&labels).inc();
        self.bytes.get_or_create(&labels).inc_by(bytes);
    }
}
