//! The key set of a verifier as figures.

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::Verifier;

impl Verifier {
    /// Shows its key set: how many keys there are, how old they are, and how often the issuer was asked. A
    /// process shows one verifier; the keys of a local one are of this moment.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.register_collector(Box::new(KeySet(self.clone())));
    }
}

#[derive(Debug)]
struct KeySet(Arc<Verifier>);

impl Collector for KeySet {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let condition = self.0.condition();
        let told = "Keys by which tokens are verified";
        let keys = encoder.encode_descriptor("gen3_jwks_keys", told, None, MetricType::Gauge)?;
        ConstGauge::new(condition.keys as i64).encode(keys)?;
        if let Some(age) = condition.age {
            let told = "How long ago the keys were fetched";
            let figure = encoder.encode_descriptor("gen3_jwks_age_seconds", told, None, MetricType::Gauge)?;
            ConstGauge::new(Duration::as_secs_f64(&age)).encode(figure)?;
        }
        let told = "How often the issuer was asked for its keys";
        let mut family = encoder.encode_descriptor("gen3_jwks_fetches", told, None, MetricType::Counter)?;
        for (result, count) in [("ok", condition.fetched), ("failed", condition.failed)] {
            ConstCounter::new(count).encode(family.encode_family(&[("result", result)])?)?;
        }
        Ok(())
    }
}
