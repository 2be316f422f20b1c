//! `/ga4gh/drs/v1`: all of it but the access endpoints, which fence serves.

use actix_web::{
    HttpResponse,
    http::Method,
    web::{self, Data, ServiceConfig},
};
use serde_json::Value;

use super::{body::AnyJson, documents::ids, paths::Guid};
use crate::{
    Error, Ga4ghError, Indexd, drs,
    query::{Filter, Form, ListQuery, Params, Window},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    let options = || web::method(Method::OPTIONS);
    cfg.route("/ga4gh/drs/v1/service-info", web::get().to(service_info))
        .route("/ga4gh/drs/v1/objects", web::get().to(list))
        .route("/ga4gh/drs/v1/objects", web::post().to(bulk))
        .route("/ga4gh/drs/v1/objects", options().to(bulk_authorizations))
        .route("/ga4gh/drs/v1/objects/{guid:.+}", web::get().to(get))
        .route("/ga4gh/drs/v1/objects/{guid:.+}", web::post().to(get))
        .route("/ga4gh/drs/v1/objects/{guid:.+}", options().to(authorizations));
}

async fn service_info(indexd: Data<Indexd>) -> HttpResponse {
    let totals = indexd.totals(None).await.inspect_err(|error| tracing::warn!(%error, "no counters")).ok();
    HttpResponse::Ok().json(drs::service_info(&indexd.config, totals))
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Ga4ghError> {
    let form = match params.get("form") {
        Some("object") => Form::Records,
        Some("bundle") => Form::Bundles,
        _ => Form::Both,
    };
    let window = Window::parse(&params)?;
    let query = ListQuery { form, window, filter: Filter::default(), empty_urls_metadata: false };
    let objects = indexd.drs_objects(&query).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "drs_objects": objects })))
}

async fn get(indexd: Data<Indexd>, Guid(guid): Guid, params: Params) -> Result<HttpResponse, Ga4ghError> {
    let expand = params.get("expand") == Some("true");
    Ok(HttpResponse::Ok().json(indexd.drs_object(&guid, expand).await?))
}

async fn authorizations(indexd: Data<Indexd>, Guid(guid): Guid) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(indexd.drs_authorizations(&guid).await?))
}

async fn bulk(indexd: Data<Indexd>, AnyJson(body): AnyJson) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(indexd.drs_bulk(&bulk_ids(&body)?).await?))
}

async fn bulk_authorizations(
    indexd: Data<Indexd>,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(indexd.drs_bulk_authorizations(&bulk_ids(&body)?).await?))
}

fn bulk_ids(body: &Value) -> Result<Vec<String>, Error> {
    let list = body.get("bulk_object_ids");
    ids(list.ok_or_else(|| Error::bad("Request is malformed. Missing bulk object ids."))?)
}
