//! Records taken out of a project, all of a node type or some by id, as a stream.

use ::web::{Params, Routes};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};

use super::{answers, body};
use crate::{
    Error, Sheepdog, auth::ReadPermit, export::request::ExportRequest, model::project::ProjectPath, utf8,
};

/// Largest body, in bytes: a list of ids.
const BODY_LIMIT: usize = 8 << 20;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/{program}/{project}/export", |methods| methods.get(get).post(post));
}

async fn get(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    params: Params,
) -> Result<HttpResponse, Error> {
    let permit = sheepdog.permit_reading(&request, path.into_inner()).await?;
    let mut asked = Map::new();
    for (name, value) in params.iter() {
        asked.entry(name).or_insert_with(|| Value::from(value));
    }
    answer(sheepdog, &request, permit, &asked).await
}

async fn post(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let permit = sheepdog.permit_reading(&request, path.into_inner()).await?;
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    match documents::value(utf8::text(&bytes)?)? {
        Value::Object(asked) => answer(sheepdog, &request, permit, &asked).await,
        _ => Err(Error::BadRequest("expected a JSON object".to_owned())),
    }
}

async fn answer(
    sheepdog: web::Data<Sheepdog>,
    request: &HttpRequest,
    permit: ReadPermit,
    asked: &Map<String, Value>,
) -> Result<HttpResponse, Error> {
    let asked = ExportRequest::of(asked)?;
    let caller = sheepdog.caller(request).await;
    let file = asked.begin(sheepdog.into_inner(), permit, &caller).await?;
    Ok(answers::attachment(file.content_type, &file.name).streaming(file.chunks))
}
