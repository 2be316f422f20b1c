//! `/data/multipart`: files that are put in parts, each by a signed URL of its own.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use storage::{Access, Location, Part, StorageError};

use super::{
    body::{json_object, required_text, text},
    data_upload::life,
    resource,
};
use crate::{
    Fence,
    caller::{Bearer, Caller},
    error::FenceError,
    uploads,
};

/// A store that fails for a moment is asked again after these waits.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];
/// Parts of one upload (Amazon S3's limit).
const MOST_PARTS: usize = 10_000;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/data/multipart/init").route(web::post().to(init)))
        .service(resource("/data/multipart/upload").route(web::post().to(part)))
        .service(resource("/data/multipart/complete").route(web::post().to(complete)));
}

/// The body, for whoever may upload files at all.
async fn uploader_and_body(
    fence: &Fence,
    caller: &Caller,
    request: &HttpRequest,
    body: &web::Bytes,
    required: &[&str],
) -> Result<(Bearer, Map<String, Value>), FenceError> {
    let bearer = caller.bearer(fence, &["data"]).await?;
    let body = json_object(request, body)?;
    let missing: Vec<&str> = required.iter().filter(|name| !body.contains_key(**name)).copied().collect();
    if !missing.is_empty() {
        let message = format!("missing required arguments: {}", missing.join(", "));
        return Err(FenceError::BadRequest(message));
    }
    uploads::may_upload(fence, &bearer, &[]).await?;
    Ok((bearer, body))
}

/// The object and the upload that a body names.
async fn target<'a>(
    fence: &Fence,
    caller: &Caller,
    body: &'a Map<String, Value>,
) -> Result<(Location, &'a str), FenceError> {
    let key = required_text(body, "key")?;
    let bucket = uploads::bucket(fence, text(body, "bucket")?)?;
    let location = Location::new(bucket, key)?;
    uploads::may_write_key(fence, caller, key).await?;
    Ok((location, required_text(body, "uploadId")?))
}

async fn init(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let (bearer, body) = uploader_and_body(&fence, &caller, &request, &body, &["file_name"]).await?;
    let file_name = required_text(&body, "file_name")?;
    uploads::check_file_name(file_name)?;
    let bucket = uploads::bucket(&fence, text(&body, "bucket")?)?;
    let guid = uploads::guid(&fence, &caller, &bearer, text(&body, "guid")?, file_name, &[]).await?;
    let upload = fence.storage.create_multipart(&uploads::location(bucket, &guid, file_name)?).await?;
    Ok(HttpResponse::Created().json(json!({ "guid": guid, "uploadId": upload })))
}

async fn part(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let required = ["key", "uploadId", "partNumber"];
    let (_, body) = uploader_and_body(&fence, &caller, &request, &body, &required).await?;
    let (location, upload_id) = target(&fence, &caller, &body).await?;
    let number = integer(body.get("partNumber"));
    let number = number.ok_or_else(|| FenceError::BadRequest("`partNumber` must be an integer".into()))?;
    let access = Access::Part { upload_id, number };
    let url = fence.storage.presign(&location, access, life(&fence, &body)?, &[])?;
    Ok(HttpResponse::Ok().json(json!({ "presigned_url": url.as_str() })))
}

async fn complete(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let required = ["key", "uploadId", "parts"];
    let (_, body) = uploader_and_body(&fence, &caller, &request, &body, &required).await?;
    let (location, upload_id) = target(&fence, &caller, &body).await?;
    let parts = parts(&body)?;
    match complete_patiently(&fence, &location, upload_id, &parts).await {
        Ok(()) => Ok(HttpResponse::Ok().json(json!({ "message": "OK" }))),
        Err(error) => {
            tracing::warn!(error = %error, "a multipart upload cannot be completed");
            let message = format!("the upload cannot be completed: {error}");
            Ok(HttpResponse::InternalServerError().json(json!({ "message": message })))
        }
    }
}

fn integer(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

fn parts(body: &Map<String, Value>) -> Result<Vec<Part>, FenceError> {
    let wrong = || FenceError::BadRequest("`parts` must be a list of {PartNumber, ETag}".into());
    let list = body.get("parts").and_then(Value::as_array).ok_or_else(wrong)?;
    if list.len() > MOST_PARTS {
        return Err(FenceError::BadRequest(format!("an upload has at most {MOST_PARTS} parts")));
    }
    let part = |value: &Value| {
        let number = integer(value.get("PartNumber")).ok_or_else(wrong)?;
        let etag = value.get("ETag").and_then(Value::as_str).ok_or_else(wrong)?.to_owned();
        Ok(Part { number, etag })
    };
    let mut parts = list.iter().map(part).collect::<Result<Vec<Part>, FenceError>>()?;
    // S3 wants them in order; clients send them in the order in which they were finished.
    parts.sort_by_key(|part| part.number);
    Ok(parts)
}

/// Only failures that may pass are tried again; the original holds a worker for a minute for all of them.
async fn complete_patiently(
    fence: &Fence,
    location: &Location,
    upload_id: &str,
    parts: &[Part],
) -> Result<(), StorageError> {
    for wait in WAITS {
        match fence.storage.complete_multipart(location, upload_id, parts).await {
            Err(error) if error.is_temporary() => tokio::time::sleep(wait).await,
            outcome => return outcome,
        }
    }
    fence.storage.complete_multipart(location, upload_id, parts).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_any_order_with_numbers_as_text_too() {
        let body = json!({ "parts": [
            { "PartNumber": 2, "ETag": "\"b\"" }, { "PartNumber": "1", "ETag": "a", "more": 1 },
        ]});
        let read = parts(body.as_object().unwrap()).unwrap();
        let part = |number, etag: &str| Part { number, etag: etag.into() };
        assert_eq!(read, [part(1, "a"), part(2, "\"b\"")]);
        assert!(parts(json!({ "parts": [{ "PartNumber": 1 }] }).as_object().unwrap()).is_err());
        assert!(parts(json!({ "parts": {} }).as_object().unwrap()).is_err());
    }
}
