//! The service and what it is built from.

use std::sync::Arc;

use authz::Authz;
use dictionary::Dictionary;
use sqlx::PgPool;
use tokens::Verifier;

use crate::{
    compiler::Compiler,
    config::Config,
    execute::{FileRoom, KnownSizes},
    introspection::Introspections,
    lanes::Lanes,
};

/// The query service.
pub struct Peregrine {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) compiler: Compiler,
    /// What has been answered about the schema.
    pub(crate) introspections: Introspections,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) lanes: Lanes,
    pub(crate) sizes: Arc<KnownSizes>,
    pub(crate) file_room: Arc<FileRoom>,
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
        let (lanes, sizes) = (Lanes::new(&config.lanes), Arc::new(KnownSizes::default()));
        let (compiler, introspections) = (Compiler::new(dictionary), Introspections::default());
        let file_room = Arc::new(FileRoom::new(config.windows.in_files));
        Arc::new(Self { config, pool, compiler, introspections, authz, verifier, lanes, sizes, file_room })
    }

    /// The same service for another dictionary, whose tables must be there. What runs counts in the same
    /// lanes.
    ///
    /// # Panics
    /// As [`Peregrine::build`].
    pub fn with_dictionary(&self, dictionary: Arc<Dictionary>) -> Arc<Self> {
        Arc::new(Self {
            config: self.config.clone(),
            pool: self.pool.clone(),
            compiler: Compiler::new(dictionary),
            introspections: Introspections::default(),
            authz: self.authz.clone(),
            verifier: self.verifier.clone(),
            lanes: self.lanes.clone(),
            sizes: self.sizes.clone(),
            file_room: self.file_room.clone(),
        })
    }

    /// The dictionary that it serves.
    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.compiler.dictionary
    }
}
