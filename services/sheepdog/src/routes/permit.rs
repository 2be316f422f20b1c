//! Permits in the project of a path, which must exist before anything else is asked.

use actix_web::HttpRequest;
use authz::Permission;

use crate::{
    Error, Sheepdog,
    auth::{FilesPermit, ProjectPermit},
    model::project::ProjectPath,
    projects::project,
};

/// Permits `P` in the project.
pub(super) async fn permit<P: Permission>(
    sheepdog: &Sheepdog,
    request: &HttpRequest,
    path: &ProjectPath,
) -> Result<ProjectPermit<P>, Error> {
    sheepdog.permit(request, project::find(sheepdog, path).await?).await
}

/// Permits handling the files of the project.
pub(super) async fn permit_files(
    sheepdog: &Sheepdog,
    request: &HttpRequest,
    path: &ProjectPath,
) -> Result<FilesPermit, Error> {
    sheepdog.permit_files(request, project::find(sheepdog, path).await?).await
}
