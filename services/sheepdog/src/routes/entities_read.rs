//! Reading records by id.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, web};
use psqlgraph::ids::split_project_id;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::dictionary::require_program;
use crate::{
    Error, Sheepdog,
    export::{self, Record},
    store::{self, export::Source},
};

/// `GET .../entities/<id>[,<id>...]`. The program has to exist, and the caller may read the project in the path
/// and the project of every record that is asked for.
pub(super) async fn read(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, project, ids) = path.into_inner();
    require_program(&sheepdog, &program).await?;
    sheepdog.permit(&request, &["read"], &program, &project).await?;
    let found = find(&sheepdog, &ids).await?;
    for (program, project) in other_projects(&found, &program, &project) {
        sheepdog.permit(&request, &["read"], &program, &project).await?;
    }
    let entities: Vec<Value> = found.into_iter().map(|found| found.entity).collect();
    Ok(HttpResponse::Ok().json(json!({ "entities": entities })))
}

struct Found {
    id: String,
    entity: Value,
    /// Program and project whose readers may see it; none for what is of no project.
    home: Option<(String, String)>,
}

/// The records, each once: types in the reverse order of the dictionary, which is that of the original's union of
/// tables.
async fn find(sheepdog: &Sheepdog, ids: &str) -> Result<Vec<Found>, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for id in ids.split(',') {
        if !wanted.iter().any(|known| known == id) {
            wanted.push(id.to_owned());
        }
    }
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    let mut types = store::export::types_of(&mut connection, &sheepdog.dictionary, &wanted).await?;
    let mut found = Vec::new();
    for label in sheepdog.dictionary.nodes.keys().rev() {
        let Some(ids) = types.remove(label) else { continue };
        found.extend(of_type(sheepdog, &mut connection, label, ids).await?);
    }
    let is_missing = |id: &&String| !found.iter().any(|found: &Found| found.id == **id);
    let missing: Vec<&str> = wanted.iter().filter(is_missing).map(String::as_str).collect();
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
) -> Result<Vec<Found>, Error> {
    let dictionary = &sheepdog.dictionary;
    let Some(node) = dictionary.nodes.get(label) else { return Ok(Vec::new()) };
    let ids: Vec<String> = ids.into_iter().collect();
    let programs = match label {
        "project" => store::export::programs_of(connection, dictionary, ids.clone()).await?,
        _ => BTreeMap::new(),
    };
    let links = node.all_links().into_iter().map(|link| (link, "submitter_id")).collect();
    let records = Source { node, links }.by_ids(connection, ids, None).await?;
    let found = |record: Record| {
        let text = |name: &str| record.props.get(name).and_then(Value::as_str).map(str::to_owned);
        let home = match label {
            "project" => programs.get(&record.id).cloned().zip(text("code")),
            _ => text("project_id")
                .and_then(|id| split_project_id(&id).map(|(a, b)| (a.to_owned(), b.to_owned()))),
        };
        Found { entity: export::entity(node, &record), id: record.id, home }
    };
    Ok(records.into_iter().map(found).collect())
}

/// The projects of the records, but for the one in the path.
fn other_projects(found: &[Found], program: &str, project: &str) -> BTreeSet<(String, String)> {
    let homes = found.iter().filter_map(|found| found.home.clone());
    homes.filter(|home| home.0 != program || home.1 != project).collect()
}
