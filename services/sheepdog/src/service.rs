//! The service, and the state that its rooms share.

use std::{sync::Arc, time::Duration};

use authz::Authz;
use dictionary::{Dictionary, LoadError, Validators};
use fairness::{Lane, Limits};
use indexclient::IndexClient;
use sqlx::PgPool;
use tokens::Verifier;

use crate::{
    config::Config,
    outbox::Outbox,
    runtime::{life::Life, memory::Memory, queue::Queue, turns::Turns, workers::Workers},
};

/// Exports that read from the database at the same time. Each has two connections, the second of them from
/// the beginning and as long as it looks for targets of links; others need some too.
const EXPORTS: Limits = Limits {
    places: 6,
    places_of_caller: 3,
    waiting_of_caller: 10,
    waiting: 100,
    patience: Duration::from_secs(30),
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
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) exports: Lane,
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
        let life = Life::begin(pool.clone(), config.sweep_every);
        Ok(Arc::new(Self {
            memory: Arc::new(Memory::of(config.memory.clone())),
            outbox: Outbox::begin(&pool, index.clone(), life.clone(), config.sweep_every),
            config,
            life,
            pool,
            dictionary,
            validators,
            authz,
            index,
            verifier,
            queue: Arc::default(),
            turns: Arc::default(),
            workers: Arc::default(),
            exports: Lane::new(EXPORTS),
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
            outbox: self.outbox.clone(),
            exports: self.exports.clone(),
        }))
    }

    /// The dictionary of the service.
    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }
}
