//! All ports of a commons. They are bound before anything else, so that a port in use is found at once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use indexmap::IndexMap;
use web::BindError;

/// The services, in the order of the status table.
pub(crate) const SERVICES: [&str; 7] =
    ["fence", "arborist", "indexd", "sheepdog", "peregrine", "guppy", "portal"];

/// Bound ports.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) gateway: TcpListener,
    pub(crate) object_store: TcpListener,
    pub(crate) services: IndexMap<&'static str, TcpListener>,
}

impl Ports {
    /// Binds the gateway to `host:port`, everything else to free loopback ports.
    pub(crate) fn bind(host: IpAddr, port: u16) -> Result<Self, BindError> {
        let free = || web::bind(Ipv4Addr::LOCALHOST.into(), 0);
        let gateway = web::bind(host, port)?;
        let services =
            SERVICES.into_iter().map(|name| Ok((name, free()?))).collect::<Result<_, BindError>>()?;
        Ok(Self { gateway, object_store: free()?, services })
    }

    /// The gateway's port.
    pub(crate) fn gateway_port(&self) -> u16 {
        address(&self.gateway).port()
    }

    /// The object store's address.
    pub(crate) fn object_store_url(&self) -> String {
        format!("http://{}", address(&self.object_store))
    }

    /// Each service's own address.
    pub(crate) fn service_urls(&self) -> IndexMap<String, String> {
        let url = |(name, listener): (&&str, &TcpListener)| {
            ((*name).to_owned(), format!("http://{}", address(listener)))
        };
        self.services.iter().map(url).collect()
    }
}

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("a bound listener has an address")
}
