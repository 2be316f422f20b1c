//! `/privacy-policy`: where it is, or the text itself.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use web::{Failure, Routes};

use super::{document::document, redirect::redirect};
use crate::{error::Error, pages, service::Fence};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/privacy-policy", |methods| methods.get(policy));
}

async fn policy(fence: Data<Fence>, request: HttpRequest) -> Result<HttpResponse, Error> {
    if let Some(url) = fence.config.privacy_policy_url.as_deref().filter(|url| !url.is_empty()) {
        return Ok(redirect(url));
    }
    let file = fence.config.privacy_policy_file.as_deref().filter(|file| !file.is_empty());
    let file = file.ok_or_else(|| Error::NotFound("this commons has no privacy policy".into()))?;
    let read = tokio::fs::read_to_string(file).await;
    let text = read.map_err(|error| Failure::internal("reading the privacy policy", error))?;
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/markdown")) {
        return Ok(HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(text));
    }
    Ok(document(&fence, StatusCode::OK).body(pages::privacy_policy(&fence.config, &text)))
}
