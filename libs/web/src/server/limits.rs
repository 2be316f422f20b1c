//! How many connections a server takes, and how long it waits for clients.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::pace::Pace;

/// More descriptors than this are not asked for: nothing here needs them.
const MOST_DESCRIPTORS: u64 = 1 << 16;
/// Taken where the system says no number.
const USUAL_DESCRIPTORS: u64 = 1024;
/// A front takes no more than this unless it is told to: each connection may hold a request head of 128 KiB.
const MOST_CONNECTIONS: usize = 4096;
/// The same for the port of a service, whose callers are programs of the commons.
const MOST_OF_A_SERVICE: usize = 512;

/// What a server takes from its clients.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections of one address at once. Of IPv6 the first 64 bits are an address.
    pub per_address: usize,
    /// Proxies in front of the commons: their connections are not counted for their address, but the requests
    /// that they pass on are counted for the address that their `X-Forwarded-For` names last.
    pub trusted_proxies: Vec<IpNet>,
    /// The slowest body of a request. Answers may be taken half as fast.
    pub pace: Pace,
    /// A request head must be there within this time, and a connection without a request ends after it.
    pub head: Duration,
}

impl Limits {
    /// Those of the public front: half of the process's descriptors, a quarter of that for one address. The
    /// other half is for databases, files, and the ports of services.
    pub fn of_front() -> Self {
        Self::new(share(descriptors(), 2).min(MOST_CONNECTIONS), 4)
    }

    /// Those of a service's own port beside a front in the same process.
    pub fn of_service() -> Self {
        Self::new(share(descriptors(), 32).min(MOST_OF_A_SERVICE), 1)
    }

    /// These limits with this many connections, a quarter of them for one address.
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Self {
        let per_address = connections.div_ceil(4);
        Self { connections, per_address, ..self }
    }

    fn new(connections: usize, addresses: usize) -> Self {
        Self {
            connections,
            per_address: (connections / addresses).max(1),
            trusted_proxies: Vec::new(),
            pace: Pace::default(),
            head: Duration::from_secs(30),
        }
    }

    /// Whether `address` is one of the proxies in front of the commons.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }
}

fn share(descriptors: u64, of: u64) -> usize {
    usize::try_from(descriptors / of).unwrap_or(usize::MAX).max(16)
}

/// How many files and connections the process may have open now.
fn descriptors() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS)
}

/// Lets the process have as many files and connections open as it may, and returns how many that are.
///
/// Many systems start programs with 1,024 (which the old `select` needs) and permit a multiple. Whatever is
/// started by this process inherits it.
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(MOST_DESCRIPTORS).min(MOST_DESCRIPTORS);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the descriptor limit was not raised");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(USUAL_DESCRIPTORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_descriptors_are_shared_and_leave_some_for_databases_and_files() {
        let (front, service) = (share(1024, 2), share(1024, 32));
        assert_eq!((front, service), (512, 32));
        assert!(front + 7 * service < 1024 - 200);
    }

    #[test]
    fn proxies_are_trusted_by_their_network_in_either_form() {
        let mut limits = Limits::of_front();
        limits.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            assert!(limits.trusts(address.parse().unwrap()), "{address}");
        }
        for address in ["11.1.2.3", "::1", "127.0.0.1"] {
            assert!(!limits.trusts(address.parse().unwrap()), "{address}");
        }
    }
}
