//! Routes that the original announces and cannot serve: its S3 proxy and the TCGA BCR XML mappings. They answer
//! 501 to those who would be permitted, with the way to go instead.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{reassignment::permit_files, resource, submission::find_project};
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
    for path in ["/{program}/{project}/xml/{kind}/bcr", "/{program}/{project}/xml/{kind}/bcr/_dry_run"] {
        cfg.service(resource(path).route(web::put().to(xml)));
    }
}

async fn files(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, code, _) = path.into_inner();
    find_project(&sheepdog, &program, &code).await?;
    permit_files(&request, &sheepdog, &program, &code).await?;
    Err(Error::NotImplemented(
        "The file proxy is not implemented: bytes go to and from the object store directly, with the signed URLs that \
         /user/data/upload and /user/data/download/<object_id> give",
    ))
}

async fn xml(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, code, _) = path.into_inner();
    find_project(&sheepdog, &program, &code).await?;
    sheepdog.permit(&request, &["create", "update"], &program, &code).await?;
    Err(Error::NotImplemented(
        "Submission of BCR XML is not implemented: convert the records to JSON or TSV (`template` gives the columns) \
         and submit them to the project",
    ))
}
