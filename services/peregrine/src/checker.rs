//! Requests without a database: what the service decides about a query before it asks PostgreSQL anything.

use std::sync::Arc;

use dictionary::Dictionary;
use graphql::Schema;

use crate::{
    Config, body::GraphqlRequest, error::Error, graph::Graph, lower::Lowering, query::meaning, schema,
    schema::Meaning,
};

/// Checks queries against a dictionary as the service does. It stands on nothing but the dictionary, so that
/// hostile input can be tried on it quickly.
pub struct Checker {
    config: Config,
    dictionary: Arc<Dictionary>,
    graph: Graph,
    schema: Schema<Meaning>,
}

impl Checker {
    /// For queries of this dictionary, within the limits of `config`.
    ///
    /// # Panics
    /// Never for a dictionary that was loaded: the schema leaves out what GraphQL cannot name.
    pub fn new(config: Config, dictionary: Arc<Dictionary>) -> Self {
        let graph = Graph::new(&dictionary);
        let schema = schema::build(&dictionary, &graph)
            .expect("invariant: Graph leaves out types whose names the schema needs");
        Self { config, dictionary, graph, schema }
    }

    /// Reads the body of a `POST /graphql`, checks its query and works out what it means: the number of fields
    /// that the answer has at its top.
    ///
    /// # Errors
    /// Those of the service for a request that it refuses before it runs.
    pub fn check(&self, body: &[u8]) -> Result<usize, Error> {
        let request = GraphqlRequest::parse(body)?;
        let lowering = Lowering::new(&self.dictionary, &self.graph, &self.schema);
        let roots = meaning(&lowering, &self.config, &request.query, &request.variables)?;
        Ok(roots.len())
    }
}
