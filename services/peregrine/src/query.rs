//! From the text of a query to its answer.

use std::sync::Arc;

use actix_web::web::Bytes;
use authz::{Mapping, Subject};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use sqlx::{PgConnection, Row as _};

use crate::{
    Config, Peregrine,
    access::Readable,
    error::Error,
    execute::{Answer, Executor, Reply, answer, check_scans, projects, run},
    graph::Scope,
    introspection,
    ir::Root,
    lower::Lowering,
    plan::Planner,
};

/// On whose behalf something is read.
pub(crate) enum Reader {
    /// With the rights that arborist gives this subject.
    Subject(Subject),
    /// Everything, for published figures.
    Public,
}

/// The meaning of a query: everything that needs no database and no caller.
pub(crate) fn meaning(
    lowering: &Lowering<'_>,
    config: &Config,
    query: &str,
    variables: &Map<String, Value>,
) -> Result<Vec<Root>, Error> {
    let fields =
        graphql::prepare(lowering.schema, query, variables, &config.limits).map_err(Error::Queries)?;
    let roots = lowering.roots(&fields);
    check_scans(&roots, &config.budget)?;
    Ok(roots)
}

impl Peregrine {
    /// The meaning of a query.
    fn lower(&self, query: &str, variables: &Map<String, Value>) -> Result<Vec<Root>, Error> {
        let lowering = Lowering::new(&self.dictionary, &self.graph, &self.schema);
        meaning(&lowering, &self.config, query, variables)
    }

    /// Answers a query.
    pub(crate) async fn query(
        self: &Arc<Self>,
        reader: &Reader,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Result<Reply, Error> {
        let key = introspection::Key::of(query, variables);
        if let Some(body) = key.as_ref().and_then(|key| self.introspections.get(key)) {
            return Ok(Reply::Whole(Answer { body, errors: Vec::new() }));
        }
        let roots = self.lower(query, variables)?;
        if let Some((key, body)) = key.and_then(|key| Some((key, introspection::known(&roots)?))) {
            self.introspections.keep(key, body.clone());
            return Ok(Reply::Whole(Answer { body, errors: Vec::new() }));
        }
        let (mapping, this) = (self.rights(reader).await, Arc::clone(self));
        let (budget, windows) = (self.config.budget, self.config.windows);
        let arriving = answer(&self.pool, budget.time, windows.held_back, move |connection, out| {
            Box::pin(async move {
                let readable = this.readable(mapping, connection).await?;
                let planner = Planner { graph: &this.graph, readable: &readable };
                Executor::new(connection, planner, (budget, windows), out).answer(&roots).await
            })
        });
        arriving.reply().await
    }

    /// Answers a query of our own as JSON; any error of it is an error.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        reader: &Reader,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Result<Value, Error> {
        let answer = self.query(reader, query, variables).await?.collect().await?;
        if !answer.errors.is_empty() {
            return Err(Error::Queries(answer.errors));
        }
        let body: Result<Value, _> = serde_json::from_slice(&answer.body);
        body.map(|mut body| body["data"].take())
            .map_err(|error| Error::internal("an answer is no JSON", error))
    }

    /// How many nodes of these types each readable project has.
    pub(crate) async fn project_counts(
        self: &Arc<Self>,
        reader: &Reader,
        labels: Vec<String>,
    ) -> Result<IndexMap<String, Map<String, Value>>, Error> {
        let (mut types, mut unknown) = (Vec::with_capacity(labels.len()), Vec::new());
        for label in labels {
            match self.graph.find(&label).filter(|node| self.graph.types[*node].scope == Scope::ProjectId) {
                Some(node) => types.push((label, node)),
                None => unknown.extend(self.no_count(&label)),
            }
        }
        let (mapping, this) = (self.rights(reader).await, Arc::clone(self));
        run(&self.pool, self.config.budget.time, move |connection| {
            Box::pin(async move {
                let readable = this.readable(mapping, connection).await?;
                let planner = Planner { graph: &this.graph, readable: &readable };
                let ids = readable.project_ids();
                if !unknown.is_empty() && !ids.is_empty() {
                    // The original asks once a project.
                    return Err(Error::Queries(ids.iter().flat_map(|_| unknown.clone()).collect()));
                }
                let mut counts: IndexMap<String, Map<String, Value>> =
                    ids.into_iter().map(|id| (id, Map::new())).collect();
                for (label, node) in types {
                    counts.values_mut().for_each(|counts| drop(counts.insert(label.clone(), 0.into())));
                    for row in planner.project_counts(node).query_once().fetch_all(&mut *connection).await? {
                        let project: Option<String> = row.try_get(0)?;
                        let number: i64 = row.try_get(1)?;
                        if let Some(counts) = project.and_then(|project| counts.get_mut(&project)) {
                            counts.insert(label.clone(), number.into());
                        }
                    }
                }
                Ok(counts)
            })
        })
        .await
    }

    /// What the schema says to a count that it does not have.
    fn no_count(&self, label: &str) -> Vec<String> {
        let clean: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let query = format!("{{_{clean}_count(project_id: \"\")}}");
        match graphql::prepare(&self.schema, &query, &Map::new(), &self.config.limits) {
            Err(messages) => messages,
            Ok(_) => vec![format!("{clean} is not counted by project")],
        }
    }

    async fn rights(&self, reader: &Reader) -> Option<Option<Mapping>> {
        match reader {
            Reader::Subject(subject) => Some(self.mapping(subject).await),
            Reader::Public => None,
        }
    }

    /// Reads the projects in the very transaction that reads the nodes.
    async fn readable(
        &self,
        mapping: Option<Option<Mapping>>,
        connection: &mut PgConnection,
    ) -> Result<Readable, sqlx::Error> {
        let existing = projects(connection, &self.graph).await?;
        Ok(match mapping {
            Some(mapping) => Readable::of(mapping.as_ref(), existing),
            None => Readable::public(existing),
        })
    }

    /// The schema as `{"data": {"__schema": ...}}`, made once.
    pub(crate) fn introspection(&self) -> Result<Bytes, Error> {
        if let Some(known) = self.introspections.schema.get() {
            return Ok(known.clone());
        }
        let limits = &self.config.limits;
        let fields = graphql::prepare(&self.schema, graphql::INTROSPECTION_QUERY, &Map::new(), limits)
            .map_err(Error::Queries)?;
        let mut body = String::from("{\"data\":{\"__schema\":");
        for field in &fields {
            graphql::introspect(&self.schema, field, usize::MAX, &mut body)
                .map_err(|error| Error::internal("the schema cannot be shown", error))?;
        }
        body.push_str("}}");
        Ok(self.introspections.schema.get_or_init(|| Bytes::from(body)).clone())
    }
}
