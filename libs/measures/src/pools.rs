//! Connections to databases.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};
use sqlx::PgPool;

/// Name, meaning, and how it is read.
type Figure = (&'static str, &'static str, fn(&PgPool) -> usize);

/// Pools, each by the name of who uses it. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pools(Arc<Mutex<Vec<(String, PgPool)>>>);

impl Pools {
    pub(crate) fn add(&self, user: &str, pool: &PgPool) {
        self.all().push((user.to_owned(), pool.clone()));
    }

    fn all(&self) -> MutexGuard<'_, Vec<(String, PgPool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let figures: [Figure; 3] = [
            ("gen3_db_pool_in_use", "Connections that are used", |pool| {
                (pool.size() as usize).saturating_sub(pool.num_idle())
            }),
            ("gen3_db_pool_idle", "Connections that wait for use", PgPool::num_idle),
            ("gen3_db_pool_most", "Connections that there may be", |pool| {
                pool.options().get_max_connections() as usize
            }),
        ];
        for (name, help, figure) in figures {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (user, pool) in self.all().iter() {
                let labels = [("pool", user.as_str())];
                ConstGauge::new(figure(pool) as i64).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
