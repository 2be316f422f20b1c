//! `/v1/manifests`: records of files from a manifest of the caller's own.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{Data, Payload},
};
use web::Params;

use crate::{
    asked::ManifestQuery,
    manifest::{INGEST, Manifest},
    problem::Problem,
    service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/manifests", |methods| methods.post(ingest));
}

/// The body is the manifest; 201 with the run that writes its records.
async fn ingest(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let start = operations.may_start(caller, INGEST).await?;
    let query = ManifestQuery::read(&params)?;
    let bytes = web::read_body(payload, operations.config.list_limit).await?;
    let manifest = Manifest { bytes, form: query.form };
    let run = operations.ingest(start, &manifest, query.dry_run, None).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/ops/v1/runs/{}", run.id))).json(run))
}
