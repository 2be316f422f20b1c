//! The data dictionary as the commons uses it: resolved, without null additions.

use ::dictionary::Dictionary;
use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answers, body};
use crate::{
    Error, Sheepdog,
    model::project::ProjectPath,
    projects::{program, project},
    runtime::task,
};

/// Largest dictionary that is compared, in bytes; merged ones of large commons have a tenth of it.
const LARGEST: usize = 32 << 20;
/// The order in which two dictionaries are compared: `from` the other one to that of the commons, or `to` it.
const DIRECTIONS: [&str; 2] = ["from", "to"];

/// Files beside the node types that `_all` has.
const SHARED_FILES: [&str; 4] = ["_definitions", "_settings", "_terms", "metaschema"];

#[derive(Deserialize)]
struct Entry {
    entry: String,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/_dictionary/v1/compare", |methods| methods.post(compare));
    routes.endpoint(Method::GET, "/_dictionary", list);
    routes.endpoint(Method::GET, "/_dictionary/{entry}", entry);
    routes.resource("/{program}/{project}/_dictionary", |methods| methods.get(list_in_project));
    routes.resource("/{program}/{project}/_dictionary/{entry}", |methods| methods.get(entry_in_project));
}

async fn list(request: HttpRequest, sheepdog: web::Data<Sheepdog>) -> HttpResponse {
    links(&sheepdog.dictionary, answers::prefix(&request))
}

async fn entry(sheepdog: web::Data<Sheepdog>, entry: web::Path<Entry>) -> Result<HttpResponse, Error> {
    answer(&sheepdog.dictionary, &entry.entry)
}

async fn list_in_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    project::find(&sheepdog, &path).await?;
    let ProjectPath { program, code } = &*path;
    Ok(links(&sheepdog.dictionary, &format!("{}/{program}/{code}", answers::prefix(&request))))
}

async fn entry_in_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    entry: web::Path<Entry>,
) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    program::require(&sheepdog, &path.program).await?;
    answer(&sheepdog.dictionary, &entry.entry)
}

#[derive(Deserialize)]
struct Comparison {
    direction: Option<String>,
}

/// What is different between the dictionary of this commons and the one in the body (a merged JSON object,
/// as dictionaries are published and `_all` answers), as `commons dictionary diff` tells it. Not of the
/// original. The body is the newer one, unless `direction` is `from`.
async fn compare(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    asked: web::Query<Comparison>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    let direction = asked.direction.as_deref().unwrap_or("to");
    if !DIRECTIONS.contains(&direction) {
        return Err(Error::BadRequest(format!("`direction` is `from` or `to`, and not `{direction}`")));
    }
    let is_newer = direction == "to";
    let given = body::read(payload, LARGEST).await?;
    let own = sheepdog.dictionary.clone();
    let answer = task::compute(move || {
        let files: IndexMap<String, Value> = serde_json::from_slice(&given).map_err(|error| {
            Error::BadRequest(format!("the body is no JSON object of the files of a dictionary: {error}"))
        })?;
        // `_all` names node types, and a published dictionary their files.
        let named = |name: String| if name.ends_with(".yaml") { name } else { format!("{name}.yaml") };
        let files = files.into_iter().map(|(name, file)| (named(name), file)).collect();
        let other = Dictionary::from_files(files).map_err(|error| Error::BadRequest(error.to_string()))?;
        let (from, to) = if is_newer { (&*own, &other) } else { (&other, &*own) };
        let changes = ::dictionary::compare(from, to);
        let breaking = changes.iter().filter(|change| change.breaks()).count();
        Ok::<_, Error>(json!({
            "from": from.digest, "to": to.digest, "breaking": breaking, "changes": changes,
        }))
    });
    Ok(HttpResponse::Ok().json(answer.await??))
}

fn links(dictionary: &Dictionary, prefix: &str) -> HttpResponse {
    let entries = dictionary.nodes.keys().map(String::as_str).chain(["_all"]);
    let links: Vec<String> = entries.map(|entry| format!("{prefix}/_dictionary/{entry}")).collect();
    HttpResponse::Ok().json(json!({ "links": links }))
}

/// A file, all files together, or a node type whose file has another name.
fn answer(dictionary: &Dictionary, entry: &str) -> Result<HttpResponse, Error> {
    let node = || dictionary.nodes.get(entry).map(|node| &node.schema);
    match dictionary.files.get(entry) {
        Some(file) => Ok(HttpResponse::Ok().json(file)),
        None if entry == "_all" => Ok(HttpResponse::Ok().json(all(dictionary))),
        None => match node() {
            Some(schema) => Ok(HttpResponse::Ok().json(schema)),
            None => Err(Error::NotFound(format!("Entry {entry} not in dictionary"))),
        },
    }
}

fn all(dictionary: &Dictionary) -> IndexMap<&str, &Value> {
    let nodes = dictionary.nodes.iter().map(|(id, node)| (id.as_str(), &node.schema));
    let shared = SHARED_FILES.into_iter().filter_map(|file| Some((file, dictionary.files.get(file)?)));
    nodes.chain(shared).collect()
}
