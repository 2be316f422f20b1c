//! peregrine: reads of the graph by GraphQL.
//!
//! A query goes through pure steps, and only one of them uses the database: `graphql` parses it and checks it
//! against the dictionary's `schema`, `lower` makes its meaning (`ir`), `plan` makes SQL, a statement for
//! each level of the selection, `execute` runs it in one read-only transaction, `assemble` writes the JSON.
//! Every plan asks for what the caller may read ([`access`]).

pub mod access;
mod actions;
mod assemble;
mod auth;
mod body;
mod checker;
mod citation;
mod compiler;
mod config;
mod cost;
mod error;
mod execute;
pub mod graph;
mod introspection;
mod ir;
mod lanes;
mod lower;
mod memory;
pub mod plan;
mod results;
mod routes;
mod schema;
mod service;

use std::{rc::Rc, sync::Arc};

use actix_web::{
    middleware::{DefaultHeaders, from_fn},
    web::{Data, ServiceConfig, scope, to},
};
use async_trait::async_trait;

pub use checker::Checker;
pub use config::{Budget, Config, LaneLimits, Windows};
pub use error::Error;
pub use service::Peregrine;

use routes::options::Options;

impl Peregrine {
    /// Everything that it answers, for tests and tools.
    pub fn endpoints() -> Vec<web::Endpoint> {
        web::endpoints(routes::routes)
    }
}

#[async_trait]
impl web::Service for Peregrine {
    fn name(&self) -> &'static str {
        "peregrine"
    }

    fn configure(self: Arc<Self>, cfg: &mut ServiceConfig) {
        cfg.service(scope("").app_data(Data::from(self)).configure(<Self as web::Replaceable>::routes));
    }

    async fn ready(&self) -> Result<(), String> {
        execute::ping(&self.pool).await.map_err(|error| format!("the database does not answer: {error}"))
    }

    /// It only reads, and its queries come by `POST`.
    fn may_be_dropped(&self) -> bool {
        true
    }

    fn dictionary(&self) -> Option<String> {
        Some(self.compiler.dictionary.digest.clone())
    }
}

impl web::Replaceable for Peregrine {
    fn routes(cfg: &mut ServiceConfig) {
        let cors = DefaultHeaders::new()
            .add(("Access-Control-Allow-Origin", "*"))
            .add(("Access-Control-Expose-Headers", "Content-Disposition"));
        let options = Rc::new(Options::of(Self::endpoints()));
        let answer = from_fn(move |request, next| {
            let options = Rc::clone(&options);
            async move { routes::options::answer(&options, request, next).await }
        });
        cfg.service(
            scope("")
                .wrap(answer)
                .wrap(from_fn(web::trim_trailing_slash))
                .wrap(cors)
                .configure(|cfg| web::register(cfg, routes::method_not_allowed, routes::routes))
                .default_service(to(routes::not_found)),
        );
    }
}
