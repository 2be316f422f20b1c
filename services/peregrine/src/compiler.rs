//! From the text of a query to its meaning, for which neither a database nor a caller is needed.

use std::sync::Arc;

use dictionary::Dictionary;
use graphql::Schema;
use serde_json::{Map, Value};

use crate::{
    config::Config,
    error::Error,
    graph::Graph,
    ir::{Root, scans},
    lower::Lowering,
    schema::{self, Meaning},
};

/// Finds the meaning of queries of one dictionary.
pub(crate) struct Compiler {
    pub(crate) dictionary: Arc<Dictionary>,
    pub(crate) graph: Graph,
    pub(crate) schema: Schema<Meaning>,
}

impl Compiler {
    /// For queries of `dictionary`.
    ///
    /// # Panics
    /// Never for a dictionary that was loaded: the schema leaves out what GraphQL cannot name.
    pub(crate) fn new(dictionary: Arc<Dictionary>) -> Self {
        let graph = Graph::new(&dictionary);
        let schema = schema::build(&dictionary, &graph)
            .expect("invariant: Graph leaves out types whose names the schema needs");
        Self { dictionary, graph, schema }
    }

    /// What a query means.
    ///
    /// # Errors
    /// Everything that is wrong with it. It may also ask for more lists and counts than the budget permits.
    pub(crate) fn meaning(
        &self,
        query: &str,
        variables: &Map<String, Value>,
        config: &Config,
    ) -> Result<Vec<Root>, Error> {
        let fields =
            graphql::prepare(&self.schema, query, variables, &config.limits).map_err(Error::Queries)?;
        let roots = Lowering::new(&self.dictionary, &self.graph, &self.schema).roots(&fields);
        let (found, most) = (scans(&roots), config.budget.scans);
        if found > most {
            return Err(Error::Query(format!(
                "The query asks for {found} lists and counts, links and paths in filters included; \
                 {most} are permitted."
            )));
        }
        Ok(roots)
    }
}
