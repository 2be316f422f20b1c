//! Projects: list, create, update, delete.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::{
    answers,
    programs::{self, read_one},
};
use crate::{
    Error, Sheepdog,
    model::project::ProjectPath,
    projects::{program, project},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/{program}", |methods| {
        methods.get(list).put(put).post(put).patch(put).delete(programs::delete)
    });
}

async fn list(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let caller = sheepdog.require_openid(&request).await?;
    let program = program::require(&sheepdog, &name).await?;
    let codes = project::codes(&sheepdog, &caller, &program).await?;
    let prefix = answers::prefix(&request);
    let links: Vec<String> = codes.iter().map(|code| format!("{prefix}/{name}/{code}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}

async fn put(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let program = program::require(&sheepdog, &name).await?;
    let permit = sheepdog.permit_admin(&request).await?;
    let document = read_one(&request, &sheepdog, payload, "project").await?;
    let path = request.path().to_owned();
    let answer = project::put(sheepdog.into_inner(), permit, program, document, path).await?;
    Ok(answers::transaction((200, answer)))
}

/// `DELETE /{program}/{project}`, whose path is that of submissions.
pub(super) async fn delete(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
) -> Result<HttpResponse, Error> {
    let project = project::find(&sheepdog, &path).await?;
    let permit = sheepdog.permit_admin(&request).await?;
    project::delete(sheepdog.into_inner(), permit, project).await?;
    Ok(answers::no_content())
}
