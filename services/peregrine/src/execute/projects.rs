//! Projects, and numbers of their nodes.

use indexmap::IndexMap;
use sqlx::{FromRow as _, PgConnection, Row as _};

use crate::{
    access::Project,
    error::Error,
    graph::{Graph, TypeId},
    plan::{self, Planner},
};

/// Numbers of nodes by project id and label of their type.
pub(crate) type ProjectCounts = IndexMap<String, IndexMap<String, i64>>;

/// All projects with their programs, which is the first thing that a transaction reads.
pub(crate) async fn existing_projects(
    connection: &mut PgConnection,
    graph: &Graph,
) -> Result<Vec<Project>, sqlx::Error> {
    let Some(select) = plan::projects(graph) else { return Ok(Vec::new()) };
    let rows = select.query().fetch_all(connection).await?;
    rows.iter().map(Project::from_row).collect()
}

/// How many nodes of these types each readable project has.
pub(crate) async fn project_counts(
    connection: &mut PgConnection,
    planner: &Planner<'_>,
    types: Vec<(String, TypeId)>,
) -> Result<ProjectCounts, Error> {
    let projects = planner.readable.project_ids().into_iter();
    let mut counts: ProjectCounts = projects.map(|project| (project, IndexMap::new())).collect();
    for (label, node) in types {
        for numbers in counts.values_mut() {
            numbers.insert(label.clone(), 0);
        }
        for row in planner.project_counts(node).query_once().fetch_all(&mut *connection).await? {
            let project: Option<String> = row.try_get(0)?;
            if let Some(numbers) = project.and_then(|project| counts.get_mut(&project)) {
                numbers.insert(label.clone(), row.try_get(1)?);
            }
        }
    }
    Ok(counts)
}
