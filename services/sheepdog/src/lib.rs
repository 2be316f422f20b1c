//! sheepdog: validated writes to the graph.
//!
//! A submission goes through pure steps with one lookup between each two: the body becomes documents
//! (`libs/documents`), documents become entities (`intake`, `classify`), the answers of the database turn them into writes or
//! errors (`decide` with `resolve`, `files`, `links`), and `write` writes them set by set. One request is one
//! transaction. What does not fit into one batch waits in temporary files between the steps (`spool`, `batches`).

mod answer;
mod archive;
mod auth;
mod background;
mod batches;
mod body;
mod bulk;
mod classify;
mod decide;
mod deletion;
mod document;
mod entity;
mod error;
mod export;
mod export_stream;
mod files;
mod intake;
mod life;
mod links;
mod log;
mod manifest;
mod members;
mod progress;
mod python;
mod reassignment;
mod removal;
mod resolve;
mod room;
mod routes;
mod spool;
mod states;
mod store;
mod submission;
mod task;
mod template;
#[cfg(test)]
mod testing;
mod turns;
mod workers;
mod write;

use std::{path::PathBuf, sync::Arc};

use actix_web::{middleware::from_fn, web};
use async_trait::async_trait;
use authz::Authz;
use dictionary::{Dictionary, LoadError, Validators};
use indexclient::IndexClient;
use sqlx::PgPool;
use tokens::Verifier;

use background::Background;
pub use error::Error;
use life::Life;
use room::Room;
use turns::Turns;
use workers::Workers;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Put before `/programs/...` in the resource paths of registered files (`AUTH_NAMESPACE`).
    pub auth_namespace: String,
    /// Refuse file records whose bytes the file index does not know yet (`REQUIRE_FILE_INDEX_EXISTS`).
    pub require_file_index_exists: bool,
    /// Largest body of a submission, in bytes. Large ones wait in temporary files.
    pub body_limit: usize,
    /// Where temporary files live; `None`: the system's folder for them.
    pub temporary_folder: Option<PathBuf>,
    /// So many documents of one submission are worked on at once.
    pub whole_rows: usize,
    /// A submission of more documents than that is worked on in batches of so many.
    pub batch_rows: usize,
    /// Most documents of a submission.
    pub most_rows: usize,
    /// What `/_version` says.
    pub version: String,
    /// What `/_version` says.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            auth_namespace: String::new(),
            require_file_index_exists: false,
            body_limit: 2 << 30,
            temporary_folder: None,
            whole_rows: 20_000,
            batch_rows: 5_000,
            most_rows: 5_000_000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}

/// The submission service.
pub struct Sheepdog {
    config: Config,
    pool: PgPool,
    dictionary: Arc<Dictionary>,
    validators: Validators,
    authz: Arc<dyn Authz>,
    index: Arc<dyn IndexClient>,
    verifier: Arc<Verifier>,
    background: Arc<Background>,
    turns: Arc<Turns>,
    room: Arc<Room>,
    workers: Arc<Workers>,
    life: Arc<Life>,
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
            background: Arc::default(),
            turns: Arc::default(),
            room: Arc::default(),
            workers: Arc::default(),
        }))
    }

    /// The same service for another dictionary, whose tables must be there. Who is at work is common to both.
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
            background: self.background.clone(),
            turns: self.turns.clone(),
            room: self.room.clone(),
            workers: self.workers.clone(),
            life: self.life.clone(),
        }))
    }

    /// The dictionary that it serves.
    pub fn dictionary(&self) -> &Arc<Dictionary> {
        &self.dictionary
    }
}

#[async_trait]
impl ::web::Service for Sheepdog {
    fn name(&self) -> &'static str {
        "sheepdog"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("").app_data(web::Data::from(self)).configure(<Self as ::web::Replaceable>::routes),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        let probe = sqlx::query("select from transactions_running limit 1").execute(&self.pool).await;
        probe.map(|_| ()).map_err(|error| match error.as_database_error() {
            Some(_) => format!("the graph database is not migrated: {error}"),
            None => format!("the graph database does not answer: {error}"),
        })
    }

    fn dictionary(&self) -> Option<String> {
        Some(self.dictionary.digest.clone())
    }
}

impl ::web::Replaceable for Sheepdog {
    fn routes(cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("")
                .wrap(from_fn(::web::trim_trailing_slash))
                .configure(routes::configure)
                .default_service(web::to(routes::not_found)),
        );
    }
}
