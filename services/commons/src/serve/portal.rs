//! The pages alone.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::portal::{Config, Portal};
use anyhow::bail;
use clap::Args;
use tokio::sync::watch;
use web::Service;

use super::options::{DictionaryAt, Listen};
use crate::{
    dictionaries,
    version::{COMMIT, VERSION},
};

/// Options of the portal.
#[derive(Debug, Clone, Args)]
pub struct PortalArgs {
    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,
    /// The dictionary, of which the examples of the query page are made.
    #[command(flatten)]
    pub dictionary: DictionaryAt,
    /// What it shows of this commons: a folder with `gitops.json` as in every Gen3 commons, and if wanted
    /// `img/logo.svg` (or png), `css/themeoverrides.css` and `themeColors.json`. Changes are seen at once.
    #[arg(long, value_name = "DIR", env = "PORTAL_CONFIG")]
    pub portal_config: Option<PathBuf>,
    /// Pages that were made elsewhere (the folder `dist` of `scripts/portal`), in the place of those in the
    /// program; read with each page.
    #[arg(long, value_name = "DIR", env = "COMMONS_PORTAL_PAGES")]
    pub portal_pages: Option<PathBuf>,
}

pub(crate) async fn build(args: &PortalArgs) -> anyhow::Result<Arc<dyn Service>> {
    if let Some(folder) = args.portal_config.as_deref().filter(|folder| !folder.is_dir()) {
        bail!("--portal-config {}: there is no such folder", folder.display());
    }
    let (shown, seen) = watch::channel(args.dictionary.load().await?);
    if args.dictionary.dictionary_refresh > 0 {
        let interval = Duration::from_secs(args.dictionary.dictionary_refresh);
        tokio::spawn(follow(args.dictionary.clone(), interval, shown));
    }
    let (folder, pages) = (args.portal_config.clone(), args.portal_pages.clone());
    let config = Config { version: VERSION.into(), commit: COMMIT.into(), folder, pages };
    Ok(Portal::build(config, Arc::new(move || seen.borrow().clone())))
}

/// Shows the dictionary as it is at its source, until nobody looks any more. One that cannot be read or used
/// changes nothing: the services that check it say so.
async fn follow(at: DictionaryAt, interval: Duration, shown: watch::Sender<Arc<dictionary::Dictionary>>) {
    while !shown.is_closed() {
        tokio::time::sleep(interval).await;
        match dictionaries::load(at.source()).await {
            Ok(dictionary) => {
                shown.send_replace(Arc::new(dictionary));
            }
            Err(error) => tracing::debug!(error = format!("{error:#}"), "the dictionary stays as it was"),
        }
    }
}
