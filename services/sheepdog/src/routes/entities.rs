//! Entities by id: reading and deleting them.

use ::web::{Params, Routes};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{answers, permit::permit};
use crate::{
    Error, Sheepdog,
    auth::Delete,
    deletion::{self, DeletionRequest, Removal},
    export::entities,
    model::project::ProjectPath,
    projects::program,
    transaction::{Mode, require_state},
};

#[derive(Deserialize)]
struct EntityIds {
    ids: String,
}

#[derive(Deserialize)]
struct Marking {
    mark: String,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
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
    let path = path.into_inner();
    program::require(&sheepdog, &path.program).await?;
    let mut permits = vec![sheepdog.permit_reading(&request, path.clone()).await?];
    let found = entities::find(&sheepdog, &ids.ids).await?;
    for project in entities::other_projects(&found, &path) {
        permits.push(sheepdog.permit_reading(&request, project).await?);
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
    let fields = params.get("fields").map(split);
    let removal = fields.map_or(Removal::Nodes, Removal::Fields);
    remove(&request, &sheepdog.into_inner(), &path, &ids, removal, Mode::Real).await
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
    sheepdog: &std::sync::Arc<Sheepdog>,
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
