//! Programs: list, create, update, delete.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};
use documents::Format;
use serde_json::{Map, Value, json};

use super::{answers, body};
use crate::{
    Error, Sheepdog,
    auth::ManagePrograms,
    projects::{document, program},
};

/// Largest body, in bytes: one document.
const BODY_LIMIT: usize = 1 << 20;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("", |methods| methods.get(list).put(put).post(put).patch(put));
}

async fn list(request: HttpRequest, sheepdog: web::Data<Sheepdog>) -> Result<HttpResponse, Error> {
    let caller = sheepdog.require_openid(&request).await?;
    let names = program::names(&sheepdog, &caller).await?;
    let prefix = answers::prefix(&request);
    let links: Vec<String> = names.iter().map(|name| format!("{prefix}/{name}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}

async fn put(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let permit = sheepdog.permit_admin::<ManagePrograms>(&request).await?;
    let document = read_one(&request, &sheepdog, payload, "program").await?;
    Ok(HttpResponse::Ok().json(program::put(sheepdog.into_inner(), permit, &document).await?))
}

/// `DELETE /{program}`, whose path is that of its projects.
pub(super) async fn delete(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let program = program::find(&sheepdog, &name).await?;
    let program = program.ok_or_else(|| Error::NotFound(format!("Program {name} not found")))?;
    let permit = sheepdog.permit_admin(&request).await?;
    program::delete(sheepdog.into_inner(), permit, program).await?;
    Ok(answers::no_content())
}

/// The one document of a program or project body.
pub(super) async fn read_one(
    request: &HttpRequest,
    sheepdog: &Sheepdog,
    payload: web::Payload,
    what: &str,
) -> Result<Map<String, Value>, Error> {
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = Format::of(content_type.unwrap_or_default());
    document::read_one(&bytes, format, &sheepdog.dictionary, what)
}
