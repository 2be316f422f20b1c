//! `/data/multipart`: files that are put in parts, each by a signed URL of its own.

use actix_web::{HttpResponse, web::Data};
use serde_json::{Map, Value, json};
use storage::{Part, UploadedPart};
use web::Routes;

use super::body::{Body, life, required_text, text};
use crate::{
    actions::UploadRequest,
    error::Error,
    files::{
        access::{MayBeginUploads, MayWriteObject, may_begin_uploads, may_write_object},
        target::{FileName, UploadBucket},
    },
    identity::caller::Caller,
    service::Fence,
};

/// The largest number of parts of one upload (Amazon S3's limit).
const MOST_PARTS: usize = 10_000;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/multipart/init", |methods| methods.post(init));
    routes.resource("/data/multipart/upload", |methods| methods.post(part));
    routes.resource("/data/multipart/complete", |methods| methods.post(complete));
    routes.resource("/data/multipart/parts", |methods| methods.post(stored));
    routes.resource("/data/multipart/abort", |methods| methods.post(abort));
}

async fn init(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let body = object_with(&body, &["file_name"])?;
    let proof = may_begin_uploads(&fence, &bearer, Vec::new()).await?;
    let file_name = FileName::parse(required_text(&body, "file_name")?)?;
    let request = UploadRequest {
        file_name: &file_name,
        bucket: UploadBucket::choose(&fence.config, text(&body, "bucket")?)?,
        guid: text(&body, "guid")?,
    };
    let upload = fence.begin_upload(&caller, &proof, &request).await?;
    let upload_id = fence.begin_multipart(&upload.object, &upload.guid).await?;
    Ok(HttpResponse::Created().json(json!({ "guid": upload.guid, "uploadId": upload_id })))
}

async fn part(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let body = object_with(&body, &["key", "uploadId", "partNumber"])?;
    let proof = may_begin_uploads(&fence, &bearer, Vec::new()).await?;
    let object = named_object(&fence, &caller, &proof, &body).await?;
    let upload_id = required_text(&body, "uploadId")?;
    let number = integer(body.get("partNumber"));
    let number = number.ok_or_else(|| Error::BadRequest("`partNumber` must be an integer".into()))?;
    let url = fence.part_url(&object, upload_id, number, life(&fence.config, &body)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "presigned_url": url })))
}

async fn complete(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let body = object_with(&body, &["key", "uploadId", "parts"])?;
    let proof = may_begin_uploads(&fence, &bearer, Vec::new()).await?;
    let object = named_object(&fence, &caller, &proof, &body).await?;
    let upload_id = required_text(&body, "uploadId")?;
    let parts = parts(&body)?;
    // The store may complete it although we do not come to hear so.
    fence.expect_completion(&object).await?;
    fence.complete_multipart(&object, upload_id, &parts).await?;
    // It is complete, whether that can be noted or not; that it may be was noted before.
    if let Err(error) = fence.upload_is_complete(&object).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "an upload is complete, and will be indexed later than it could be");
    }
    Ok(HttpResponse::Ok().json(json!({ "message": "OK" })))
}

/// The parts that the store has, so that a program that was broken off sends the others only. Ours.
/// The list can be given to `complete` as it is.
async fn stored(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let (object, upload_id) = named_upload(&fence, &caller, &body).await?;
    let parts = fence.stored_parts(&object, &upload_id).await?;
    let part =
        |part: &UploadedPart| json!({ "PartNumber": part.number, "ETag": part.etag, "Size": part.size });
    let parts: Vec<Value> = parts.iter().map(part).collect();
    Ok(HttpResponse::Ok().json(json!({ "uploadId": upload_id, "parts": parts })))
}

/// Gives an upload up: its parts go, its record stays. Ours.
async fn abort(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let (object, upload_id) = named_upload(&fence, &caller, &body).await?;
    fence.abort_multipart(&object, &upload_id).await?;
    Ok(HttpResponse::Ok().json(json!({ "message": "OK" })))
}

/// The object and the upload that a body names.
async fn named_upload(
    fence: &Fence,
    caller: &Caller,
    body: &Body,
) -> Result<(MayWriteObject, String), Error> {
    let bearer = caller.bearer(fence, &["data"]).await?;
    let body = object_with(body, &["key", "uploadId"])?;
    let proof = may_begin_uploads(fence, &bearer, Vec::new()).await?;
    let object = named_object(fence, caller, &proof, &body).await?;
    Ok((object, required_text(&body, "uploadId")?.to_owned()))
}

/// The body, a JSON object with these members.
fn object_with(body: &Body, required: &[&str]) -> Result<Map<String, Value>, Error> {
    let body = body.json_object()?;
    let missing: Vec<&str> = required.iter().filter(|name| !body.contains_key(**name)).copied().collect();
    if missing.is_empty() {
        Ok(body)
    } else {
        Err(Error::BadRequest(format!("missing required arguments: {}", missing.join(", "))))
    }
}

/// The object that a body names.
async fn named_object(
    fence: &Fence,
    caller: &Caller,
    proof: &MayBeginUploads<'_>,
    body: &Map<String, Value>,
) -> Result<MayWriteObject, Error> {
    let key = required_text(body, "key")?;
    let bucket = UploadBucket::choose(&fence.config, text(body, "bucket")?)?;
    may_write_object(fence, caller, proof, &bucket, key).await
}

fn integer(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

fn parts(body: &Map<String, Value>) -> Result<Vec<Part>, Error> {
    let wrong = || Error::BadRequest("`parts` must be a list of {PartNumber, ETag}".into());
    let list = body.get("parts").and_then(Value::as_array).ok_or_else(wrong)?;
    if list.len() > MOST_PARTS {
        return Err(Error::BadRequest(format!("an upload has at most {MOST_PARTS} parts")));
    }
    let part = |value: &Value| {
        let number = integer(value.get("PartNumber")).ok_or_else(wrong)?;
        let etag = value.get("ETag").and_then(Value::as_str).ok_or_else(wrong)?.to_owned();
        Ok(Part { number, etag })
    };
    let mut parts = list.iter().map(part).collect::<Result<Vec<Part>, Error>>()?;
    // S3 wants them in order; clients send them in the order in which they were finished.
    parts.sort_by_key(|part| part.number);
    Ok(parts)
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
