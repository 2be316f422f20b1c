//! Finds records by id, of any project. None is shown before it is known who may read it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use psqlgraph::ids::split_project_id;
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    Error, Sheepdog,
    auth::ReadPermit,
    forms::layout,
    model::{project::ProjectPath, record::StoredRecord},
    store::{self, export::RecordQuery},
};

/// A record that was found, and is not shown yet.
pub(crate) struct FoundRecord {
    id: String,
    entity: Value,
    /// The project whose readers may see it; `None` for what is of no project.
    home: Option<ProjectPath>,
}

impl FoundRecord {
    /// The record, for somebody who may read its project; what is of no project is for the readers of any.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when `permits` are of other projects.
    pub(crate) fn show(self, permits: &[ReadPermit]) -> Result<Value, Error> {
        let is_home = |permit: &ReadPermit| self.home.as_ref().is_none_or(|home| home == permit.path());
        if permits.iter().any(is_home) {
            return Ok(self.entity);
        }
        Err(Error::Forbidden("user is unauthorized"))
    }
}

/// The projects of the records, except the one at `path`.
pub(crate) fn other_projects(found: &[FoundRecord], path: &ProjectPath) -> BTreeSet<ProjectPath> {
    let homes = found.iter().filter_map(|found| found.home.clone());
    homes.filter(|home| home != path).collect()
}

/// The records, each once: types in the reverse order of the dictionary, which is that of the original's
/// union of tables.
///
/// # Errors
/// [`Error::BadRequest`] when one is not there.
pub(crate) async fn find(sheepdog: &Sheepdog, ids: Vec<String>) -> Result<Vec<FoundRecord>, Error> {
    let mut seen = HashSet::new();
    let wanted: Vec<String> = ids.into_iter().filter(|id| seen.insert(id.clone())).collect();
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    let mut types = store::export::types_of(&mut connection, &sheepdog.dictionary, &wanted).await?;
    let mut found = Vec::new();
    for label in sheepdog.dictionary.nodes.keys().rev() {
        let Some(ids) = types.remove(label) else { continue };
        found.extend(of_type(sheepdog, &mut connection, label, ids).await?);
    }
    let known: HashSet<&str> = found.iter().map(|found: &FoundRecord| found.id.as_str()).collect();
    let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|id| !known.contains(id)).collect();
    if !missing.is_empty() {
        return Err(Error::BadRequest(format!("Not found: {}", missing.join(", "))));
    }
    Ok(found)
}

async fn of_type(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    label: &str,
    ids: BTreeSet<String>,
) -> Result<Vec<FoundRecord>, Error> {
    let dictionary = &sheepdog.dictionary;
    let Some(node) = dictionary.nodes.get(label) else { return Ok(Vec::new()) };
    let ids: Vec<String> = ids.into_iter().collect();
    let programs = match label {
        "project" => store::export::programs_of(connection, dictionary, ids.clone()).await?,
        _ => BTreeMap::new(),
    };
    let links = node.all_links().into_iter().map(|link| (link, "submitter_id")).collect();
    let records = RecordQuery { node, links }.by_ids(connection, ids).await?;
    let found = |record: StoredRecord| {
        let text = |name: &str| record.props.get(name).and_then(Value::as_str);
        let home = match label {
            "project" => programs.get(&record.id).map(String::as_str).zip(text("code")),
            _ => text("project_id").and_then(split_project_id),
        };
        let home =
            home.map(|(program, code)| ProjectPath { program: program.to_owned(), code: code.to_owned() });
        FoundRecord { entity: layout::entity(node, &record), id: record.id, home }
    };
    Ok(records.into_iter().map(found).collect())
}
