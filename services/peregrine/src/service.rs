//! The service and what it is built from.

use std::sync::Arc;

use authz::Authz;
use dictionary::Dictionary;
use sqlx::PgPool;
use tokens::Verifier;

use crate::{compiler::Compiler, config::Config, introspection::Introspections};

/// The query service.
pub struct Peregrine {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) compiler: Compiler,
    /// What has been answered about the schema.
    pub(crate) introspections: Introspections,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
}

impl Peregrine {
    /// The service on a database that [`psqlgraph::migrate`] has prepared for `dictionary`.
    ///
    /// # Panics
    /// Never for a dictionary that was loaded: the schema leaves out what GraphQL cannot name.
    pub fn build(
        config: Config,
        pool: PgPool,
        dictionary: Arc<Dictionary>,
        authz: Arc<dyn Authz>,
        verifier: Arc<Verifier>,
    ) -> Arc<Self> {
        let (compiler, introspections) = (Compiler::new(dictionary), Introspections::default());
        Arc::new(Self { config, pool, compiler, introspections, authz, verifier })
    }

    /// The same service for another dictionary, whose tables must be there.
    ///
    /// # Panics
    /// As [`Peregrine::build`].
    pub fn with_dictionary(&self, dictionary: Arc<Dictionary>) -> Arc<Self> {
        let (authz, verifier) = (self.authz.clone(), self.verifier.clone());
        Self::build(self.config.clone(), self.pool.clone(), dictionary, authz, verifier)
    }

    /// The dictionary that it serves.
    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.compiler.dictionary
    }
}
