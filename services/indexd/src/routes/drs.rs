//! `/ga4gh/drs/v1`: all of it but the access endpoints, which fence serves.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::{Value, json};
use web::{Params, Routes};

use super::{body::AnyJson, documents::ids};
use crate::{
    Error, Ga4ghError, Indexd, drs,
    guid::Guid,
    query::{Depth, Filter, Form, ListQuery, Window},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/service-info", service_info);
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/objects", list);
    routes.endpoint(Method::POST, "/ga4gh/drs/v1/objects", bulk);
    routes.endpoint(Method::OPTIONS, "/ga4gh/drs/v1/objects", bulk_authorizations);
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/objects/{guid:.+}", get);
    routes.endpoint(Method::POST, "/ga4gh/drs/v1/objects/{guid:.+}", get);
    routes.endpoint(Method::OPTIONS, "/ga4gh/drs/v1/objects/{guid:.+}", authorizations);
}

fn no_counters(error: &Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "the service-info has no counters");
}

async fn service_info(indexd: Data<Indexd>) -> HttpResponse {
    let totals = indexd.totals(None).await.inspect_err(no_counters).ok();
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
    Ok(HttpResponse::Ok().json(json!({ "drs_objects": objects })))
}

async fn get(indexd: Data<Indexd>, guid: Guid, params: Params) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(indexd.drs_object(&guid, Depth::parse(&params)).await?))
}

async fn authorizations(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Ga4ghError> {
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

fn bulk_ids(body: &Value) -> Result<Vec<Guid>, Error> {
    let list = body.get("bulk_object_ids");
    ids(list.ok_or_else(|| Error::bad("Request is malformed. Missing bulk object ids."))?)
}
