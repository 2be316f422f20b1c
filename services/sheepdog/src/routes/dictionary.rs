//! The data dictionary as the commons uses it: resolved, without null additions.

use ::dictionary::Dictionary;
use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers;
use crate::{
    Error, Sheepdog,
    model::project::ProjectPath,
    projects::{program, project},
};

/// Files beside the node types that `_all` has.
const SHARED_FILES: [&str; 4] = ["_definitions", "_settings", "_terms", "metaschema"];

#[derive(Deserialize)]
struct Entry {
    entry: String,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
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
