//! `/data/download` and `/data/buckets`.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::{Map, Value, json};

use super::{
    body::{json_object, query, texts},
    resource,
};
use crate::{
    Fence,
    access::{FileAction, permit},
    bulk::{Files, failures},
    caller::Caller,
    downloads::{self, Reader, Wanted, url_life},
    error::FenceError,
};

/// Files of one bulk request.
const MOST_GUIDS: usize = 10_000;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/data/buckets").route(web::get().to(buckets)))
        .service(resource("/data/download/bulk").route(web::post().to(bulk_download)))
        .service(resource("/data/download/{guid:.+}").route(web::get().to(download)));
}

/// What the query asks for.
fn wanted(fence: &Fence, request: &HttpRequest, protocol: Option<String>) -> Result<Wanted, FenceError> {
    let life = url_life(query(request, "expires_in").as_deref(), fence.config.max_presigned_url_ttl)?;
    let unsigned = query(request, "no_force_sign").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(Wanted { protocol, life, sign: !unsigned })
}

async fn download(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    guid: web::Path<String>,
) -> Result<HttpResponse, FenceError> {
    let wanted = wanted(&fence, &request, query(&request, "protocol"))?;
    let url = one(&fence, &caller, &guid, &wanted).await?;
    match query(&request, "redirect") {
        Some(_) => Ok(HttpResponse::Found().insert_header((header::LOCATION, url)).finish()),
        None => Ok(HttpResponse::Ok().json(json!({ "url": url }))),
    }
}

/// The URL of one file, for whoever may read it.
pub(super) async fn one(
    fence: &Fence,
    caller: &Caller,
    guid: &str,
    wanted: &Wanted,
) -> Result<String, FenceError> {
    let record = downloads::record(fence, guid).await?;
    let permitted = permit(fence, caller, &record, FileAction::Download).await?;
    downloads::url(fence, permitted, wanted, &Reader::of(fence, caller).await)
}

async fn bulk_download(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let wanted = wanted(&fence, &request, query(&request, "protocol"))?;
    let guids = texts(&json_object(&request, &body)?, "guids")?;
    match guids.len() {
        0 => return Err(FenceError::BadRequest("`guids` must be a list with at least one GUID".into())),
        1..=MOST_GUIDS => {}
        _ => return Err(FenceError::TooLarge(format!("at most {MOST_GUIDS} GUIDs at once"))),
    }
    let asked: Vec<(String, Wanted)> = guids.iter().map(|guid| (guid.clone(), wanted.clone())).collect();
    let outcomes = Files::find(&fence, &guids).await?.urls(&fence, &caller, &asked).await?;
    let mut urls: Vec<Value> = Vec::new();
    let mut failed = Vec::new();
    for (guid, outcome) in guids.iter().zip(outcomes) {
        match outcome {
            Ok(url) => urls.push(json!({ "drs_object_id": guid, "url": url })),
            Err(status) => failed.push((guid.as_str(), status)),
        }
    }
    Ok(HttpResponse::Ok().json(json!({ "urls": urls, "failed_guids": failures(failed) })))
}

/// What is configured of the buckets, apart from what concerns their keys.
async fn buckets(fence: web::Data<Fence>) -> Result<HttpResponse, FenceError> {
    let public = |info: Value| match info {
        Value::Object(mut info) => {
            info.remove("cred");
            info.remove("role-arn");
            Value::Object(info)
        }
        other => other,
    };
    let s3: Map<String, Value> =
        fence.config.s3_buckets.iter().map(|(name, info)| (name.clone(), public(json!(info)))).collect();
    let gs: Map<String, Value> =
        fence.config.gs_buckets.iter().map(|(name, info)| (name.clone(), public(info.clone()))).collect();
    Ok(HttpResponse::Ok().json(json!({ "S3_BUCKETS": s3, "GS_BUCKETS": gs })))
}
