//! Lookups in the graph for a submission, with what its submitter may know of their results.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::work::Work;
use crate::{
    Error,
    model::lookup::{Hit, NodeColumns, NodeLookup, Shown},
    store,
};

impl Work<'_> {
    /// Finds nodes, also of other projects: those of projects that the submitter may not read are marked, for
    /// nothing must be told of them.
    pub(super) async fn find_nodes(
        &self,
        connection: &mut PgConnection,
        wanted: BTreeMap<String, NodeLookup>,
        columns: NodeColumns,
    ) -> Result<BTreeMap<String, Vec<Hit>>, Error> {
        let permit = &self.submission.permit;
        let mut found = store::nodes::find(connection, permit, wanted, columns).await?;
        let is_foreign = |project: &&str| *project != self.scope.project_id;
        let foreign = found.values().flatten().filter_map(Hit::project_id).filter(is_foreign);
        let foreign: BTreeSet<String> = foreign.map(str::to_owned).collect();
        if foreign.is_empty() {
            return Ok(found);
        }
        let readable = self.sheepdog.readable(permit, foreign).await;
        for hit in found.values_mut().flatten() {
            let is_shown = hit.project_id().is_none_or(|project| {
                project == self.scope.project_id || readable.iter().any(|other| other == project)
            });
            hit.shown = if is_shown { Shown::Openly } else { Shown::Hidden };
        }
        Ok(found)
    }
}
