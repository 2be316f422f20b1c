//! `commons serve`: one service alone, as in a container. Options have the names of the historic variables.

mod neighbours;
mod options;
mod services;
mod waiting;

use std::sync::Arc;

use clap::Subcommand;
use web::{Server, Service};

use crate::supervision::{End, Watch};
use options::{
    ArboristArgs, FenceArgs, GatewayArgs, GuppyArgs, IndexdArgs, Listen, PeregrineArgs, SheepdogArgs,
};

/// One service alone.
#[derive(Debug, Subcommand)]
pub enum Serve {
    /// Users, tokens, signed URLs
    Fence(FenceArgs),
    /// Who may do what
    Arborist(ArboristArgs),
    /// Where files are
    Indexd(IndexdArgs),
    /// Validated submission to the graph
    Sheepdog(SheepdogArgs),
    /// Graph queries
    Peregrine(PeregrineArgs),
    /// Search
    Guppy(GuppyArgs),
    /// The public front
    Gateway(GatewayArgs),
}

impl Serve {
    fn listen(&self) -> &Listen {
        match self {
            Self::Fence(args) => &args.listen,
            Self::Arborist(args) => &args.listen,
            Self::Indexd(args) => &args.listen,
            Self::Sheepdog(args) => &args.listen,
            Self::Peregrine(args) => &args.listen,
            Self::Guppy(args) => &args.listen,
            Self::Gateway(args) => &args.listen,
        }
    }

    async fn build(&self) -> anyhow::Result<Arc<dyn Service>> {
        match self {
            Self::Fence(args) => services::fence(args).await,
            Self::Arborist(args) => services::arborist(args).await,
            Self::Indexd(args) => services::indexd(args).await,
            Self::Sheepdog(args) => services::sheepdog(args).await,
            Self::Peregrine(args) => services::peregrine(args).await,
            Self::Guppy(_) => services::guppy(),
            Self::Gateway(args) => services::gateway(args),
        }
    }
}

pub(crate) async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut watch = Watch::install()?;
    let listen = serve.listen();
    let listener = web::bind(listen.host, listen.port)?;
    let address = listener.local_addr()?;
    let threads = listen.threads();
    let service = tokio::select! {
        service = serve.build() => service?,
        end = watch.end() => return ended(end),
    };
    let name = service.name();
    let server = Server::start(listener, service, threads)?;
    tracing::info!(service = name, address = %address, version = crate::VERSION, "serving");
    let end = watch.end().await;
    tracing::info!(service = name, "stopping");
    server.stop().await?;
    ended(end)
}

fn ended(end: End) -> anyhow::Result<()> {
    match end {
        End::Signal => Ok(()),
        End::Panic(place) => anyhow::bail!("a background task panicked at {place}; the service was stopped"),
    }
}
