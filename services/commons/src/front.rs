//! What clients may ask of a server, and its certificate: options of `commons up` and `commons serve`.

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use ipnet::IpNet;
use web::{Limits, Serving, Tls};

use crate::figures::FiguresPort;

/// Options of a server.
#[derive(Debug, Clone, Default, Args)]
pub struct FrontArgs {
    /// Serve https with this certificate chain and its key, two PEM files, which are read again when they
    /// change. Programs on this machine may still speak http.
    #[arg(long, num_args = 2, value_names = ["CERT_FILE", "KEY_FILE"])]
    pub tls: Vec<PathBuf>,
    /// Connections at once. Default: half of the descriptors that the process may have, at most 4096.
    #[arg(long, value_name = "NUMBER")]
    pub max_connections: Option<usize>,
    /// Connections of one address at once. Default: a quarter of all.
    #[arg(long, value_name = "NUMBER")]
    pub max_connections_per_address: Option<usize>,
    /// Address or network of a proxy in front: its clients are counted and logged instead of it, by the
    /// address that its `X-Forwarded-For` names last. What others say there is not believed. May be repeated.
    #[arg(long = "trusted-proxy", value_name = "NETWORK", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// Show figures for Prometheus (OpenMetrics) at /metrics of this port, to everybody who reaches it; 0
    /// takes a free one. Without it there is no such port.
    #[arg(long, value_name = "PORT")]
    pub metrics_port: Option<u16>,
}

impl FrontArgs {
    /// How a server with these options and this many threads serves.
    ///
    /// # Errors
    /// When the certificate cannot be used, or no connection would be left.
    pub(crate) fn serving(&self, workers: usize) -> anyhow::Result<Serving> {
        let tls = match &self.tls[..] {
            [] => None,
            [certificate, key] => Some(Tls::read(certificate, key).context("--tls cannot be followed")?),
            _ => bail!("--tls needs two files: the certificate chain and its key"),
        };
        Ok(Serving { limits: self.limits()?, tls, ..Serving::with_workers(workers) })
    }

    /// The port of the figures, if there is to be one.
    ///
    /// # Errors
    /// When something else has it.
    pub(crate) fn figures(&self, host: IpAddr) -> anyhow::Result<Option<FiguresPort>> {
        self.metrics_port.map(|port| FiguresPort::bind(host, port)).transpose()
    }

    fn limits(&self) -> anyhow::Result<Limits> {
        let mut limits = Limits::of_front();
        if let Some(connections) = self.max_connections {
            limits = limits.with_connections(connections);
        }
        if let Some(per_address) = self.max_connections_per_address {
            limits.per_address = per_address;
        }
        if limits.connections == 0 || limits.per_address == 0 {
            bail!("--max-connections and --max-connections-per-address must be at least 1");
        }
        limits.trusted_proxies.clone_from(&self.trusted_proxies);
        Ok(limits)
    }

    /// How the public URL begins, unless it is given.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_empty() { "http" } else { "https" }
    }
}

/// A network, or an address, which is the network of itself alone.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse().or_else(|_| address()).map_err(|_| "must be like 10.0.0.0/8 or 10.1.2.3".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_or_networks() {
        assert_eq!(network("10.1.2.3").unwrap(), "10.1.2.3/32".parse().unwrap());
        assert_eq!(network("fd00::/8").unwrap(), "fd00::/8".parse().unwrap());
        assert!(network("proxy.example").is_err());
    }

    #[test]
    fn limits_are_as_asked_and_never_nothing() {
        let args = FrontArgs { max_connections: Some(400), ..FrontArgs::default() };
        let limits = args.limits().unwrap();
        assert_eq!((limits.connections, limits.per_address), (400, 100));
        let args = FrontArgs { max_connections_per_address: Some(0), ..FrontArgs::default() };
        assert!(args.limits().is_err());
    }
}
