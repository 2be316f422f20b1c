//! Guessing passwords is made slow, without a way to lock somebody else out.
//!
//! What fails is counted for the name together with the network that it comes from, and for the name alone.
//! After some failures the next attempt has to wait, longer each time. A browser in which the user has logged
//! in before has a count of its own in place of both ("device cookies", OWASP): whatever others try, it does
//! not wait for them.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

/// Milliseconds in a second.
const SECOND: i64 = 1_000;

/// How failures slow the next attempts down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// So many cost nothing.
    free: i32,
    /// The longest time to wait, in milliseconds.
    most: i64,
}

/// For one network, or one known browser, and a name.
const NEAR: Limit = Limit { free: 5, most: 900 * SECOND };
/// For a name, from everywhere.
const EVERYWHERE: Limit = Limit { free: 20, most: 60 * SECOND };

impl Limit {
    /// Milliseconds after the last attempt in which there is no other, after so many failures.
    fn delay(self, failures: i32) -> i64 {
        let over = failures - self.free;
        if over < 0 { 0 } else { (SECOND << over.min(20)).min(self.most) }
    }

    /// Milliseconds until the next attempt, if there is any need to wait.
    pub(crate) fn wait(self, failures: i32, since_last: i64) -> Option<i64> {
        let left = self.delay(failures) - since_last;
        (left > 0).then_some(left)
    }

    /// Seconds for which a count is kept: those that slow nobody down are forgotten soon.
    pub(crate) fn keep(self, failures: i32) -> i64 {
        if failures < self.free { 15 * 60 } else { 24 * 3_600 }
    }
}

/// A count of failures, by a digest of what is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    pub(crate) key: [u8; 32],
    pub(crate) limit: Limit,
}

/// The counts that an attempt to log in as `username` is subject to, in the order in which they are locked.
pub(crate) fn counts(username: &str, address: Option<IpAddr>, known_device: Option<&str>) -> Vec<Count> {
    let name = username.to_lowercase();
    let count = |limit, kind: &str, of: &str| {
        let mut digest = Sha256::new();
        for part in [kind, of, &name] {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        Count { key: digest.finalize().into(), limit }
    };
    match known_device {
        Some(device) => vec![count(NEAR, "device", device)],
        None => vec![count(NEAR, "network", &network(address)), count(EVERYWHERE, "name", "")],
    }
}

/// The part of an address that one owner has, as a rule.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}")
        }
        Some(IpAddr::V6(address)) => hex::encode(&address.octets()[..8]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failures_cost_nothing_and_the_next_ones_more_and_more() {
        let delays: Vec<i64> = (0..20).map(|failures| NEAR.delay(failures) / SECOND).collect();
        assert_eq!(delays[..9], [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(delays[18..], [900, 900]);
        assert_eq!(NEAR.delay(i32::MAX) / SECOND, 900);
        assert_eq!(EVERYWHERE.delay(19), 0);
        assert_eq!(EVERYWHERE.delay(1_000) / SECOND, 60, "a name is never locked");
        assert_eq!((NEAR.wait(5, 400), NEAR.wait(5, 1_000), NEAR.wait(4, 0)), (Some(600), None, None));
    }

    #[test]
    fn neighbours_in_a_network_count_together_and_strangers_apart() {
        let keys = |name: &str, address: &str, device| {
            let counts = counts(name, address.parse().ok(), device);
            counts.into_iter().map(|count| count.key).collect::<Vec<_>>()
        };
        let ada = keys("ada", "192.0.2.1", None);
        assert_eq!(ada, keys("ADA", "192.0.2.200", None));
        assert_eq!(ada, keys("ada", "::ffff:192.0.2.7", None));
        let far = keys("ada", "198.51.100.1", None);
        assert_ne!(ada[0], far[0]);
        assert_eq!(ada[1], far[1], "the name from everywhere");
        assert_ne!(ada[1], keys("bob", "192.0.2.1", None)[1]);
        assert_eq!(keys("ada", "2001:db8:1:2::1", None), keys("ada", "2001:db8:1:2:ffff::", None));
        assert_ne!(keys("ada", "2001:db8:1:2::1", None)[0], keys("ada", "2001:db8:1:3::1", None)[0]);
        let known = keys("ada", "192.0.2.1", Some("d"));
        assert_eq!(known, keys("ada", "198.51.100.1", Some("d")), "wherever the browser is");
        assert!(known.len() == 1 && !ada.contains(&known[0]));
    }
}
