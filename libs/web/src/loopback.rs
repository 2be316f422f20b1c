//! Addresses that mean this machine.

use url::{Host, Url};

/// Whether `url` can only mean this machine: `localhost`, a name below it (RFC 6761 §6.3), or a loopback
/// address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in ["http://localhost:1", "http://a.localhost", "https://127.0.0.9", "http://[::1]:8080/x"] {
            assert!(loopback(url), "{url}");
        }
        for url in ["http://example.org", "http://localhost.example.org", "http://10.0.0.1", "data:x"] {
            assert!(!loopback(url), "{url}");
        }
    }
}
