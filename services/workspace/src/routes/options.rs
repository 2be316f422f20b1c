//! `/options`: what can be launched.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use web::Params;

use super::answers::json;
use crate::{error::Error, service::Workspaces};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/options", |methods| methods.get(options));
    routes.resource("/mount-files", |methods| methods.get(mount_files));
}

async fn options(
    service: Data<Workspaces>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let holder = service.holder(request.headers()).await?;
    match params.get("id").filter(|id| !id.is_empty()) {
        Some(id) => Ok(json(&service.choice(&holder, id).await?)),
        None => Ok(json(&service.choices(&holder).await?)),
    }
}

/// Files that a workspace of Nextflow gets; there are none here.
async fn mount_files(
    service: Data<Workspaces>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    service.holder(request.headers()).await?;
    match params.get("file_path").filter(|path| !path.is_empty()) {
        Some(path) => Err(Error::BadRequest(format!("unknown id '{path}'"))),
        None => Ok(json(&[(); 0])),
    }
}
