//! The service, and the state that its rooms share.

use std::sync::Arc;

use authz::Authz;
use dictionary::{Dictionary, LoadError, Validators};
use indexclient::IndexClient;
use sqlx::PgPool;
use tokens::Verifier;

use crate::{
    config::Config,
    runtime::{life::Life, memory::Memory, queue::Queue, turns::Turns, workers::Workers},
};

/// The submission service.
pub struct Sheepdog {
    pub(crate) config: Config,
    pub(crate) pool: PgPool,
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) validators: Validators,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) life: Arc<Life>,
}

impl Sheepdog {
    /// The service on a database that [`psqlgraph::migrate`] has prepared for `dictionary`.
    ///
    /// # Errors
    /// When a schema of the dictionary cannot be compiled.
    pub fn build(
        config: Config,
        pool: PgPool,
        dictionary: Arc<Dictionary>,
        authz: Arc<dyn Authz>,
        index: Arc<dyn IndexClient>,
        verifier: Arc<Verifier>,
    ) -> Result<Arc<Self>, LoadError> {
        let validators = Validators::compile(&dictionary)?;
        Ok(Arc::new(Self {
            config,
            life: Life::begin(pool.clone()),
            pool,
            dictionary,
            validators,
            authz,
            index,
            verifier,
            queue: Arc::default(),
            turns: Arc::default(),
            memory: Arc::default(),
            workers: Arc::default(),
        }))
    }

    /// The same service for another dictionary, whose tables must be there. Both share the work that is going
    /// on.
    ///
    /// # Errors
    /// When a schema of the dictionary cannot be compiled.
    pub fn with_dictionary(&self, dictionary: Arc<Dictionary>) -> Result<Arc<Self>, LoadError> {
        Ok(Arc::new(Self {
            config: self.config.clone(),
            pool: self.pool.clone(),
            validators: Validators::compile(&dictionary)?,
            dictionary,
            authz: self.authz.clone(),
            index: self.index.clone(),
            verifier: self.verifier.clone(),
            queue: self.queue.clone(),
            turns: self.turns.clone(),
            memory: self.memory.clone(),
            workers: self.workers.clone(),
            life: self.life.clone(),
        }))
    }

    /// The dictionary of the service.
    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }
}
