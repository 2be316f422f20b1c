//! The configuration of a gateway.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use authz::Authz;
use ipnet::IpNet;
use url::Url;

use crate::table::Table;

/// A service's own login.
#[derive(Clone)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

// Written by hand so that a password can never reach a log.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The store behind a gateway.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    /// Where it listens.
    pub address: Url,
    /// Its buckets: each is the first segment of public paths.
    pub buckets: Vec<String>,
}

impl ObjectStore {
    /// Whether `path`, as it came in, is that of one of its buckets or objects.
    pub(crate) fn has(&self, path: &str) -> bool {
        let first = path.strip_prefix('/').and_then(|rest| rest.split('/').next());
        first.is_some_and(|first| self.buckets.iter().any(|bucket| bucket == first))
    }
}

/// Settings of the gateway.
#[derive(Clone)]
pub struct Config {
    /// The URL by which users reach the commons; cookies are `Secure` unless it is `http` on a loopback name.
    pub public_url: Url,
    /// `domain=` of the CSRF cookie (`COOKIE_DOMAIN`).
    pub cookie_domain: Option<String>,
    /// Origins that may send credentials (`ORIGINS_ALLOW_CREDENTIALS`).
    pub credential_origins: Vec<String>,
    /// Proxies in front of the commons. Only what they say in `X-Forwarded-For` is believed: everybody else
    /// can write anything there.
    pub trusted_proxies: Vec<IpNet>,
    /// The routes.
    pub table: Table,
    /// Where services are that do not run in this process, by their name in the table.
    pub upstreams: HashMap<String, Url>,
    /// The object store of this machine, if its objects are reached through the gateway.
    pub object_store: Option<ObjectStore>,
    /// Logins for rows with `login`, by service.
    pub logins: HashMap<String, Login>,
    /// Who decides rows with `authz`.
    pub authz: Arc<dyn Authz>,
    /// Passes requests on to `upstreams`. It must not follow redirects.
    pub client: reqwest::Client,
}

impl Config {
    /// Whether `address` is one of the proxies in front of the commons.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    /// Whether browsers reach the commons without TLS on this very machine, so that `Secure` cookies would be
    /// lost.
    pub(crate) fn is_plain_loopback(&self) -> bool {
        self.public_url.scheme() == "http" && web::is_loopback(&self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_its_buckets_are_the_stores() {
        let store = ObjectStore {
            address: Url::parse("http://127.0.0.1:1").unwrap(),
            buckets: vec!["commons-data".into()],
        };
        for path in ["/commons-data/guid/f", "/commons-data/", "/commons-data", "/commons-data//a"] {
            assert!(store.has(path), "{path}");
        }
        for path in ["/commons-data2/f", "/commons/f", "//commons-data/f", "/user/commons-data/f", "/", ""] {
            assert!(!store.has(path), "{path}");
        }
    }
}
