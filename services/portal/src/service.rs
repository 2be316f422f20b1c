//! The service and what it is built from.

use std::{path::PathBuf, sync::Arc};

use dictionary::Dictionary;

use crate::{assets, config::Folder, pages::Pages};

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
    /// A folder with pages that were made elsewhere, in the place of those in the program. It is read with
    /// each page, so that whoever works on pages sees them without compiling anything.
    pub pages: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
            folder: None,
            pages: None,
        }
    }
}

/// The pages.
pub struct Portal {
    pub(crate) config: Config,
    pub(crate) dictionary: DictionarySource,
    pub(crate) folder: Folder,
    pub(crate) pages: Pages,
}

impl Portal {
    /// Pages about the dictionary that `dictionary` tells.
    pub fn build(config: Config, dictionary: DictionarySource) -> Arc<Self> {
        let folder = Folder::new(config.folder.clone());
        let pages = Pages::new(config.pages.clone());
        Arc::new(Self { config, dictionary, folder, pages })
    }

    /// Whether the pages are in this program, or one that says how to get them.
    pub fn has_pages() -> bool {
        assets::HAS_PAGES
    }
}
