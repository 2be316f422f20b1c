//! `/data/upload`: a signed URL to which one file is put.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use storage::Access;

use super::{
    body::{json_object, query, required_text, text, texts},
    resource,
};
use crate::{
    Fence,
    access::{FileAction, permit},
    caller::Caller,
    downloads::{self, url_life},
    error::FenceError,
    uploads,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/data/upload").route(web::post().to(begin)))
        .service(resource("/data/upload/{guid:.+}").route(web::get().to(again)));
}

/// The life that a body asks for, a number or a text.
pub(super) fn life(fence: &Fence, body: &Map<String, Value>) -> Result<std::time::Duration, FenceError> {
    let asked = match body.get("expires_in") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    url_life(asked.as_deref(), fence.config.max_presigned_url_ttl)
}

async fn begin(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let body = json_object(&request, &body)?;
    let file_name = required_text(&body, "file_name")?;
    uploads::check_file_name(file_name)?;
    let authz = texts(&body, "authz")?;
    let life = life(&fence, &body)?;
    uploads::may_upload(&fence, &bearer, &authz).await?;
    let bucket = uploads::bucket(&fence, text(&body, "bucket")?)?;
    let guid = uploads::guid(&fence, &caller, &bearer, text(&body, "guid")?, file_name, &authz).await?;
    let location = uploads::location(bucket, &guid, file_name)?;
    let url = fence.storage.presign(&location, Access::Put, life, &[])?;
    Ok(HttpResponse::Created().json(json!({ "guid": guid, "url": url.as_str() })))
}

/// A new URL for the file of a record that exists.
async fn again(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    guid: web::Path<String>,
) -> Result<HttpResponse, FenceError> {
    let life = url_life(query(&request, "expires_in").as_deref(), fence.config.max_presigned_url_ttl)?;
    let record = downloads::record(&fence, &guid).await?;
    permit(&fence, &caller, &record, FileAction::Upload).await?;
    let file_name = query(&request, "file_name").filter(|name| !name.is_empty());
    let file_name = file_name.unwrap_or_else(|| guid.replace('/', "_"));
    uploads::check_file_name(&file_name)?;
    let asked = query(&request, "bucket");
    let bucket = uploads::bucket(&fence, asked.as_deref())?;
    let location = uploads::location(bucket, &record.did, &file_name)?;
    let url = fence.storage.presign(&location, Access::Put, life, &[])?;
    Ok(HttpResponse::Ok().json(json!({ "url": url.as_str() })))
}
