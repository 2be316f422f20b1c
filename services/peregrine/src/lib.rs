//! peregrine: reads of the graph by GraphQL.
//!
//! A query goes through pure steps with the database in one of them only: `graphql` parses and checks it against
//! the dictionary's `schema`, `lower` makes its meaning (`ir`), `plan` makes SQL, a statement a selection level,
//! `execute` runs it in one read-only transaction, `assemble` writes the JSON. What the caller may read
//! (`access`) is asked for by every plan.

mod access;
mod assemble;
mod auth;
mod body;
mod checker;
mod error;
mod execute;
mod graph;
mod introspection;
mod ir;
mod lower;
mod plan;
mod query;
mod results;
mod routes;
mod schema;

use std::sync::Arc;

use actix_web::{
    middleware::{DefaultHeaders, from_fn},
    web,
};
use async_trait::async_trait;
use authz::Authz;
use dictionary::Dictionary;
use graphql::{Limits, Schema};
use sqlx::PgPool;
use tokens::Verifier;

pub use checker::Checker;
pub use error::Error;
pub use execute::{Budget, Windows};

use graph::Graph;
use introspection::Introspections;
use schema::Meaning;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// What one request may use; the time is `GRAPHQL_TIMEOUT`.
    pub budget: Budget,
    /// How much of an answer is in memory at once.
    pub windows: Windows,
    /// How large a query may be.
    pub limits: Limits,
    /// Figures of all projects for everybody at `/datasets` (`PUBLIC_DATASETS`).
    pub public_datasets: bool,
    /// Largest body of a request, in bytes.
    pub body_limit: usize,
    /// What `/_version` says.
    pub version: String,
    /// What `/_version` says.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            windows: Windows::default(),
            limits: Limits::default(),
            public_datasets: false,
            body_limit: 4 << 20,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}

/// The query service.
pub struct Peregrine {
    config: Config,
    pool: PgPool,
    dictionary: Arc<Dictionary>,
    graph: Graph,
    schema: Schema<Meaning>,
    /// What has been answered about the schema.
    introspections: Introspections,
    authz: Arc<dyn Authz>,
    verifier: Arc<Verifier>,
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
        let graph = Graph::new(&dictionary);
        let schema = schema::build(&dictionary, &graph)
            .expect("invariant: Graph leaves out types whose names the schema needs");
        let introspections = Introspections::default();
        Arc::new(Self { config, pool, dictionary, graph, schema, introspections, authz, verifier })
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
        &self.dictionary
    }
}

#[async_trait]
impl ::web::Service for Peregrine {
    fn name(&self) -> &'static str {
        "peregrine"
    }

    fn configure(self: Arc<Self>, cfg: &mut web::ServiceConfig) {
        cfg.service(
            web::scope("").app_data(web::Data::from(self)).configure(<Self as ::web::Replaceable>::routes),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        let answer: Result<i32, sqlx::Error> = sqlx::query_scalar("select 1").fetch_one(&self.pool).await;
        answer.map(|_| ()).map_err(|error| format!("the database does not answer: {error}"))
    }

    /// It only reads, and its queries come by `POST`.
    fn may_be_dropped(&self) -> bool {
        true
    }

    fn dictionary(&self) -> Option<String> {
        Some(self.dictionary.digest.clone())
    }
}

impl ::web::Replaceable for Peregrine {
    fn routes(cfg: &mut web::ServiceConfig) {
        let cors = DefaultHeaders::new()
            .add(("Access-Control-Allow-Origin", "*"))
            .add(("Access-Control-Expose-Headers", "Content-Disposition"));
        cfg.service(
            web::scope("")
                .wrap(from_fn(::web::trim_trailing_slash))
                .wrap(cors)
                .configure(routes::configure)
                .default_service(web::to(routes::not_found)),
        );
    }
}
