//! `commons user visas`: what other issuers say of whose data users may read.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use arborist::Arborist;
use clap::{Args, Subcommand};
use fence::{Config, Fence};
use indexclient::HttpIndex;
use sqlx::PgPool;
use tokens::{SigningKeys, Verifier};

use crate::{
    commands::target::{Pools, TargetArgs},
    documents,
    http_client::http_client,
    output::tell,
};

/// Commands about visas.
#[derive(Debug, Subcommand)]
pub enum VisasCommand {
    /// Ask providers again for everybody who has logged in there lately: `ras` for visas, others for groups
    Update(VisasArgs),
    /// Forget visas and passports that have ended
    Clean(CleanArgs),
}

/// Options of `commons user visas update`.
#[derive(Debug, Clone, Args)]
pub struct VisasArgs {
    /// fence-config.yaml, which names the provider.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: PathBuf,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons user visas clean`.
#[derive(Debug, Clone, Args)]
pub struct CleanArgs {
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

pub(crate) async fn run(command: VisasCommand) -> anyhow::Result<()> {
    match command {
        VisasCommand::Update(args) => update(args).await,
        VisasCommand::Clean(args) => clean(args).await,
    }
}

pub(crate) async fn update(args: VisasArgs) -> anyhow::Result<()> {
    let document = documents::yaml(&args.fence_config)?;
    let told = || format!("{} cannot be used", args.fence_config.display());
    let config = Config::from_document(&document).with_context(told)?;
    if !config.visas.enable_visa_update_cron.is_on() {
        bail!("ENABLE_VISA_UPDATE_CRON is off: fence keeps nothing by which providers could be asked again");
    }
    let target = args.target.open().await?;
    let update = async |pools: Arc<Pools>| {
        let fence = fence_of(config, pools.fence()?, pools.arborist()?)?;
        Ok(fence.update_visas().await?)
    };
    let updates = target.with(update).await?;
    tell(format_args!(
        "visas and groups of users: {} updated, {} not vouched for any more, {} left as they were",
        updates.updated, updates.ended, updates.failed
    ))?;
    if updates.failed > 0 {
        bail!("the visas or groups of {} users could not be updated", updates.failed)
    } else {
        Ok(())
    }
}

pub(crate) async fn clean(args: CleanArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    let forgotten = target
        .with(async |pools: Arc<Pools>| Ok(fence::visas::forget_expired(&pools.fence()?).await?))
        .await?;
    tell(format_args!("visas: {forgotten} rows that have ended are deleted"))?;
    Ok(())
}

/// A fence that serves no requests, with arborist in the same process.
///
/// # Errors
/// For a configuration that cannot work.
pub(crate) fn fence_of(config: Config, fence: PgPool, arborist: PgPool) -> anyhow::Result<Arc<Fence>> {
    // It signs nothing.
    let keys = Arc::new(SigningKeys::ephemeral("none")?);
    let verifier = Arc::new(Verifier::local(&keys, vec![config.base_url.clone()]));
    let arborist = Arborist::build(arborist::Config::default(), arborist, verifier);
    let client = http_client()?;
    let index = Arc::new(HttpIndex::new("http://indexd-service", "", "", client.clone()));
    let store = Arc::new(config.stores(&client)?);
    let fence = Fence::build(config, fence, keys, arborist.clone(), index, store, &client)?;
    fence.give_rights_through(arborist);
    Ok(fence)
}
