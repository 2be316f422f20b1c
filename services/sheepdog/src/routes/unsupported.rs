//! Routes that the original announces and cannot serve: its S3 proxy and the TCGA BCR XML mappings. They
//! answer 501 to those who would be permitted, with the way to go instead.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};

use super::permit::{permit, permit_files};
use crate::{Error, Sheepdog, auth::Update, model::project::ProjectPath};

pub(super) fn routes(routes: &mut Routes<'_>) {
    for suffix in ["", "/_dry_run"] {
        routes.resource(&format!("/{{program}}/{{project}}/files/{{id}}{suffix}"), |methods| {
            methods.get(files).put(files).post(files).delete(files)
        });
    }
    for suffix in ["", "/_dry_run"] {
        routes.resource(&format!("/{{program}}/{{project}}/xml/{{kind}}/bcr{suffix}"), |methods| {
            methods.put(xml)
        });
    }
}

async fn files(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
) -> Result<HttpResponse, Error> {
    permit_files(&sheepdog, &request, &path).await?;
    Err(Error::NotImplemented(
        "The file proxy is not implemented: bytes go to and from the object store directly, with the signed \
         URLs that /user/data/upload and /user/data/download/<object_id> give",
    ))
}

async fn xml(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
) -> Result<HttpResponse, Error> {
    permit::<Update>(&sheepdog, &request, &path).await?;
    Err(Error::NotImplemented(
        "Submission of BCR XML is not implemented: convert the records to JSON or TSV (`template` gives the \
         columns) and submit them to the project",
    ))
}
