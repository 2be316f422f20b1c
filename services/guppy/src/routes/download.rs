//! `POST /download`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{Data, Payload},
};

use super::request::{caller, holding, media_type};
use crate::{
    actions::Order,
    config::BODY_LIMIT,
    error::{Error, JSON},
    service::Guppy,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::POST, "/download", download);
}

/// All documents of a filter.
async fn download(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let is_json = media_type(&request).as_deref() == Some("application/json");
    let order: Order = if is_json && !body.is_empty() {
        serde_json::from_slice(&body).map_err(|_| Error::BrokenJson)?
    } else {
        Order::default()
    };
    let subject = caller(&request);
    let turn = guppy.download_turn(&request, &subject).await?;
    let pieces = guppy.download(&subject, &order).await?;
    Ok(HttpResponse::Ok().content_type(JSON).streaming(holding(turn, pieces)))
}
