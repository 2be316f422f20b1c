//! `/data/download` and `/data/buckets`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};
use web::{Params, Routes};

use super::{
    body::{Body, texts},
    failed_files::FailedFiles,
    redirect::redirect,
};
use crate::{
    error::Error,
    files::{bucket_list::bucket_list, download::DownloadOptions},
    identity::caller::Caller,
    recording::Asked,
    service::Fence,
};

/// The largest number of files of one bulk request.
const MOST_GUIDS: usize = 10_000;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/buckets", |methods| methods.get(buckets));
    routes.resource("/data/download/bulk", |methods| methods.post(bulk_download));
    routes.resource("/data/download/{guid:.+}", |methods| methods.get(download));
}

async fn download(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    guid: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let options = DownloadOptions::read(&fence.config, &params, params.get("protocol"))?;
    let url = fence.presign_download(&caller, &guid, &options, &Asked::of(&request)).await?;
    Ok(if params.has("redirect") { redirect(&url) } else { HttpResponse::Ok().json(json!({ "url": url })) })
}

async fn bulk_download(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    body: Body,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let options = DownloadOptions::read(&fence.config, &params, params.get("protocol"))?;
    let guids = texts(&body.json_object()?, "guids")?;
    match guids.len() {
        0 => return Err(Error::BadRequest("`guids` must be a list with at least one GUID".into())),
        1..=MOST_GUIDS => {}
        _ => return Err(Error::TooLarge(format!("at most {MOST_GUIDS} GUIDs at once"))),
    }
    let asked: Vec<(String, DownloadOptions)> =
        guids.iter().map(|guid| (guid.clone(), options.clone())).collect();
    let outcomes = fence.presign_downloads(&caller, &asked, &Asked::of(&request)).await?;
    let mut urls: Vec<Value> = Vec::new();
    let mut failed = Vec::new();
    for (guid, outcome) in guids.iter().zip(outcomes) {
        match outcome {
            Ok(url) => urls.push(json!({ "drs_object_id": guid, "url": url })),
            Err(error) => failed.push((guid.as_str(), error)),
        }
    }
    let failed = FailedFiles::of(failed);
    Ok(HttpResponse::Ok().json(json!({ "urls": urls, "failed_guids": failed.grouped() })))
}

async fn buckets(fence: Data<Fence>) -> HttpResponse {
    HttpResponse::Ok().json(bucket_list(&fence.config))
}
