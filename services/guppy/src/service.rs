//! The service and what it is built from.

use std::sync::Arc;

use async_graphql::dynamic::{Schema, SchemaError};

use crate::{config::Config, schema};

/// The search service.
pub struct Guppy {
    pub(crate) config: Config,
    pub(crate) schema: Schema,
}

impl Guppy {
    /// The service for `config`.
    ///
    /// # Errors
    /// When GraphQL does not take the name of a document type, or the type is configured twice.
    pub fn build(config: Config) -> Result<Arc<Self>, SchemaError> {
        let schema = schema::build(&config.indices)?;
        Ok(Arc::new(Self { config, schema }))
    }
}
