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
    config::Config,
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

/// The protocol of uploads to Azure.
const AZURE: &str = "az";

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
    let bucket = bucket(&fence.config, text(&body, "protocol")?, text(&body, "bucket")?)?;
    let request = UploadRequest { file_name: &file_name, bucket, guid: text(&body, "guid")? };
    let upload = fence.begin_upload(&caller, &proof, &request).await?;
    fence.expect_upload(&upload.object, life).await?;
    let url = fence.upload_url(&upload.object, life).await?;
    Ok(HttpResponse::Created().json(json!({ "guid": upload.guid, "url": url })))
}

/// Any other protocol than [`AZURE`] means the bucket that is asked for, or the default.
fn bucket(config: &Config, protocol: Option<&str>, asked: Option<&str>) -> Result<UploadBucket, Error> {
    if protocol == Some(AZURE) { UploadBucket::at_azure(config) } else { UploadBucket::choose(config, asked) }
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
    let bucket = bucket(&fence.config, params.get("protocol"), params.get("bucket"))?;
    let object = proof.object(&bucket, &file_name).await?;
    fence.expect_upload(&object, life).await?;
    let url = fence.upload_url(&object, life).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}
