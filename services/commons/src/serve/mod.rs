//! `commons serve`: one service alone, as in a container. Options have the names of the historic variables.

mod built;
mod neighbours;
mod operations;
mod options;
mod portal;
mod services;
mod small_options;
mod waiting;
mod workspaces;

use std::time::Duration;

use ::operations::Covers;
use clap::Subcommand;
use measures::{Measured, Measures};
use web::{Server, Starting};

use crate::{
    reload::{Asked, Reloading, Triggers},
    settings::Origins,
    supervision::{End, Watch},
    version::{COMMIT, VERSION},
};
use built::{Beside, Built};
use operations::OperationsArgs;
pub(crate) use operations::migrate as migrate_operations;
use options::{
    ArboristArgs, DictionaryAt, FenceArgs, GatewayArgs, GuppyArgs, IndexdArgs, Listen, PeregrineArgs,
    SheepdogArgs,
};
use portal::PortalArgs;
use small_options::{AuditArgs, LibraryArgs, ManifestsArgs, MetadataArgs, RequestorArgs, WtsArgs};
use workspaces::WorkspacesArgs;

/// How often it is looked whether all parts still run.
const LOOK_FOR_LOSSES: Duration = Duration::from_secs(1);

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
    /// Who logged in, and who got which file
    Audit(AuditArgs),
    /// Asking for access
    Requestor(RequestorArgs),
    /// Saved cohorts and lists of files
    Library(LibraryArgs),
    /// Tokens of other commons
    Wts(WtsArgs),
    /// Documents by GUID, found by their contents
    Metadata(MetadataArgs),
    /// Users' own lists of files, in a bucket
    Manifests(ManifestsArgs),
    /// Recurring work and its history
    Operations(Box<OperationsArgs>),
    /// The pages for people
    Portal(PortalArgs),
    /// Notebooks next to the data
    Workspace(WorkspacesArgs),
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
            Self::Audit(args) => &args.listen,
            Self::Requestor(args) => &args.listen,
            Self::Library(args) => &args.listen,
            Self::Wts(args) => &args.listen,
            Self::Metadata(args) => &args.listen,
            Self::Manifests(args) => &args.listen,
            Self::Operations(args) => &args.listen,
            Self::Portal(args) => &args.listen,
            Self::Workspace(args) => &args.listen,
            Self::Gateway(args) => &args.listen,
        }
    }

    /// Where it listens.
    fn port(&self) -> u16 {
        match self {
            Self::Guppy(args) => args.guppy_port.unwrap_or(args.listen.port),
            other => other.listen().port,
        }
    }

    /// The dictionary, of services that have one.
    fn dictionary(&self) -> Option<&DictionaryAt> {
        match self {
            Self::Sheepdog(args) => Some(&args.dictionary),
            Self::Peregrine(args) => Some(&args.dictionary),
            _ => None,
        }
    }

    async fn build(&self, measures: &Measures) -> anyhow::Result<Built> {
        let service = match self {
            Self::Sheepdog(args) => return services::sheepdog(args, measures).await,
            Self::Peregrine(args) => return services::peregrine(args, measures).await,
            Self::Fence(args) => return services::fence(args, measures).await,
            Self::Arborist(args) => services::arborist(args, measures).await?,
            Self::Indexd(args) => services::indexd(args, measures).await?,
            Self::Operations(args) => return operations::build(args, measures).await,
            Self::Workspace(args) => return workspaces::build(args, measures).await,
            Self::Guppy(args) => services::guppy(args).await?,
            Self::Audit(args) => services::audit(args, measures).await?,
            Self::Requestor(args) => services::requestor(args, measures).await?,
            Self::Library(args) => services::library(args, measures).await?,
            Self::Wts(args) => services::wts(args, measures).await?,
            Self::Metadata(args) => services::metadata(args, measures).await?,
            Self::Manifests(args) => services::manifests(args, measures)?,
            Self::Portal(args) => portal::build(args).await?,
            Self::Gateway(args) => services::gateway(args)?,
        };
        Ok(Built { service, reload: None, beside: Beside::default() })
    }
}

pub(crate) async fn run(mut serve: Serve, origins: &Origins) -> anyhow::Result<()> {
    if let Serve::Operations(args) = &mut serve {
        args.configuration = origins.told("serve operations", Covers::Service);
    }
    let asked = Asked::default();
    let mut watch = Watch::install(serve.dictionary().map(|_| asked.clone()))?;
    let listen = serve.listen();
    let listener = web::bind(listen.host, serve.port())?;
    let address = listener.local_addr()?;
    let serving = listen.front.serving(listen.threads())?;
    let figures = listen.front.figures(listen.host)?;
    let measures = Measures::new(VERSION, COMMIT);
    let starting = Starting::begin(&listener, &serving)?;
    let Built { service, reload, beside } = tokio::select! {
        built = waiting::telling(starting.waits(), serve.build(&measures)) => built?,
        end = watch.end() => return end.into_result(),
    };
    starting.end().await?;
    let name = service.name();
    let server = Server::start_with(listener, Measured::new(service, &measures), serving)?;
    let figures = figures.map(|figures| figures.serve(measures)).transpose()?;
    tracing::info!(service = name, address = %address, version = VERSION, "serving");
    let triggers = serve.dictionary().map(|dictionary| {
        let interval = (dictionary.dictionary_refresh > 0).then_some(dictionary.dictionary_refresh);
        Triggers::new(asked, dictionary.source(), interval.map(Duration::from_secs))
    });
    let reloading = reload.zip(triggers).map(|(reload, triggers)| reload.start(triggers));
    let lost = async {
        while server.is_running()
            && reloading.as_ref().is_none_or(Reloading::is_running)
            && beside.lost().is_none()
        {
            tokio::time::sleep(LOOK_FOR_LOSSES).await;
        }
        let others = beside.lost().unwrap_or("the watch over the dictionary");
        End::Lost(if server.is_running() { others } else { "the server" })
    };
    let end = tokio::select! {
        end = watch.end() => end,
        lost = lost => lost,
        never = beside.work() => match never {},
    };
    drop(reloading);
    tracing::info!(service = name, "stopping");
    let stopped = server.stop().await;
    beside.stop().await;
    if let Some(figures) = figures {
        figures.stop().await?;
    }
    stopped?;
    end.into_result()
}
