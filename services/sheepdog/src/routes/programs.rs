//! Lists of programs and projects.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::resource;
use crate::{Error, Sheepdog, store};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("").route(web::get().to(list_programs)));
    cfg.service(resource("/{program}").route(web::get().to(list_projects)));
}

async fn list_programs(request: HttpRequest, sheepdog: web::Data<Sheepdog>) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    let names = store::projects::program_names(&mut *sheepdog.pool.acquire().await?).await?;
    let links: Vec<String> = names.iter().map(|name| format!("/v0/submission/{name}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}

async fn list_projects(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    program: web::Path<String>,
) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    let mut connection = sheepdog.pool.acquire().await?;
    let found = store::projects::program(&mut connection, &program).await?;
    let found = found.ok_or_else(|| Error::NotFound(format!("program {program} not found")))?;
    let codes = store::projects::codes(&mut connection, &sheepdog.dictionary, &found.node_id).await?;
    let links: Vec<String> = codes.iter().map(|code| format!("/v0/submission/{program}/{code}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}
