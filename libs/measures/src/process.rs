//! The process, as the kernel sees it.

use std::fmt;

use procfs::process::LimitValue;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// Reads `/proc` when it is asked. The names are those of all Prometheus clients.
#[derive(Debug)]
pub(crate) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        // Where there is no `/proc`, nothing is shown.
        let Ok(process) = procfs::process::Process::myself() else { return Ok(()) };
        let mut gauge = |name: &str, help: &str, value: f64| {
            let figure = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(figure)
        };
        if let Ok(stat) = process.stat() {
            let resident = stat.rss.saturating_mul(procfs::page_size());
            gauge("process_resident_memory_bytes", "Memory that is in use", resident as f64)?;
            gauge("process_virtual_memory_bytes", "Memory that is addressed", stat.vsize as f64)?;
            gauge("process_threads", "Threads", stat.num_threads as f64)?;
            let tick = procfs::ticks_per_second() as f64;
            if let Ok(boot) = procfs::boot_time_secs() {
                let start = boot as f64 + stat.starttime as f64 / tick;
                gauge("process_start_time_seconds", "When the process began, since 1970", start)?;
            }
            let spent = (stat.utime + stat.stime) as f64 / tick;
            let figure = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Time of processors that was spent",
                None,
                MetricType::Counter,
            )?;
            ConstCounter::new(spent).encode(figure)?;
        }
        let mut gauge = |name: &str, help: &str, value: f64| {
            let figure = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(figure)
        };
        if let Ok(count) = process.fd_count() {
            gauge("process_open_fds", "Descriptors that are open", count as f64)?;
        }
        let descriptors = process.limits().map(|limits| limits.max_open_files.soft_limit);
        if let Ok(LimitValue::Value(most)) = descriptors {
            gauge("process_max_fds", "Descriptors that may be open", most as f64)?;
        }
        Ok(())
    }
}
