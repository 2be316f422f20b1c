//! Requests: how many, of which route, with what end, and how long they took.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// Of which route. There are as many as a program has, whatever clients ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Route {
    pub(crate) service: &'static str,
    /// With the names of its parameters; `other` for what no route has answered.
    pub(crate) route: String,
    /// `other` for those that HTTP does not define.
    pub(crate) method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    service: &'static str,
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: &'static str,
}

/// The figures of all requests.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    ended: Family<Ended, Counter>,
    duration: Family<Route, Histogram>,
    running: Family<OfService, Gauge>,
}

/// From a millisecond to half a minute, twice as long each time.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            duration: Family::new_with_constructor(durations),
            running: Family::default(),
        }
    }
}

impl Requests {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("gen3_http_requests", "Requests that were answered", self.ended.clone());
        registry.register_with_unit(
            "gen3_http_request_duration",
            "How long it took until an answer began",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "gen3_http_requests_running",
            "Requests without an answer yet",
            self.running.clone(),
        );
    }

    /// A request to a service begins.
    pub(crate) fn begin(&self, service: &'static str) -> Running {
        let gauge = self.running.get_or_create(&OfService { service }).clone();
        gauge.inc();
        Running(gauge)
    }

    pub(crate) fn end(&self, route: Route, status: u16, took: Duration) {
        self.duration.get_or_create(&route).observe(took.as_secs_f64());
        let Route { service, route, method } = route;
        self.ended.get_or_create(&Ended { service, route, method, status }).inc();
    }
}

/// A request that runs, until this is dropped.
pub(crate) struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}
