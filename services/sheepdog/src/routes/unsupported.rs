//! Routes that the original announces and cannot serve: its S3 proxy and the TCGA BCR XML mappings. They answer
//! 501 to those who would be permitted.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{resource, submission::find_project};
use crate::{Error, Sheepdog};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    for path in ["/{program}/{project}/files/{id}", "/{program}/{project}/files/{id}/_dry_run"] {
        cfg.service(
            resource(path)
                .route(web::get().to(files))
                .route(web::put().to(files))
                .route(web::post().to(files))
                .route(web::delete().to(files)),
        );
    }
    cfg.service(resource("/admin/{program}/{project}/files/{id}/reassign").route(web::put().to(files)));
    for path in ["/{program}/{project}/xml/{kind}/bcr", "/{program}/{project}/xml/{kind}/bcr/_dry_run"] {
        cfg.service(resource(path).route(web::put().to(xml)));
    }
}

async fn files(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let methods = ["create", "update", "delete", "download", "read"];
    refuse(&request, &sheepdog, &path, &methods, "the file proxy").await
}

async fn xml(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    refuse(&request, &sheepdog, &path, &["create", "update"], "submission of BCR XML").await
}

async fn refuse(
    request: &HttpRequest,
    sheepdog: &Sheepdog,
    (program, project, _): &(String, String, String),
    methods: &[&str],
    what: &'static str,
) -> Result<HttpResponse, Error> {
    find_project(sheepdog, program, project).await?;
    sheepdog.permit(request, methods, program, project).await?;
    Err(Error::NotImplemented(what))
}
