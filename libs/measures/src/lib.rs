//! Figures of a running program for Prometheus, in the OpenMetrics text format 1.0.
//!
//! A program makes one [`Measures`], lets services be [`Measured`] and tells which pools it has; what a
//! service counts by itself it registers with [`Measures::add`]. [`Page`] shows all of it at `/metrics`, on a
//! port of its own: figures have no authorisation.

mod measured;
mod page;
mod pools;
mod process;
mod requests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::{encoding::text::encode, metrics::info::Info, registry::Registry};
use sqlx::PgPool;

pub use measured::Measured;
pub use page::Page;

use crate::{pools::Pools, process::Process, requests::Requests};

/// What is measured in this process. Clones are the same.
#[derive(Debug, Clone)]
pub struct Measures {
    registry: Arc<Mutex<Registry>>,
    requests: Requests,
    pools: Pools,
}

impl Measures {
    /// The process itself, and requests, of which there are none yet.
    pub fn new(version: &str, commit: &str) -> Self {
        let mut registry = Registry::default();
        let labels = [("version", version.to_owned()), ("commit", commit.to_owned())];
        registry.register("gen3_build", "The program that runs", Info::new(labels.to_vec()));
        registry.register_collector(Box::new(Process));
        let (requests, pools) = (Requests::default(), Pools::default());
        requests.register(&mut registry);
        registry.register_collector(Box::new(pools.clone()));
        Self { registry: Arc::new(Mutex::new(registry)), requests, pools }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what `register` names, too.
    pub fn add(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry());
    }

    /// Shows how much a pool is used, by the name of who uses it.
    pub fn watch_pool(&self, user: &str, pool: &PgPool) {
        self.pools.add(user, pool);
    }

    /// Everything, as Prometheus reads it.
    ///
    /// # Errors
    /// When a figure cannot be written.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_requests_tells_of_itself() {
        let text = Measures::new("1.2.3", "abc").text().unwrap();
        assert!(text.contains("gen3_build_info{version=\"1.2.3\",commit=\"abc\"} 1\n"), "{text}");
        let figure = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.split(' ').next() == Some(name));
            line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(-1.0)
        };
        assert!(figure("process_resident_memory_bytes") > 1e6, "{text}");
        assert!(figure("process_open_fds") >= 3.0 && figure("process_threads") >= 1.0, "{text}");
        assert!(figure("process_max_fds") >= figure("process_open_fds"), "{text}");
        assert!(figure("process_start_time_seconds") > 1.7e9, "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
