//! Requests without a database: what the service decides about a query before it asks PostgreSQL anything.

use std::sync::Arc;

use dictionary::Dictionary;

use crate::{body::GraphqlRequest, compiler::Compiler, config::Config, error::Error};

/// Checks queries against a dictionary as the service does. It needs nothing but the dictionary, so that
/// hostile input can be tried on it quickly.
pub struct Checker {
    config: Config,
    compiler: Compiler,
}

impl Checker {
    /// For queries of this dictionary, within the limits of `config`.
    ///
    /// # Panics
    /// Never for a dictionary that was loaded: the schema leaves out what GraphQL cannot name.
    pub fn new(config: Config, dictionary: Arc<Dictionary>) -> Self {
        Self { config, compiler: Compiler::new(dictionary) }
    }

    /// Reads the body of a `POST /graphql`, checks its query and works out what it means. Gives the number of
    /// fields that the answer has at its top.
    ///
    /// # Errors
    /// Those of the service for a request that it refuses before it runs.
    pub fn check(&self, body: &[u8]) -> Result<usize, Error> {
        let request = GraphqlRequest::parse(body)?;
        let roots = self.compiler.meaning(&request.query, &request.variables, &self.config)?;
        Ok(roots.len())
    }
}
