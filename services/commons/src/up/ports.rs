//! All ports of a commons. They are bound before anything else, so that a port in use is found at once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use indexmap::IndexMap;
use web::BindError;

/// The services, in the order of the status table.
const SERVICES: [&str; 15] = [
    "fence",
    "arborist",
    "indexd",
    "sheepdog",
    "peregrine",
    "guppy",
    "audit",
    "requestor",
    "library",
    "wts",
    "metadata",
    "manifests",
    "operations",
    "workspace",
    "portal",
];

/// Whether services listen on ports of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnPorts {
    /// They are reached through the gateway only.
    None,
    /// Only those who know the secret of the state folder are answered.
    Sealed,
    /// Everybody on this machine is answered.
    Open,
}

/// Where the object store listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorePort {
    /// On the loopback address: at the port of the last start if it is free, else at another one.
    Last(Option<u16>),
    /// Beside the gateway, at this port.
    Published(u16),
}

/// Bound ports.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) gateway: TcpListener,
    pub(crate) object_store: TcpListener,
    /// Those of the services, if they have any.
    pub(crate) services: IndexMap<&'static str, TcpListener>,
}

impl Ports {
    /// Binds the gateway to `host:port`, everything else to free loopback ports; the object store to its port
    /// of the last start, if that is free.
    pub(crate) fn bind(host: IpAddr, port: u16, own: OwnPorts, store: StorePort) -> Result<Self, BindError> {
        let free = || web::bind(Ipv4Addr::LOCALHOST.into(), 0);
        let gateway = web::bind(host, port)?;
        let names: &[_] = if own == OwnPorts::None { &[] } else { &SERVICES };
        let services = names.iter().map(|name| Ok((*name, free()?))).collect::<Result<_, BindError>>()?;
        let object_store = match store {
            StorePort::Published(port) => web::bind(host, port)?,
            StorePort::Last(Some(port)) => web::bind(Ipv4Addr::LOCALHOST.into(), port).or_else(|_| free())?,
            StorePort::Last(None) => free()?,
        };
        Ok(Self { gateway, object_store, services })
    }

    /// The gateway's port.
    pub(crate) fn gateway_port(&self) -> u16 {
        address(&self.gateway).port()
    }

    /// Where this machine reaches the gateway: at the loopback address, if it listens on all.
    pub(crate) fn gateway_url(&self) -> String {
        format!("http://{}", local(address(&self.gateway)))
    }

    /// Where this machine reaches the object store.
    pub(crate) fn object_store_url(&self) -> String {
        format!("http://{}", local(address(&self.object_store)))
    }

    /// Each service's own address, if it has one.
    pub(crate) fn service_urls(&self) -> IndexMap<String, String> {
        let url = |(name, listener): (&&str, &TcpListener)| {
            ((*name).to_owned(), format!("http://{}", address(listener)))
        };
        self.services.iter().map(url).collect()
    }
}

/// The address of this machine at which something answers that listens on `address`.
fn local(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("a bound listener has an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(store: StorePort) -> Result<Ports, BindError> {
        Ports::bind(Ipv4Addr::LOCALHOST.into(), 0, OwnPorts::None, store)
    }

    fn port(ports: &Ports) -> u16 {
        address(&ports.object_store).port()
    }

    #[test]
    fn the_object_store_keeps_its_port_unless_somebody_else_has_it() {
        let first = bind(StorePort::Last(None)).unwrap();
        let known = port(&first);
        let second = bind(StorePort::Last(Some(known))).unwrap();
        assert_ne!(port(&second), known);
        drop(first);
        assert_eq!(port(&bind(StorePort::Last(Some(known))).unwrap()), known);
    }

    #[test]
    fn a_published_port_is_that_port_or_an_error() {
        let ports = bind(StorePort::Published(0)).unwrap();
        assert!(bind(StorePort::Published(port(&ports))).is_err());
    }
}
