//! The data dictionary as the commons uses it: resolved, without null additions.

use ::dictionary::Dictionary;
use actix_web::{HttpRequest, HttpResponse, web};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{resource, submission::find_project};
use crate::{Error, Sheepdog, store};

/// Files beside the node types that `_all` has.
const SHARED_FILES: [&str; 4] = ["_definitions", "_settings", "_terms", "metaschema"];

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/_dictionary").route(web::get().to(list)));
    cfg.service(resource("/_dictionary/{entry}").route(web::get().to(entry)));
    cfg.service(resource("/{program}/{project}/_dictionary").route(web::get().to(list_in_project)));
    cfg.service(resource("/{program}/{project}/_dictionary/{entry}").route(web::get().to(entry_in_project)));
}

async fn list(sheepdog: web::Data<Sheepdog>) -> HttpResponse {
    links(&sheepdog.dictionary, "/v0/submission")
}

async fn entry(sheepdog: web::Data<Sheepdog>, entry: web::Path<String>) -> Result<HttpResponse, Error> {
    answer(&sheepdog.dictionary, &entry)
}

async fn list_in_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, project) = path.into_inner();
    sheepdog.require_openid(&request).await?;
    find_project(&sheepdog, &program, &project).await?;
    Ok(links(&sheepdog.dictionary, &format!("/v0/submission/{program}/{project}")))
}

async fn entry_in_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, _, entry) = path.into_inner();
    sheepdog.require_openid(&request).await?;
    require_program(&sheepdog, &program).await?;
    answer(&sheepdog.dictionary, &entry)
}

/// Refuses a path below a program that is not there.
pub(super) async fn require_program(sheepdog: &Sheepdog, program: &str) -> Result<(), Error> {
    let found = store::projects::program(&mut *sheepdog.pool.acquire().await?, program).await?;
    found.map(drop).ok_or_else(|| Error::NotFound(format!("program {program} not found")))
}

fn links(dictionary: &Dictionary, prefix: &str) -> HttpResponse {
    let entries = dictionary.nodes.keys().map(String::as_str).chain(["_all"]);
    let links: Vec<String> = entries.map(|entry| format!("{prefix}/_dictionary/{entry}")).collect();
    HttpResponse::Ok().json(json!({ "links": links }))
}

/// A file, all of it, or a node type whose file has another name.
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
