//! The service and what it is built from.

use std::{path::PathBuf, sync::Arc};

use dictionary::Dictionary;

use crate::{assets, config::Folder};

/// Tells the dictionary that the commons serves now. It may be another one at each call.
pub type DictionarySource = Arc<dyn Fn() -> Arc<Dictionary> + Send + Sync>;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
    /// The folder of what the operator configures: `gitops.json`, `themeColors.json`, `img/`, `css/`.
    pub folder: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), commit: "unknown".to_owned(), folder: None }
    }
}

/// The pages.
pub struct Portal {
    pub(crate) config: Config,
    pub(crate) dictionary: DictionarySource,
    pub(crate) folder: Folder,
}

impl Portal {
    /// Pages about the dictionary that `dictionary` tells.
    pub fn build(config: Config, dictionary: DictionarySource) -> Arc<Self> {
        let folder = Folder::new(config.folder.clone());
        Arc::new(Self { config, dictionary, folder })
    }

    /// Whether the pages are in this program, or one that says how to get them.
    pub fn has_pages() -> bool {
        assets::HAS_PAGES
    }
}
