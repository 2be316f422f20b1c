//! `/data/upload`: a signed URL to which one file is put.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::json;
use web::{Params, Routes};

use super::body::{Body, life, required_text, text, texts};
use crate::{
    actions::UploadRequest,
    error::Error,
    files::{
        self,
        access::{may_begin_uploads, may_upload},
        download::url_life,
        target::{FileName, UploadBucket},
    },
    identity::caller::Caller,
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/upload", |methods| methods.post(begin));
    routes.resource("/data/upload/{guid:.+}", |methods| methods.get(again));
}

async fn begin(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let body = body.json_object()?;
    let file_name = FileName::parse(required_text(&body, "file_name")?)?;
    let resources = texts(&body, "authz")?;
    let life = life(&fence.config, &body)?;
    let proof = may_begin_uploads(&fence, &bearer, resources).await?;
    let request = UploadRequest {
        file_name: &file_name,
        bucket: UploadBucket::choose(&fence.config, text(&body, "bucket")?)?,
        guid: text(&body, "guid")?,
    };
    let upload = fence.begin_upload(&caller, &proof, &request).await?;
    let url = fence.upload_url(&upload.object, life)?;
    Ok(HttpResponse::Created().json(json!({ "guid": upload.guid, "url": url })))
}

/// A new URL for the file of a record that exists.
async fn again(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    guid: Path<String>,
) -> Result<HttpResponse, Error> {
    let life = url_life(params.get("expires_in"), fence.config.max_presigned_url_ttl)?;
    let record = files::find(&*fence.index, &guid).await?;
    let proof = may_upload(&fence, &caller, &record).await?;
    let file_name = match params.get("file_name").filter(|name| !name.is_empty()) {
        Some(name) => FileName::parse(name)?,
        None => FileName::parse(&guid.replace('/', "_"))?,
    };
    let bucket = UploadBucket::choose(&fence.config, params.get("bucket"))?;
    let url = fence.upload_url(&proof.object(bucket, &file_name).await?, life)?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}
