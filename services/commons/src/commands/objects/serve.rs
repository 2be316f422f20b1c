//! `commons objects serve`: the store of a folder, alone.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use objectstore::{EmbeddedS3, Settings};

use crate::output::tell;

/// Options of `commons objects serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The folder of objects; it is made if it is missing
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Where to listen; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Buckets that are made if they are missing
    #[arg(long = "bucket", value_name = "NAME")]
    buckets: Vec<String>,
    /// These buckets keep what is replaced and deleted in them, as versions. Clients can switch that by
    /// themselves, too
    #[arg(long, requires = "buckets")]
    keep_versions: bool,
    /// Bytes of the disk that uploads leave free. Default: 1 GiB, or a twentieth of a small disk
    #[arg(long, value_name = "BYTES")]
    reserve: Option<u64>,
    /// The access key id that clients have
    #[arg(long, value_name = "KEY", env = "COMMONS_OBJECTS_ACCESS_KEY")]
    access_key: String,
    /// Its secret. A variable is seen by fewer others than an option
    #[arg(long, value_name = "SECRET", env = "COMMONS_OBJECTS_SECRET_KEY", hide_env_values = true)]
    secret_key: String,
}

pub(super) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let listener = std::net::TcpListener::bind(args.listen)
        .with_context(|| format!("cannot listen on {}; choose another address by --listen", args.listen))?;
    let settings = Settings {
        folder: args.folder.clone(),
        access_key: args.access_key,
        secret_key: args.secret_key,
        buckets: args.buckets,
        reserve: args.reserve,
    };
    let store = EmbeddedS3::start(&settings, listener)
        .with_context(|| format!("cannot serve the objects in {}", args.folder.display()))?;
    for bucket in settings.buckets.iter().filter(|_| args.keep_versions) {
        store.keep_versions(bucket).with_context(|| format!("versions of {bucket} cannot be kept"))?;
    }
    tell(format_args!("http://{} serves {}; Ctrl-C stops it", store.address(), args.folder.display()))?;
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    store.stop().await;
    Ok(())
}
