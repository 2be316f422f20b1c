//! From the text of a query to its answer.

use std::sync::Arc;

use actix_web::web::Bytes;
use graphql::INTROSPECTION_QUERY;
use resources::Held;
use serde_json::{Map, Value};

use crate::{
    auth::{Caller, Reader},
    cost,
    error::Error,
    execute::{Answer, Executor, Reply, readable, start},
    graph::{Graph, Sizes},
    introspection::{Key, known},
    ir::Root,
    lanes::Turn,
    memory::Memory,
    plan::Planner,
    service::Peregrine,
};

impl Peregrine {
    /// Answers a query of `caller`. The memory is that of the answer, until it is sent.
    pub(crate) async fn query(
        self: &Arc<Self>,
        caller: Caller,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Result<(Reply, Held), Error> {
        self.reply(&Reader::Caller(caller), query, variables).await
    }

    /// Answers a query of our own as JSON; any error of it is an error.
    pub(super) async fn ask(
        self: &Arc<Self>,
        reader: &Reader,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Result<Value, Error> {
        let (reply, _held) = self.reply(reader, query, variables).await?;
        let answer = reply.collect().await?;
        if !answer.errors.is_empty() {
            return Err(Error::Queries(answer.errors));
        }
        let mut body: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Error::internal("reading an answer of our own", error))?;
        Ok(body["data"].take())
    }

    async fn reply(
        self: &Arc<Self>,
        reader: &Reader,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Result<(Reply, Held), Error> {
        let memory = Memory(&self.config.memory);
        let reply = match self.kept(query, variables) {
            (_, Some(body)) => whole(body),
            (key, None) => {
                let mut held = memory.for_request(query.len() + size(variables)).await?;
                let roots = self.compiler.meaning(query, variables, &self.config)?;
                match key.and_then(|key| Some((key, known(&roots)?))) {
                    Some((key, body)) => {
                        self.introspections.keep(key, body.clone());
                        whole(body)
                    }
                    None => {
                        let turn =
                            self.turn(reader, |graph, sizes| cost::of_query(graph, sizes, &roots)).await?;
                        held.join(memory.for_work(turn.is_small, &self.config.windows).await?);
                        self.work(reader, turn, roots, held).await?
                    }
                }
            }
        };
        let held = match &reply {
            Reply::Whole(answer) => memory.for_answer(answer.body.len()).await?,
            Reply::Begun(begun, _) => memory.for_begun(begun.len()).await?,
        };
        Ok((reply, held))
    }

    /// The key of a query about the schema, and what was answered to it before.
    fn kept(&self, query: &str, variables: &Map<String, Value>) -> (Option<Key>, Option<Bytes>) {
        let key = Key::of(query, variables);
        let body = key.as_ref().and_then(|key| self.introspections.get(key));
        (key, body)
    }

    /// Runs a query. `held` is given back when its work ends.
    async fn work(
        self: &Arc<Self>,
        reader: &Reader,
        turn: Turn,
        roots: Vec<Root>,
        held: Held,
    ) -> Result<Reply, Error> {
        let (rights, this) = (self.rights(reader).await?, Arc::clone(self));
        let arriving = start(turn, self.config.windows.held_back, move |connection, out| {
            Box::pin(async move {
                let _held = held;
                let graph = &this.compiler.graph;
                let readable = readable(connection, graph, &rights).await?;
                let planner = Planner::new(graph, &readable);
                Executor::new(connection, planner, &this.config, out).write(&roots).await
            })
        });
        arriving.reply(&self.file_room).await
    }

    /// Waits for a turn of `reader` for what costs so much.
    ///
    /// # Errors
    /// When the database would have to look at too much, or is busy.
    pub(super) async fn turn(
        &self,
        reader: &Reader,
        cost: impl FnOnce(&Graph, &Sizes) -> u64,
    ) -> Result<Turn, Error> {
        let sizes = self.sizes.get(&self.pool).await?;
        let (looks, budget) = (cost(&self.compiler.graph, &sizes), &self.config.budget);
        if looks > budget.looks {
            return Err(Error::Looks { looks, most: budget.looks });
        }
        Ok(self.lanes.enter(&reader.name(), looks, budget, &self.pool).await?)
    }

    /// The schema as `{"data": {"__schema": ...}}`, made once.
    pub(crate) fn introspection(&self) -> Result<Bytes, Error> {
        if let Some(known) = self.introspections.schema.get() {
            return Ok(known.clone());
        }
        let (schema, limits) = (&self.compiler.schema, &self.config.limits);
        let fields =
            graphql::prepare(schema, INTROSPECTION_QUERY, &Map::new(), limits).map_err(Error::Queries)?;
        let mut body = String::from("{\"data\":{\"__schema\":");
        for field in &fields {
            graphql::introspect(schema, field, usize::MAX, &mut body)
                .map_err(|error| Error::internal("showing the schema", error))?;
        }
        body.push_str("}}");
        Ok(self.introspections.schema.get_or_init(|| Bytes::from(body)).clone())
    }
}

fn whole(body: Bytes) -> Reply {
    Reply::Whole(Answer { body, errors: Vec::new() })
}

/// About how many bytes the variables take.
fn size(variables: &Map<String, Value>) -> usize {
    fn of(value: &Value) -> usize {
        const VALUE: usize = 8;
        VALUE
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(fields) => size(fields),
                _ => 0,
            }
    }
    variables.iter().map(|(name, value)| name.len() + of(value)).sum()
}
