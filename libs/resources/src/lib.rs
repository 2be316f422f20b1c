//! How much memory this process may use before it is ended.
//!
//! A machine's memory is only the uppermost bound: containers, service managers and batch systems give less,
//! by control groups or by resource limits, and the kernel ends a process that takes more without asking.
//! What a program holds for its callers has to fit into the smallest of these limits, so it must know it.

mod budget;
mod cgroup;

use std::{fs, path::Path};

use rustix::process::{Resource, getrlimit};

pub use budget::{Budget, Exhausted, Held};

/// Where nothing can be found out, as on systems without `/proc`.
const ASSUMED: u64 = 2 << 30;

/// What sets the smallest limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// A control group: of a container, a unit of systemd, a job.
    ControlGroup,
    /// `ulimit -v` or `ulimit -d`.
    ResourceLimit,
    /// The memory of the machine.
    Machine,
    /// Nothing is known, so a small machine is assumed.
    Nothing,
}

/// How much memory the process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimit {
    /// The smallest of all limits.
    pub bytes: u64,
    /// What sets it.
    pub by: LimitedBy,
}

impl MemoryLimit {
    /// `percent` of the limit, in bytes.
    pub fn share(&self, percent: u8) -> u64 {
        self.bytes / 100 * u64::from(percent)
    }
}

/// The limit that this process runs under now: the smallest of its control groups (both versions, with all
/// groups above its own), its resource limits for address space and data, and the memory of the machine.
///
/// Limits can change while the process runs; it is read anew with each call, which takes a few small files.
pub fn memory_limit() -> MemoryLimit {
    let group = cgroup::memory_limit(Path::new("/"));
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    smallest([
        (group, LimitedBy::ControlGroup),
        (resource_limit(), LimitedBy::ResourceLimit),
        (machine, LimitedBy::Machine),
    ])
}

fn smallest(limits: [(Option<u64>, LimitedBy); 3]) -> MemoryLimit {
    let known = limits.into_iter().filter_map(|(bytes, by)| Some(MemoryLimit { bytes: bytes?, by }));
    // Control groups without a limit say a number that is larger than any machine. Of equals the last says
    // more: a group that may use all of the machine does not limit.
    known
        .rev()
        .min_by_key(|limit| limit.bytes)
        .unwrap_or(MemoryLimit { bytes: ASSUMED, by: LimitedBy::Nothing })
}

fn resource_limit() -> Option<u64> {
    [Resource::As, Resource::Data].into_iter().filter_map(|resource| getrlimit(resource).current).min()
}

/// `MemTotal` of `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_counts_and_says_what_sets_it() {
        let of = |group, resource, machine| {
            smallest([
                (group, LimitedBy::ControlGroup),
                (resource, LimitedBy::ResourceLimit),
                (machine, LimitedBy::Machine),
            ])
        };
        let limit = |bytes, by| MemoryLimit { bytes, by };
        assert_eq!(of(Some(400), Some(500), Some(800)), limit(400, LimitedBy::ControlGroup));
        assert_eq!(of(Some(u64::MAX), Some(500), Some(800)), limit(500, LimitedBy::ResourceLimit));
        assert_eq!(of(Some(800), None, Some(800)), limit(800, LimitedBy::Machine));
        assert_eq!(of(None, None, None), limit(ASSUMED, LimitedBy::Nothing));
        assert_eq!(limit(1000, LimitedBy::Machine).share(25), 250);
    }

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(total("MemTotal:        8000000 kB\nMemFree: 1 kB\n"), Some(8_192_000_000));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn this_process_has_a_limit() {
        let limit = memory_limit();
        assert!(limit.bytes > 16 << 20, "{limit:?}");
        assert_ne!(limit.by, LimitedBy::Nothing);
    }
}
