//! Projects, and numbers of their nodes.

use indexmap::IndexMap;
use sqlx::{FromRow as _, PgConnection, Row as _};

use crate::{
    access::{Project, Readable, Rights},
    error::Error,
    graph::{Graph, TypeId},
    plan::{self, Planner},
};

/// Numbers of nodes by project id and label of their type.
pub(crate) type ProjectCounts = IndexMap<String, IndexMap<String, i64>>;

/// The projects that `rights` let somebody read, as of this transaction.
pub(crate) async fn readable(
    connection: &mut PgConnection,
    graph: &Graph,
    rights: &Rights,
) -> Result<Readable, sqlx::Error> {
    let existing: Vec<Project> = match plan::projects(graph) {
        Some(select) => {
            let rows = select.query().fetch_all(connection).await?;
            rows.iter().map(Project::from_row).collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(Readable::of(rights, existing))
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
