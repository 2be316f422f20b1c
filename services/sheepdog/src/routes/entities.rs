//! Entities by id: reading and deleting them. The ids stand in the address, or, for an address holds some
//! thousand of them, in the body as a JSON list.

use std::sync::Arc;

use ::web::{Params, Routes};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answers, body, permit::permit};
use crate::{
    Error, Sheepdog,
    auth::Delete,
    deletion::{self, DeletionRequest, Removal},
    export::entities,
    model::project::ProjectPath,
    projects::program,
    transaction::{Mode, require_state},
    utf8,
};

#[derive(Deserialize)]
struct EntityIds {
    ids: String,
}

#[derive(Deserialize)]
struct Marking {
    mark: String,
}

/// Largest body, in bytes: a list of ids.
const BODY_LIMIT: usize = 8 << 20;
/// Most records that are deleted at once.
const MOST_DELETED: usize = 100_000;
/// Most records that are read at once: an answer is made in memory.
const MOST_READ: usize = 10_000;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes
        .resource("/{program}/{project}/entities/_dry_run", |methods| methods.delete(delete_listed_dry_run));
    routes
        .resource("/{program}/{project}/entities", |methods| methods.post(read_listed).delete(delete_listed));
    routes.resource("/{program}/{project}/entities/_dry_run/{ids}", |methods| methods.delete(delete_dry_run));
    routes.resource("/admin/{program}/{project}/entities/{ids}/to_delete/{mark}", |methods| {
        methods.delete(mark)
    });
    routes.resource("/{program}/{project}/entities/{ids}", |methods| methods.get(read).delete(delete));
}

/// The program has to exist, and the caller may read the project in the path and the project of every record
/// that is asked for.
async fn read(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    ids: web::Path<EntityIds>,
) -> Result<HttpResponse, Error> {
    read_ids(&request, &sheepdog, path.into_inner(), split(&ids.ids)).await
}

/// The same for the ids of a list.
async fn read_listed(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let path = path.into_inner();
    program::require(&sheepdog, &path.program).await?;
    sheepdog.permit_reading(&request, path.clone()).await?;
    let ids = listed(payload, MOST_READ).await?;
    read_ids(&request, &sheepdog, path, ids).await
}

async fn read_ids(
    request: &HttpRequest,
    sheepdog: &Sheepdog,
    path: ProjectPath,
    ids: Vec<String>,
) -> Result<HttpResponse, Error> {
    program::require(sheepdog, &path.program).await?;
    let mut permits = vec![sheepdog.permit_reading(request, path.clone()).await?];
    let found = entities::find(sheepdog, ids).await?;
    for project in entities::other_projects(&found, &path) {
        permits.push(sheepdog.permit_reading(request, project).await?);
    }
    let entities = found.into_iter().map(|record| record.show(&permits));
    let entities = entities.collect::<Result<Vec<Value>, Error>>()?;
    Ok(HttpResponse::Ok().json(json!({ "entities": entities })))
}

async fn delete(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    ids: web::Path<EntityIds>,
    params: Params,
) -> Result<HttpResponse, Error> {
    remove(&request, &sheepdog.into_inner(), &path, &ids, removal(&params), Mode::Real).await
}

fn removal(params: &Params) -> Removal {
    params.get("fields").map_or(Removal::Nodes, |fields| Removal::Fields(split(fields)))
}

async fn delete_listed(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    params: Params,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    remove_listed(&request, &sheepdog.into_inner(), &path, payload, removal(&params), Mode::Real).await
}

async fn delete_listed_dry_run(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    remove_listed(&request, &sheepdog.into_inner(), &path, payload, Removal::Nodes, Mode::DryRun).await
}

async fn remove_listed(
    request: &HttpRequest,
    sheepdog: &Arc<Sheepdog>,
    path: &ProjectPath,
    payload: web::Payload,
    removal: Removal,
    mode: Mode,
) -> Result<HttpResponse, Error> {
    let permit = permit::<Delete>(sheepdog, request, path).await?;
    let ids = listed(payload, MOST_DELETED).await?;
    require_state(&permit.project().props, request.path(), &["open"])?;
    let request = DeletionRequest::new(permit, ids, removal).in_mode(mode);
    Ok(answers::transaction(deletion::run(sheepdog, request).await?))
}

/// The ids of a body.
async fn listed(payload: web::Payload, most: usize) -> Result<Vec<String>, Error> {
    let bytes = body::read(payload, BODY_LIMIT).await?;
    let malformed = || Error::BadRequest("expected a JSON list of ids, with one at least".to_owned());
    let Value::Array(items) = documents::value(utf8::text(&bytes)?)? else { return Err(malformed()) };
    if items.len() > most {
        return Err(Error::BadRequest(format!("more than {most} ids: send them in several requests")));
    }
    let ids = items.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>();
    ids.filter(|ids| !ids.is_empty()).ok_or_else(malformed)
}

async fn delete_dry_run(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    ids: web::Path<EntityIds>,
) -> Result<HttpResponse, Error> {
    remove(&request, &sheepdog.into_inner(), &path, &ids, Removal::Nodes, Mode::DryRun).await
}

async fn mark(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    ids: web::Path<EntityIds>,
    mark: web::Path<Marking>,
) -> Result<HttpResponse, Error> {
    let removal = match mark.mark.to_ascii_lowercase().as_str() {
        "true" => Removal::Mark,
        "false" => Removal::Unmark,
        _ => return Err(Error::BadRequest("to_delete must be true or false".to_owned())),
    };
    remove(&request, &sheepdog.into_inner(), &path, &ids, removal, Mode::Real).await
}

async fn remove(
    request: &HttpRequest,
    sheepdog: &Arc<Sheepdog>,
    path: &ProjectPath,
    ids: &EntityIds,
    removal: Removal,
    mode: Mode,
) -> Result<HttpResponse, Error> {
    let permit = permit::<Delete>(sheepdog, request, path).await?;
    require_state(&permit.project().props, request.path(), &["open"])?;
    let request = DeletionRequest::new(permit, split(&ids.ids), removal).in_mode(mode);
    Ok(answers::transaction(deletion::run(sheepdog, request).await?))
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
