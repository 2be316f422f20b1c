//! portal: web pages of a commons. So far it is the query page at `/query`, where Gen3's data portal has it: GraphiQL
//! on the graph and the flat model, with example queries that are made of the data dictionary.
//!
//! Everything that a page needs is in the program: a commons without a way to the internet has it all.

mod assets;
mod page;
mod routes;

use std::sync::Arc;

use actix_web::{middleware::from_fn, web};
use async_trait::async_trait;
use dictionary::Dictionary;

/// Tells the dictionary that the commons serves now; it may be another one at each call.
pub type DictionarySource = Arc<dyn Fn() -> Arc<Dictionary> + Send + Sync>;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What `/_version` says.
    pub version: String,
    /// What `/_version` says.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), commit: "unknown".to_owned() }
    }
}

/// The pages.
pub struct Portal {
    config: Config,
    dictionary: DictionarySource,
}

impl Portal {
    /// Pages for what `dictionary` tells.
    pub fn build(config: Config, dictionary: DictionarySource) -> Arc<Self> {
        Arc::new(Self { config, dictionary })
    }
}

#[async_trait]
impl ::web::Service for Portal {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("")
                .wrap(from_fn(::web::trim_trailing_slash))
                .app_data(web::Data::from(self))
                .configure(routes::configure)
                .default_service(web::to(routes::not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
