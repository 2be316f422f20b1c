//! guppy: flat, faceted reads of search indices (guppy 0.20).
//!
//! No search engine is attached yet, so every configured index is absent, and an absent index is an empty answer: rows
//! are an empty list, counts are 0, mappings have no fields. The wire forms are those of the original.

mod depth;
mod routes;
mod schema;

use std::sync::Arc;

use actix_web::{middleware::from_fn, web};
use async_graphql::dynamic::{Schema, SchemaError};
use async_trait::async_trait;

/// Largest request body, as in the original.
const BODY_LIMIT: usize = 50 << 20;

/// One configured index (an entry of `indices` in guppy's configuration file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name of the index or of its alias.
    pub index: String,
    /// Name of the root field in GraphQL.
    pub doc_type: String,
}

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The indices.
    pub indices: Vec<Index>,
    /// What `/_version` says.
    pub version: String,
    /// What `/_version` says.
    pub commit: String,
}

impl Default for Config {
    /// The indices that guppy has when it is given no configuration.
    fn default() -> Self {
        let index = |index: &str, doc_type: &str| Index { index: index.into(), doc_type: doc_type.into() };
        Self {
            indices: vec![index("gen3-dev-subject", "subject"), index("gen3-dev-file", "file")],
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}

/// The search service.
pub struct Guppy {
    config: Config,
    schema: Schema,
}

impl Guppy {
    /// The service for `config`.
    ///
    /// # Errors
    /// When a document type is no GraphQL name, or is configured twice.
    pub fn build(config: Config) -> Result<Arc<Self>, SchemaError> {
        let schema = schema::build(&config.indices)?;
        Ok(Arc::new(Self { config, schema }))
    }
}

#[async_trait]
impl ::web::Service for Guppy {
    fn name(&self) -> &'static str {
        "guppy"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("")
                .wrap(from_fn(::web::trim_trailing_slash))
                .app_data(web::Data::from(self))
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .configure(routes::configure)
                .default_service(web::to(routes::not_found)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
