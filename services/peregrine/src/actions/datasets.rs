//! Figures and descriptions of projects.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    access::Scope,
    auth::Reader,
    cost,
    error::Error,
    execute::{ProjectCounts, project_counts, readable, run},
    graph::TypeId,
    plan::Planner,
    service::Peregrine,
};

/// Properties that are shown of a project where the dictionary has them.
const PROJECT_FIELDS: [&str; 5] = ["name", "code", "dbgap_accession_number", "description", "image_url"];

impl Peregrine {
    /// How many nodes of the types with these labels each readable project has.
    pub(crate) async fn project_counts(
        self: &Arc<Self>,
        reader: &Reader,
        labels: Vec<String>,
    ) -> Result<ProjectCounts, Error> {
        let graph = &self.compiler.graph;
        let (mut types, mut unknown) = (Vec::with_capacity(labels.len()), Vec::new());
        for label in labels {
            match graph.find(&label).filter(|node| graph.types[*node].scope == Scope::ProjectId) {
                Some(node) => types.push((label, node)),
                None => unknown.extend(self.no_count(&label)),
            }
        }
        let counted: Vec<TypeId> = types.iter().map(|(_, node)| *node).collect();
        let turn = self.turn(reader, |graph, sizes| cost::of_counts(graph, sizes, &counted)).await?;
        let (rights, this) = (self.rights(reader).await?, Arc::clone(self));
        run(turn, move |connection| {
            Box::pin(async move {
                let graph = &this.compiler.graph;
                let readable = readable(connection, graph, &rights).await?;
                let projects = readable.project_ids().len();
                if !unknown.is_empty() && projects > 0 {
                    // The original asks once for each project.
                    return Err(Error::Queries(std::iter::repeat_n(unknown, projects).flatten().collect()));
                }
                project_counts(connection, &Planner::new(graph, &readable), types).await
            })
        })
        .await
    }

    /// What the schema says to a count that it does not have.
    fn no_count(&self, label: &str) -> Vec<String> {
        let clean: String = label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let query = format!("{{_{clean}_count(project_id: \"\")}}");
        match graphql::prepare(&self.compiler.schema, &query, &Map::new(), &self.config.limits) {
            Err(messages) => messages,
            Ok(_) => vec![format!("{clean} is not counted by project")],
        }
    }

    /// What is said of each readable project.
    pub(crate) async fn described_projects(self: &Arc<Self>, reader: &Reader) -> Result<Value, Error> {
        let graph = &self.compiler.graph;
        let properties = graph.find("project").map(|node| &graph.types[node].properties);
        let is_known = |name: &&str| properties.is_some_and(|known| known.contains_key(*name));
        let fields: Vec<&str> = PROJECT_FIELDS.into_iter().filter(is_known).collect();
        let query = format!("{{project(first: 0) {{{}}}}}", fields.join(" "));
        Ok(self.ask(reader, &query, &Map::new()).await?["project"].take())
    }
}
