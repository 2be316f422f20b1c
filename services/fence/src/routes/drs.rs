//! GA4GH DRS 1.x access (`/ga4gh/drs/v1/objects/{id}/access/{access_id}`), one file and many, for the bearer
//! of a token or those for whom passports vouch.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use serde_json::{Map, Value, json};
use web::{Params, Routes};

use super::{
    body::{Body, texts},
    failed_files::FailedFiles,
};
use crate::{
    error::Error,
    files::download::DownloadOptions,
    identity::{caller::Caller, passports::vouched_for},
    recording::Asked,
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.below("/ga4gh/drs/v1/objects", |routes| {
        routes.resource("/access", |methods| methods.post(bulk));
        routes.resource("/{id:.+}/access/{access_id:[^/]+}", |methods| methods.get(get).post(post));
        routes.resource("/{id:.+}/access", |methods| methods.get(no_access_id).post(no_access_id));
    });
}

async fn no_access_id() -> Result<HttpResponse, Error> {
    Err(Error::BadRequest("Access ID/Protocol is required to access data".into()))
}

async fn get(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    path: Path<(String, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let (id, access_id) = path.into_inner();
    let options = DownloadOptions::read(&fence.config, &params, Some(&access_id))?;
    let url = fence.presign_download(&caller, &id, &options, &Asked::of(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}

async fn post(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    path: Path<(String, String)>,
    body: Body,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    // `{}` is a body here, unlike elsewhere.
    let body_of = || if body.is_empty_object() { Ok(Map::new()) } else { body.json_object() };
    let Some(passports) = passports(&fence, &caller, &body_of()?)? else {
        return get(fence, caller, params, path, request).await;
    };
    let (id, access_id) = path.into_inner();
    let options = DownloadOptions::read(&fence.config, &params, Some(&access_id))?;
    let users = vouched_for(&fence, &passports).await?;
    let url = fence.presign_download_for(users, &id, &options, &Asked::of(&request)).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}

/// The passports of a request, if it has any.
///
/// # Errors
/// 400 beside a token, where passports do not count, and for what is no list of passports.
fn passports(
    fence: &Fence,
    caller: &Caller,
    body: &Map<String, Value>,
) -> Result<Option<Vec<String>>, Error> {
    let field = &fence.config.visas.ga4gh_drs_posted_passport_field;
    if !body.contains_key(field) {
        return Ok(None);
    }
    let refused = |message: &str| Err(Error::BadRequest(message.into()));
    if !caller.is_anonymous() {
        return refused("passports and an Authorization header exclude each other");
    }
    if !fence.config.visas.ga4gh_passports_to_drs_enabled.is_on() {
        return refused("DRS access by passports is not available");
    }
    let passports = texts(body, field)?;
    if passports.is_empty() { refused("there are no passports") } else { Ok(Some(passports)) }
}

/// One URL of a bulk request.
struct AskedUrl {
    id: String,
    access_id: String,
}

fn asked_urls(body: &Map<String, Value>, most: usize) -> Result<Vec<AskedUrl>, Error> {
    let wrong = || Error::BadRequest("`bulk_object_access_ids` must be a list of ids with access ids".into());
    let too_many = || Error::TooLarge(format!("at most {most} objects at once"));
    let objects = body.get("bulk_object_access_ids").and_then(Value::as_array).ok_or_else(wrong)?;
    if objects.len() > most {
        return Err(too_many());
    }
    let mut asked = Vec::new();
    for object in objects {
        let id = object.get("bulk_object_id").and_then(Value::as_str).ok_or_else(wrong)?;
        for access_id in object.get("bulk_access_ids").and_then(Value::as_array).ok_or_else(wrong)? {
            let access_id = access_id.as_str().ok_or_else(wrong)?.to_owned();
            asked.push(AskedUrl { id: id.to_owned(), access_id });
        }
    }
    if asked.len() > most { Err(too_many()) } else { Ok(asked) }
}

async fn bulk(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    body: Body,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let body = body.json_object()?;
    let passports = passports(&fence, &caller, &body)?;
    let asked = match asked_urls(&body, fence.config.max_bulk_drs_requests) {
        Err(Error::TooLarge(text)) => {
            let document = json!({ "error_code": 413, "error_description": text });
            return Ok(HttpResponse::PayloadTooLarge().json(document));
        }
        asked => asked?,
    };
    let mut with_options = Vec::with_capacity(asked.len());
    for AskedUrl { id, access_id } in &asked {
        with_options.push((id.clone(), DownloadOptions::read(&fence.config, &params, Some(access_id))?));
    }
    let request = Asked::of(&request);
    let outcomes = match passports {
        None => fence.presign_downloads(&caller, &with_options, &request).await?,
        Some(passports) => {
            let users = vouched_for(&fence, &passports).await?;
            fence.presign_downloads_for(users, &with_options, &request).await?
        }
    };
    Ok(bulk_answer(&asked, outcomes))
}

fn bulk_answer(asked: &[AskedUrl], outcomes: Vec<Result<String, std::sync::Arc<Error>>>) -> HttpResponse {
    let mut resolved: Vec<Value> = Vec::new();
    let mut failed = Vec::new();
    for (AskedUrl { id, access_id }, outcome) in asked.iter().zip(outcomes) {
        match outcome {
            Ok(url) => resolved.push(json!({
                "drs_object_id": id, "drs_access_id": access_id, "url": url, "headers": [],
            })),
            Err(error) => failed.push((id.as_str(), error)),
        }
    }
    let failed = FailedFiles::of(failed);
    // 200 when anything was resolved or nothing was asked; otherwise the status that most objects have.
    let status = failed.most_frequent_status().filter(|_| resolved.is_empty()).unwrap_or(StatusCode::OK);
    HttpResponse::build(status).json(json!({
        "summary": { "requested": asked.len(), "resolved": resolved.len(), "unresolved": failed.len() },
        "unresolved_drs_objects": failed.grouped(),
        "resolved_drs_object_access_urls": resolved,
    }))
}
