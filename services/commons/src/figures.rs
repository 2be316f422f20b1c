//! The port of the figures for Prometheus, of `commons up` and `commons serve`.

use std::net::{IpAddr, TcpListener};

use anyhow::Context as _;
use measures::{Measures, Page};
use web::{Limits, Probing, Server, Serving};

/// A port that shows figures, once there are some.
pub(crate) struct FiguresPort(TcpListener);

impl FiguresPort {
    /// Takes the port. Ports are bound before any other work.
    ///
    /// # Errors
    /// When something else has it.
    pub(crate) fn bind(host: IpAddr, port: u16) -> anyhow::Result<Self> {
        let listener = web::bind(host, port).context("--metrics-port cannot be used")?;
        tracing::info!(address = %listener.local_addr()?, "figures for Prometheus are at /metrics");
        Ok(Self(listener))
    }

    /// Shows them from now on.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn serve(self, measures: Measures) -> anyhow::Result<Server> {
        let (limits, probing) = (Limits::of_service(), Probing::LeftOut);
        let serving = Serving { limits, probing, ..Serving::with_workers(1) };
        Server::start_with(self.0, Page::new(measures), serving).context("figures cannot be shown")
    }
}
