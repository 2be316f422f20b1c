//! `DELETE` of entities.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    resource,
    submission::{answer_with, find_project, require_state},
};
use crate::{
    Error, Sheepdog,
    removal::{self, Removal, Request},
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let dry_run = resource("/{program}/{project}/entities/_dry_run/{ids}");
    cfg.service(dry_run.route(web::delete().to(delete_dry_run)));
    let marks = resource("/admin/{program}/{project}/entities/{ids}/to_delete/{mark}");
    cfg.service(marks.route(web::delete().to(mark)));
}

/// `DELETE .../entities/{ids}`, whose path also has a `GET`.
pub(super) async fn delete(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let query = web::Query::<std::collections::HashMap<String, String>>::from_query(request.query_string());
    let fields = query.ok().and_then(|query| query.get("fields").map(|fields| split(fields)));
    let removal = fields.map_or(Removal::Nodes, Removal::Fields);
    remove(request, sheepdog, path.into_inner(), removal, false).await
}

async fn delete_dry_run(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    remove(request, sheepdog, path.into_inner(), Removal::Nodes, true).await
}

async fn mark(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, project, ids, mark) = path.into_inner();
    let mark = match mark.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(Error::BadRequest("to_delete must be true or false".to_owned())),
    };
    remove(request, sheepdog, (program, project, ids), Removal::Mark(mark), false).await
}

async fn remove(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    (program, code, ids): (String, String, String),
    removal: Removal,
    is_dry_run: bool,
) -> Result<HttpResponse, Error> {
    let project = find_project(&sheepdog, &program, &code).await?;
    let permitted = sheepdog.permit(&request, &["delete"], &program, &code).await?;
    require_state(&project, request.path(), "open")?;
    let request = Request { project, permitted, ids: split(&ids), removal, is_dry_run, commits: None };
    let (code, answer) = removal::run(&sheepdog.into_inner(), request).await?;
    Ok(answer_with(code, answer))
}

fn split(list: &str) -> Vec<String> {
    list.split(',').map(str::to_owned).collect()
}
