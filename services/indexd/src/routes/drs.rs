//! `/ga4gh/drs/v1`: all of it but the access endpoints, which fence serves.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::RETRY_AFTER},
    web::{Data, Payload},
};
use serde_json::{Value, json};
use web::{Params, Routes};

use super::{
    body::{AnyJson, optional},
    documents::ids,
};
use crate::{
    Error, Ga4ghError, Indexd,
    config::DrsForm,
    drs::{self, DrsDocument},
    guid::Guid,
    query::{Depth, Filter, Form, ListQuery, Window},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/service-info", service_info);
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/objects", list);
    routes.endpoint(Method::POST, "/ga4gh/drs/v1/objects", bulk);
    routes.endpoint(Method::OPTIONS, "/ga4gh/drs/v1/objects", bulk_authorizations);
    routes.endpoint(Method::GET, "/ga4gh/drs/v1/objects/{guid:.+}", get);
    routes.endpoint(Method::POST, "/ga4gh/drs/v1/objects/{guid:.+}", post);
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
    let filter = Filter::default();
    let query = ListQuery { form, window, filter, empty_ids: false, empty_urls_metadata: false };
    let objects = indexd.drs_objects(&query).await?;
    Ok(HttpResponse::Ok().json(json!({ "drs_objects": objects })))
}

/// How long a client should wait for the bytes of a blank record before it asks again.
const RETRY_AFTER_SECONDS: u32 = 60;

fn described(object: Option<DrsDocument>) -> HttpResponse {
    match object {
        Some(object) => HttpResponse::Ok().json(object),
        None => HttpResponse::Accepted().insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS)).finish(),
    }
}

async fn get(indexd: Data<Indexd>, guid: Guid, params: Params) -> Result<HttpResponse, Ga4ghError> {
    let depth = match indexd.config.drs_form {
        DrsForm::Gen3 => Depth::parse(&params),
        DrsForm::Strict => Depth::parse_strict(&params, None),
    };
    Ok(described(indexd.drs_object(&guid, depth).await?))
}

/// As [`get`]. Passports are not needed, because everybody may read the index; only the strict form looks at
/// the body at all.
async fn post(
    indexd: Data<Indexd>,
    guid: Guid,
    params: Params,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Ga4ghError> {
    let depth = match indexd.config.drs_form {
        DrsForm::Gen3 => Depth::parse(&params),
        DrsForm::Strict => {
            let body = optional(&request, &mut payload.into_inner()).await?;
            Depth::parse_strict(&params, body.as_ref())
        }
    };
    Ok(described(indexd.drs_object(&guid, depth).await?))
}

async fn authorizations(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Ga4ghError> {
    Ok(match indexd.drs_authorizations(&guid).await? {
        Some(found) => HttpResponse::Ok().json(found),
        None => HttpResponse::NoContent().finish(),
    })
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
