//! The service and what it is built from.

use std::sync::Arc;

use dictionary::Dictionary;

/// Tells the dictionary that the commons serves now. It may be another one at each call.
pub type DictionarySource = Arc<dyn Fn() -> Arc<Dictionary> + Send + Sync>;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), commit: "unknown".to_owned() }
    }
}

/// The pages.
pub struct Portal {
    pub(crate) config: Config,
    pub(crate) dictionary: DictionarySource,
}

impl Portal {
    /// Pages about the dictionary that `dictionary` tells.
    pub fn build(config: Config, dictionary: DictionarySource) -> Arc<Self> {
        Arc::new(Self { config, dictionary })
    }
}
