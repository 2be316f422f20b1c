//! Manifests, cohorts and exported metadata. Whose they are is known before anything else is looked at.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload},
};
use serde_json::{Value, json};

use crate::{
    error::Error,
    folder::{File, Kind},
    input,
    service::Manifests,
};

/// New files come by `POST` or `PUT`.
pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/", |methods| methods.get(manifests).post(keep_manifest).put(keep_manifest));
    routes.resource("/file/{name}", |methods| methods.get(manifest));
    routes.resource("/cohorts", |methods| methods.get(cohorts).post(keep_cohort).put(keep_cohort));
    routes.resource("/metadata", |methods| methods.get(all_metadata).post(keep_metadata).put(keep_metadata));
    routes.resource("/metadata/{name}", |methods| methods.get(metadata));
}

async fn manifests(service: Data<Manifests>, request: HttpRequest) -> Result<HttpResponse, Error> {
    list(&service, &request, Kind::Manifest, "manifests").await
}

async fn cohorts(service: Data<Manifests>, request: HttpRequest) -> Result<HttpResponse, Error> {
    list(&service, &request, Kind::Cohort, "cohorts").await
}

async fn all_metadata(service: Data<Manifests>, request: HttpRequest) -> Result<HttpResponse, Error> {
    list(&service, &request, Kind::Metadata, "external_file_metadata").await
}

async fn list(
    service: &Manifests,
    request: &HttpRequest,
    kind: Kind,
    name: &str,
) -> Result<HttpResponse, Error> {
    let owner = service.owner(request.headers()).await?;
    let files: Vec<Value> = service.list(&owner, kind).await?.iter().map(document).collect();
    Ok(HttpResponse::Ok().json(json!({ name: files })))
}

fn document(file: &File) -> Value {
    let seconds = std::time::Duration::from_micros(file.modified.timestamp_micros().unsigned_abs());
    json!({
        "filename": file.name,
        "last_modified": file.modified.format("%Y-%m-%d %H:%M:%S").to_string(),
        "last_modified_timestamp": seconds.as_secs_f64(),
    })
}

async fn manifest(
    service: Data<Manifests>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    text(&service, &request, Kind::Manifest, &name).await
}

async fn metadata(
    service: Data<Manifests>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    text(&service, &request, Kind::Metadata, &name).await
}

/// The original says that it is HTML. Browsers must not read it as such, for it is what a user has sent.
async fn text(
    service: &Manifests,
    request: &HttpRequest,
    kind: Kind,
    name: &str,
) -> Result<HttpResponse, Error> {
    let owner = service.owner(request.headers()).await?;
    let text = service.text(&owner, kind, name).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(text))
}

async fn keep_manifest(
    service: Data<Manifests>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let owner = service.owner(request.headers()).await?;
    let body = web::read_body(payload, service.config.body_limit).await?;
    let name = service.keep(&owner, Kind::Manifest, input::manifest(&body)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "filename": name })))
}

async fn keep_metadata(
    service: Data<Manifests>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let owner = service.owner(request.headers()).await?;
    let body = web::read_body(payload, service.config.body_limit).await?;
    let name = service.keep(&owner, Kind::Metadata, input::metadata(&body)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "filename": name })))
}

async fn keep_cohort(
    service: Data<Manifests>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let owner = service.owner(request.headers()).await?;
    let body = web::read_body(payload, service.config.body_limit).await?;
    let guid = input::cohort(&body)?;
    service.keep_cohort(&owner, &guid).await?;
    Ok(HttpResponse::Ok().json(json!({ "filename": guid })))
}
